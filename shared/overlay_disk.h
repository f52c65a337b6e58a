/* SPDX-License-Identifier: MIT
 * The files of an overlay's layers, looked at by direct system calls. For shared/overlay_*.c. It
 * must never be asked about anything but a layer's real path.
 */
#ifndef SNR_OVERLAY_DISK_H
#define SNR_OVERLAY_DISK_H

#include "shared/overlay.h"
#include "shared/statx.h"

/* lstat(2) of the real PATH. 0 or -errno. */
long snr_disk_stat(const char *path, struct snr_statx *stx);

/* Is what snr_disk_stat found at PATH a whiteout? */
bool snr_is_whiteout(const char *path, const struct snr_statx *stx);

#endif
