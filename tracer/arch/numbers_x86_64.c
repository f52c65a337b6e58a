/* SPDX-License-Identifier: MIT
 * Numbers of the calls we know in the x86-64 table. Only x86_64.c uses it.
 * It must never hold a number itself.
 */
#ifdef __x86_64__
#include "shared/callnumbers.h"
#include "tracer/arch/arch.h"
#include "tracer/arch/numbers.h"

const char *const arch_numbers_x86_64[FILTER_NCODES] = {
#include "shared/pathops.def"
	FILTER_EXTRAS(EXTRA)
#include "shared/faultops.def"
};
#endif
