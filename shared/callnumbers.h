/* SPDX-License-Identifier: MIT
 * System call numbers, and the newest ones where the build machine's headers are older than the
 * table. Everybody may include it. No other file may write a number: these come from the kernel's
 * common table (scripts/syscall.tbl, the same on every architecture since 5.1), checked against
 * a 6.18 kernel.
 */
#ifndef SNR_CALLNUMBERS_H
#define SNR_CALLNUMBERS_H

#include <sys/syscall.h>

#ifndef __NR_openat2
#define __NR_openat2 437 /* Linux 5.6 */
#endif
#ifndef __NR_faccessat2
#define __NR_faccessat2 439 /* 5.8 */
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442 /* 5.12 */
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452 /* 6.6 */
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat    463 /* 6.13, as the next three */
#define __NR_getxattrat    464
#define __NR_listxattrat   465
#define __NR_removexattrat 466
#endif
#ifndef __NR_open_tree_attr
#define __NR_open_tree_attr 467 /* 6.15 */
#endif
#ifndef __NR_file_getattr
#define __NR_file_getattr 468 /* 6.17, as the next */
#define __NR_file_setattr 469
#endif

#endif
