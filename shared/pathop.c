/* SPDX-License-Identifier: MIT
 * shared/pathops.def as an array, and how a call's flags decide a lookup. Callable from everywhere.
 * It must never know a call by its name: roles and effects say all.
 */
#include "shared/pathop.h"

#include <stddef.h>

/* The words of the table, for this file only. */
enum {
	VAL = SNR_ROLE_VAL,
	DIRFD = SNR_ROLE_DIRFD,
	DIRFD_AFTER = SNR_ROLE_DIRFD_AFTER,
	PATH = SNR_ROLE_PATH,
	LPATH = SNR_ROLE_LPATH,
	FPATH = SNR_ROLE_FPATH,
	SRC = SNR_ROLE_SRC,
	TEXT = SNR_ROLE_TEXT,
	OUT = SNR_ROLE_OUT,
	OUTLEN = SNR_ROLE_OUTLEN,
	MODE = SNR_ROLE_MODE,
	OFLAGS = SNR_ROLE_OFLAGS,
	ATFLAGS = SNR_ROLE_ATFLAGS,
	LINKFLAGS = SNR_ROLE_LINKFLAGS,
	HOW = SNR_ROLE_HOW,
	INMASK = SNR_ROLE_INMASK,
	FANFLAGS = SNR_ROLE_FANFLAGS,
	UMOUNTFLAGS = SNR_ROLE_UMOUNTFLAGS,
	FSPICKFLAGS = SNR_ROLE_FSPICKFLAGS,
	MOVEFLAGS = SNR_ROLE_MOVEFLAGS,
	FSCMD = SNR_ROLE_FSCMD,
	ARGV = SNR_ROLE_ARGV,
	ENVP = SNR_ROLE_ENVP,
	FD = SNR_ROLE_FD,
	XATTR = SNR_ROLE_XATTR,
	REQUEST = SNR_ROLE_REQUEST,
	SOCKADDR = SNR_ROLE_SOCKADDR,
	SOCKLEN = SNR_ROLE_SOCKLEN,
	MSG = SNR_ROLE_MSG,
	MMSG = SNR_ROLE_MMSG,
	OUTADDR = SNR_ROLE_OUTADDR,
	OUTADDRLEN = SNR_ROLE_OUTADDRLEN,
	OUTMSG = SNR_ROLE_OUTMSG,
	OUTMMSG = SNR_ROLE_OUTMMSG,
	SOCKARGS = SNR_ROLE_SOCKARGS,
	CREATES = SNR_CREATES,
	EXCLUSIVE = SNR_EXCLUSIVE,
	REMOVES = SNR_REMOVES,
	RELINKS = SNR_RELINKS,
	REVERSES = SNR_REVERSES,
	EXECS = SNR_EXECS,
	MOVES_CWD = SNR_MOVES_CWD,
	MOVES_ROOT = SNR_MOVES_ROOT,
	SPLIT64 = SNR_SPLIT64,
	SAME_FS = SNR_SAME_FS,
	DIRECTORY = SNR_DIRECTORY,
	PERMITS = SNR_PERMITS,
	LISTS = SNR_LISTS,
	CHANGES = SNR_CHANGES,
	REGULAR = SNR_REGULAR,
};

#define ROLES(...)                                                                                 \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

const struct snr_pathop snr_pathops[SNR_NOPS] = {
#define SYS(name, roles, effects) [SNR_##name] = {#name, ROLES roles, effects},
#include "shared/pathops.def"
};

/* Flag words of the kernel's headers, written out because the headers of the oldest build machine
 * lack some, and because <fcntl.h> and <linux/fcntl.h> cannot be had together. */
enum {
	FLAG_AT_NOFOLLOW = 0x100, /* AT_SYMLINK_NOFOLLOW */
	FLAG_AT_FOLLOW = 0x400,   /* AT_SYMLINK_FOLLOW */
	FLAG_AT_EMPTY = 0x1000,   /* AT_EMPTY_PATH */
	FLAG_IN_DONT_FOLLOW = 0x02000000,
	FLAG_FAN_DONT_FOLLOW = 0x4,
	FLAG_UMOUNT_NOFOLLOW = 0x8,
	FLAG_FSPICK_NOFOLLOW = 0x2, /* FSPICK_SYMLINK_NOFOLLOW */
	FLAG_FSPICK_EMPTY = 0x8,    /* FSPICK_EMPTY_PATH */
	FLAG_MOVE_F_FOLLOW = 0x1,   /* MOVE_MOUNT_F_SYMLINKS */
	FLAG_MOVE_F_EMPTY = 0x4,
	FLAG_MOVE_T_FOLLOW = 0x10,
	FLAG_MOVE_T_EMPTY = 0x40,
	FLAG_RESOLVE_NO_XDEV = 0x01,
	FLAG_RESOLVE_NO_MAGICLINKS = 0x02,
	FLAG_RESOLVE_NO_SYMLINKS = 0x04,
	FLAG_RESOLVE_BENEATH = 0x08,
	FLAG_RESOLVE_IN_ROOT = 0x10,
	FLAG_FSCONFIG_SET_STRING = 1,
	FLAG_FSCONFIG_SET_PATH = 3,
	FLAG_FSCONFIG_SET_PATH_EMPTY = 4,
};

/* The open flags differ between architectures; these are those of the machine we are built for. An
 * i386 call in a 64-bit program has the same ones on x86. */
#include <asm/fcntl.h>

struct flag_bits {
	uint32_t nofollow; /* set: the last link is not followed */
	uint32_t follow;   /* set: it is, although by default it is not */
	uint32_t empty;    /* set: "" is the descriptor itself */
};

static const struct flag_bits flag_bits[] = {
	[SNR_ROLE_OFLAGS] = {O_NOFOLLOW, 0, 0},
	[SNR_ROLE_ATFLAGS] = {FLAG_AT_NOFOLLOW, 0, FLAG_AT_EMPTY},
	[SNR_ROLE_LINKFLAGS] = {0, FLAG_AT_FOLLOW, FLAG_AT_EMPTY},
	[SNR_ROLE_HOW] = {O_NOFOLLOW, 0, 0},
	[SNR_ROLE_INMASK] = {FLAG_IN_DONT_FOLLOW, 0, 0},
	[SNR_ROLE_FANFLAGS] = {FLAG_FAN_DONT_FOLLOW, 0, 0},
	[SNR_ROLE_UMOUNTFLAGS] = {FLAG_UMOUNT_NOFOLLOW, 0, 0},
	[SNR_ROLE_FSPICKFLAGS] = {FLAG_FSPICK_NOFOLLOW, 0, FLAG_FSPICK_EMPTY},
	[SNR_ROLE_MOVEFLAGS] = {0, FLAG_MOVE_F_FOLLOW, FLAG_MOVE_F_EMPTY},
	[SNR_ROLE_FSCMD] = {0, 0, 0},
};

/* move_mount(2) has two paths and one flag word: the second path's bits. */
static const struct flag_bits move_to_bits = {0, FLAG_MOVE_T_FOLLOW, FLAG_MOVE_T_EMPTY};

bool snr_role_is_path(enum snr_role role)
{
	return role >= SNR_ROLE_PATH && role <= SNR_ROLE_SRC;
}

int snr_pathop_dirfd(const struct snr_pathop *op, int path_arg)
{
	if (path_arg > 0 && op->role[path_arg - 1] == SNR_ROLE_DIRFD)
		return path_arg - 1;
	if (path_arg + 1 < SNR_NARGS && op->role[path_arg + 1] == SNR_ROLE_DIRFD_AFTER)
		return path_arg + 1;
	return -1;
}

bool snr_pathop_passes_gate(const struct snr_pathop *op)
{
	for (int i = 0; i < SNR_NARGS; i++)
		if (op->role[i] >= SNR_ROLE_SOCKADDR)
			return false;
	return !(op->effects & (SNR_EXECS | SNR_MOVES_ROOT));
}

int snr_pathop_find(const struct snr_pathop *op, enum snr_role role)
{
	for (int i = 0; i < SNR_NARGS; i++)
		if (op->role[i] == role)
			return i;
	return -1;
}

static int find_flags(const struct snr_pathop *op)
{
	for (int i = 0; i < SNR_NARGS; i++)
		if (op->role[i] >= SNR_ROLE_OFLAGS && op->role[i] <= SNR_ROLE_FSCMD)
			return i;
	return -1;
}

static bool is_last_path(const struct snr_pathop *op, int path_arg)
{
	for (int i = path_arg + 1; i < SNR_NARGS; i++)
		if (snr_role_is_path(op->role[i]))
			return false;
	return true;
}

bool snr_request_changes(uint32_t request)
{
	static const uint32_t changing[] = {SNR_CHANGING_REQUESTS};

	for (size_t i = 0; i < sizeof(changing) / sizeof(*changing); i++)
		if (request == changing[i])
			return true;
	return false;
}

bool snr_open_writes(uint64_t flags)
{
	uint64_t access = flags & O_ACCMODE;

	return access == O_WRONLY || access == O_RDWR ||
	       (flags & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY)));
}

/* open(2): O_CREAT with O_EXCL never follows, O_TMPFILE names a directory in which nothing gets a
 * name. */
static void lookup_open_flags(struct snr_lookup *lookup, uint64_t flags)
{
	/* O_PATH puts all flags that are about more than the lookup out of force. */
	lookup->create = (flags & (O_CREAT | O_PATH)) == O_CREAT;
	if (lookup->create && (flags & O_EXCL))
		lookup->follow = false;
	lookup->writes = !(flags & O_PATH) && snr_open_writes(flags);
}

uint64_t snr_walked_resolve(uint64_t resolve, bool descriptor)
{
	const uint64_t confines = FLAG_RESOLVE_BENEATH | FLAG_RESOLVE_IN_ROOT;

	resolve &= ~(uint64_t)FLAG_RESOLVE_NO_XDEV;
	if (resolve & confines)
		resolve = (resolve & ~confines) | FLAG_RESOLVE_NO_SYMLINKS;
	if (descriptor)
		resolve &= ~(uint64_t)(FLAG_RESOLVE_NO_SYMLINKS | FLAG_RESOLVE_NO_MAGICLINKS);
	return resolve;
}

/* Would the call, whatever its open flags, be refused on a read-only mount? access(2) is the one
 * that has a mode and no effect. */
static bool writes(const struct snr_pathop *op, int path_arg, const uint64_t args[SNR_NARGS])
{
	int mode = snr_pathop_find(op, SNR_ROLE_MODE);

	if (!op->effects)
		return mode >= 0 && (args[mode] & 2 /* W_OK */);
	if (op->effects & (SNR_REMOVES | SNR_CHANGES | SNR_PERMITS))
		return true;
	return (op->effects & SNR_CREATES) && is_last_path(op, path_arg);
}

struct snr_lookup snr_pathop_lookup(const struct snr_pathop *op, int path_arg,
				    const uint64_t args[SNR_NARGS], const uint64_t how[3])
{
	enum snr_role role = op->role[path_arg];
	int flags_arg = find_flags(op);
	enum snr_role flags_role = flags_arg < 0 ? SNR_ROLE_NONE : op->role[flags_arg];
	uint64_t flags = flags_arg < 0 ? 0 : args[flags_arg];
	struct snr_lookup lookup = {0};
	const struct flag_bits *bits;

	lookup.create = (op->effects & SNR_CREATES) && is_last_path(op, path_arg);
	lookup.follow = role == SNR_ROLE_PATH || role == SNR_ROLE_SRC;
	lookup.entry = role == SNR_ROLE_LPATH &&
		       ((op->effects & SNR_REMOVES) ||
			((op->effects & SNR_EXCLUSIVE) && is_last_path(op, path_arg)));
	lookup.writes = writes(op, path_arg, args);
	lookup.links = (op->effects & SNR_SAME_FS) && !(op->effects & SNR_REMOVES) &&
		       !is_last_path(op, path_arg);
	if (flags_arg < 0)
		return lookup;
	if (flags_role == SNR_ROLE_HOW && how) {
		flags = how[0];
		lookup.beneath = (how[2] & FLAG_RESOLVE_BENEATH) != 0;
		lookup.in_root = (how[2] & FLAG_RESOLVE_IN_ROOT) != 0;
		lookup.no_magic = (how[2] & FLAG_RESOLVE_NO_MAGICLINKS) != 0;
		lookup.no_links = (how[2] & FLAG_RESOLVE_NO_SYMLINKS) != 0;
		lookup.no_xdev = (how[2] & FLAG_RESOLVE_NO_XDEV) != 0;
	}
	bits = &flag_bits[flags_role];
	if (flags_role == SNR_ROLE_MOVEFLAGS && path_arg > 1)
		bits = &move_to_bits;
	if (role == SNR_ROLE_FPATH)
		lookup.follow =
			bits->follow ? (flags & bits->follow) != 0 : (flags & bits->nofollow) == 0;
	lookup.may_be_empty = (flags & bits->empty) != 0;
	if (flags_role == SNR_ROLE_OFLAGS || flags_role == SNR_ROLE_HOW)
		lookup_open_flags(&lookup, flags);
	if (flags_role == SNR_ROLE_FSCMD) {
		lookup.source = (uint32_t)flags == FLAG_FSCONFIG_SET_STRING;
		lookup.ignored = !lookup.source && (uint32_t)flags != FLAG_FSCONFIG_SET_PATH &&
				 (uint32_t)flags != FLAG_FSCONFIG_SET_PATH_EMPTY;
	}
	return lookup;
}
