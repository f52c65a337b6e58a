/* SPDX-License-Identifier: MIT
 * What each system call does with paths: shared/pathops.def as data.
 * Everybody may call it. It must never list a call itself: pathops.def is the only list.
 */
#ifndef SNR_PATHOP_H
#define SNR_PATHOP_H

#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>

/* One value a SYS row, in table order: SNR_open, SNR_openat, ... */
enum snr_op {
#define SYS(name, roles, effects) SNR_##name,
#include "shared/pathops.def"
	SNR_NOPS
};

enum snr_role {
	SNR_ROLE_NONE, /* past the last argument */
	SNR_ROLE_VAL,
	SNR_ROLE_DIRFD,
	SNR_ROLE_DIRFD_AFTER,
	SNR_ROLE_PATH,
	SNR_ROLE_LPATH,
	SNR_ROLE_FPATH,
	SNR_ROLE_SRC,
	SNR_ROLE_TEXT,
	SNR_ROLE_OUT,
	SNR_ROLE_OUTLEN,
	SNR_ROLE_MODE,
	SNR_ROLE_OFLAGS, /* the flag roles: OFLAGS to FSCMD */
	SNR_ROLE_ATFLAGS,
	SNR_ROLE_LINKFLAGS,
	SNR_ROLE_HOW,
	SNR_ROLE_INMASK,
	SNR_ROLE_FANFLAGS,
	SNR_ROLE_UMOUNTFLAGS,
	SNR_ROLE_FSPICKFLAGS,
	SNR_ROLE_MOVEFLAGS,
	SNR_ROLE_FSCMD,
	SNR_ROLE_ARGV,
	SNR_ROLE_ENVP,
	SNR_ROLE_FD,
	SNR_ROLE_XATTR,
	SNR_ROLE_REQUEST,
	SNR_ROLE_SOCKADDR,
	SNR_ROLE_SOCKLEN,
	SNR_ROLE_MSG,
	SNR_ROLE_MMSG,
	SNR_ROLE_OUTADDR,
	SNR_ROLE_OUTADDRLEN,
	SNR_ROLE_OUTMSG,
	SNR_ROLE_OUTMMSG,
	SNR_ROLE_SOCKARGS,
};

enum snr_effect {
	SNR_CREATES = 1 << 0,
	SNR_EXCLUSIVE = 1 << 1,
	SNR_REMOVES = 1 << 2,
	SNR_RELINKS = 1 << 3,
	SNR_REVERSES = 1 << 4,
	SNR_EXECS = 1 << 5,
	SNR_MOVES_CWD = 1 << 6,
	SNR_MOVES_ROOT = 1 << 7,
	SNR_SPLIT64 = 1 << 8,
	SNR_SAME_FS = 1 << 9,
	SNR_DIRECTORY = 1 << 10,
	SNR_PERMITS = 1 << 11,
	SNR_LISTS = 1 << 12,
	SNR_CHANGES = 1 << 13,
	SNR_REGULAR = 1 << 14,
};

#define SNR_NARGS 6

struct snr_pathop {
	const char *name; /* the kernel's name of the call */
	uint8_t role[SNR_NARGS];
	uint16_t effects;
};

/* SNR_NOPS rows, indexed by enum snr_op. */
extern const struct snr_pathop snr_pathops[];

/* How one path argument of a call is looked up, as its flags say. */
struct snr_lookup {
	bool follow; /* a symbolic link as last component is followed */
	bool create; /* the last component may come into being */
	bool entry;  /* the name in its directory is meant (unlink, rename, mkdir): a slash behind
		      * it does not make a link be followed */
	bool may_be_empty; /* "" stands for the descriptor itself */
	bool beneath;      /* openat2's RESOLVE_BENEATH: a step out of its directory is EXDEV */
	bool in_root;      /* openat2's RESOLVE_IN_ROOT: its directory is the root */
	bool no_links;     /* openat2's RESOLVE_NO_SYMLINKS: any link is ELOOP */
	bool no_magic; /* openat2's RESOLVE_NO_MAGICLINKS: any link of /proc that jumps is ELOOP */
	bool no_xdev;  /* openat2's RESOLVE_NO_XDEV: a step onto another side of a rule is EXDEV */
	bool source;   /* it is one if it is absolute and the TEXT before it says "source" */
	bool writes;   /* what is there, or the directory of the name, is to be changed */
	bool links;    /* what is found gets another name: the first path of link(2) */
	bool ignored;  /* this argument is no path this time (fsconfig with another command) */
};

/* Is ROLE one of the four that name a path? */
bool snr_role_is_path(enum snr_role role);

/* Index of the DIRFD that governs path argument PATH_ARG of OP, or -1: relative to the cwd. */
int snr_pathop_dirfd(const struct snr_pathop *op, int path_arg);

/* May a shim make the call by itself, unseen by the tracer (shared/gate.h)? Not if the tracer keeps
 * account of what it does: programs, roots, listings, sockets. */
bool snr_pathop_passes_gate(const struct snr_pathop *op);

/* Index of the first argument of OP with ROLE, or -1. */
int snr_pathop_find(const struct snr_pathop *op, enum snr_role role);

/* Does the walk stay in the directory where it starts, whatever links and dots say? */
static inline bool snr_is_confined(struct snr_lookup lookup)
{
	return lookup.beneath || lookup.in_root;
}

/* Does the call do no more to names than make or change one? Its plan then depends on its path and
 * its flag word only, or, where it tests the mode that it is given (access(2)), on that, too. */
static inline bool snr_pathop_is_simple(const struct snr_pathop *op)
{
	return !(op->effects &
		 ~(SNR_CREATES | SNR_EXCLUSIVE | SNR_DIRECTORY | SNR_CHANGES | SNR_REGULAR));
}

static inline bool snr_pathop_tests(const struct snr_pathop *op)
{
	return !op->effects && snr_pathop_find(op, SNR_ROLE_MODE) >= 0;
}

/* Those requests of ioctl(2) for which every file system wants a mount that can be written to, for
 * any descriptor (fs/ioctl.c, and what chattr(1) asks ext4): of 64-bit programs and of others. */
#define SNR_CHANGING_REQUESTS                                                                      \
	FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_FSSETXATTR, FS_IOC_SETVERSION,                  \
		FS_IOC32_SETVERSION

bool snr_request_changes(uint32_t request);

/* Does open(2) with FLAGS, O_PATH aside, change or make anything, or allow to? */
bool snr_open_writes(uint64_t flags);

/* The resolve word of struct open_how for the path that a redirector found by walking as HOW said,
 * where the walk left the directory on the disk (onto another side of a rule). What confined it and
 * kept it on one mount is done, our text starts at the root, and a link that somebody puts there
 * afterwards must not be followed. DESCRIPTOR: the path goes through a link to a descriptor of
 * ours, so that no link at all cannot be asked for. */
uint64_t snr_walked_resolve(uint64_t resolve, bool descriptor);

/* Decide the lookup of path argument PATH_ARG of OP from the call's ARGS. For openat2 the caller
 * hands in the first two words of struct open_how (flags, resolve), since ARGS holds only its
 * address; others pass NULL. */
struct snr_lookup snr_pathop_lookup(const struct snr_pathop *op, int path_arg,
				    const uint64_t args[SNR_NARGS], const uint64_t how[3]);

#endif
