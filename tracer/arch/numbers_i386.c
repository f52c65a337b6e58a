/* SPDX-License-Identifier: MIT
 * Numbers of the calls we know in the i386 table. Only x86_64.c uses it. (libseccomp gives socket
 * calls of i386 pseudo numbers, since socketcall carries them too.)
 * It must never hold a number itself, nor see the other table's header.
 */
#ifdef __x86_64__
#include <asm/unistd_32.h>

#include "tracer/arch/arch.h"
#include "tracer/arch/numbers.h"

const char *const arch_numbers_i386[FILTER_NCODES] = {
#include "shared/pathops.def"
	FILTER_EXTRAS(EXTRA)
#include "shared/faultops.def"
};
#endif
