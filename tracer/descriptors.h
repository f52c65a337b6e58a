/* SPDX-License-Identifier: MIT
 * Descriptors of the side processes. Used inside tracer/ only.
 */
#ifndef SNR_TRACER_DESCRIPTORS_H
#define SNR_TRACER_DESCRIPTORS_H

#include <stddef.h>

/* Close all descriptors of this process but the N that are KEPT, some of which may be -1. */
void descriptors_close_but(const int *kept, size_t n);

#endif
