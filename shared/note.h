/* SPDX-License-Identifier: MIT
 * What the shim says of itself in its first page, as an ELF note: which rules images it
 * understands. The shim carries it, the launcher looks for it. It must never depend on the word
 * size.
 */
#ifndef SNR_NOTE_H
#define SNR_NOTE_H

#include "shared/rules.h"

struct snr_note {
	uint32_t name_size, data_size, type;
	char name[12]; /* filled up to a multiple of 4 */
	uint32_t version;
};

#define SNR_NOTE_PAGE 4096 /* bytes of the file that hold it */
#define SNR_NOTE                                                                                   \
	{                                                                                          \
		.name_size = sizeof("snapredir"), .data_size = sizeof(uint32_t), .type = 1,        \
		.name = "snapredir", .version = SNR_IMAGE_VERSION,                                 \
	}

#endif
