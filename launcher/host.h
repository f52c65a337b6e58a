/* SPDX-License-Identifier: MIT
 * The redirector's view of the world (shared/host.h) from the launcher: its own memory, the files
 * as they are. The launcher's files call it. It must never change anything.
 */
#ifndef LAUNCHER_HOST_H
#define LAUNCHER_HOST_H

#include "shared/exec.h"

/* A symbolic link that was met. */
typedef void (*host_met_link)(void *context, const char *path, const char *text, size_t len);

/* The context of the callbacks below. */
struct host_context {
	host_met_link met_link; /* or NULL */
	void *context;          /* of met_link */
};

/* A redirector over IMAGE that answers from this process. CONTEXT must live as long as it. */
struct snr_redirector host_redirector(const struct snr_image *image, struct host_context *context);

/* snr_read_file over plain files. */
long host_read_file(void *context, const char *path, uint64_t offset, void *out, size_t size);

#endif
