/* SPDX-License-Identifier: MIT
 * The body of a table of system call numbers: included once by each numbers_<abi>.c, behind the
 * kernel header of that ABI. A name the header lacks leaves its own text, which is no number.
 * Nobody else may include it. It must never hold a number itself.
 */
#include "tracer/filter.h"

#define TEXT(number)              #number
#define NUMBER(macro)             TEXT(macro)

#define SYS(name, roles, effects) [SNR_##name] = NUMBER(__NR_##name),
#define EXTRA(code, name)         [FILTER_##code] = NUMBER(__NR_##name),
#define ON(name, ...)             [FILTER_FIRST_ON + SNR_ON_##name] = NUMBER(__NR_##name),
