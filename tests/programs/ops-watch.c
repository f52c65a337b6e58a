/* SPDX-License-Identifier: MIT
 * Watches on names, the mount API and the calls of an administrator, as far as they say something
 * without doing harm: all mounts are in a namespace of the test's own. Run by
 * tests/integration/ops-watch.sh.
 */
#include "tests/programs/ops.h"
#include <linux/mount.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/swap.h>
#include <sys/syscall.h>

extern int mount(const char *, const char *, const char *, unsigned long, const void *);
extern int umount2(const char *, int);
extern int umount(const char *);

static const char *const names[] = {"file", "sub",     "link",  "back",    "dangling",
				    "loop", "missing", "inner", "inner/f", "file/",
				    "home", "sub/",    "disk",  NULL};

/* One descriptor for all: the kernel takes its time to close one that has watches. */
static void watch(const char *name, int fd)
{
	static const uint32_t masks[] = {IN_OPEN | IN_CREATE, IN_OPEN | IN_DONT_FOLLOW,
					 IN_OPEN | IN_ONLYDIR};
	const char *path = in(name);

	for (unsigned i = 0; i < 3; i++) {
		char events[512];
		ssize_t n;

		said("inotify_add_watch", name,
		     WAY(inotify_add_watch(fd, path, masks[i]), SYS_inotify_add_watch, fd, path,
			 masks[i]));
		close(open(path, O_RDONLY | O_NONBLOCK));
		close(open(in("sub/made"), O_CREAT | O_WRONLY, 0600));
		n = read(fd, events, sizeof(events));
		for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= n;) {
			const struct inotify_event *event = (const void *)(events + at);

			printf("\tevent %#x %s\n", event->mask, event->len ? event->name : "");
			at += (ssize_t)(sizeof(*event) + event->len);
		}
		unlink(in("sub/made"));
	}
}

static void mark(const char *name, int base_fd, int fd)
{
	const char *path = in(name);

	if (fd < 0)
		return;
	if (ops_way == OPS_LIBC || sizeof(long) == 8) {
		said("fanotify_mark", name,
		     WAY(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path),
			 SYS_fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path));
		said("fanotify_mark nofollow", name,
		     WAY(fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW, FAN_OPEN, base_fd,
				       name),
			 SYS_fanotify_mark, fd, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW, FAN_OPEN,
			 base_fd, name));
	} else { /* a mask of 64 bits takes two registers */
		said("fanotify_mark", name,
		     OPS_CALL(SYS_fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN, 0, AT_FDCWD, path));
		said("fanotify_mark nofollow", name,
		     OPS_CALL(SYS_fanotify_mark, fd, FAN_MARK_ADD | FAN_MARK_DONT_FOLLOW, FAN_OPEN,
			      0, base_fd, name));
	}
}

/* Kernel calls whose libc functions are newer than the oldest libc we build with: through
 * syscall(2). */
static void new_mounts(const char *name, int base_fd)
{
	const char *path = in(name);
	struct {
		uint64_t set, clear, propagation, userns;
	} attributes = {0};
	long tree = OPS_CALL(SYS_open_tree, AT_FDCWD, path, 0);

	opened("open_tree", name, tree);
	opened("open_tree nofollow", name,
	       OPS_CALL(SYS_open_tree, base_fd, name, AT_SYMLINK_NOFOLLOW));
	opened("open_tree_attr", name,
	       OPS_CALL(__NR_open_tree_attr, base_fd, name, 0, &attributes, sizeof(attributes)));
	if (strncmp(name, "inner", 5)) { /* a mount's root in the reference alone */
		said("fspick", name, OPS_CALL(SYS_fspick, AT_FDCWD, path, 0));
		said("fspick nofollow", name, OPS_CALL(SYS_fspick, AT_FDCWD, path, 2));
	}
	said("mount_setattr", name, OPS_CALL(SYS_mount_setattr, -1, path, 0, NULL, 0));
	said("move_mount from nothing", name,
	     OPS_CALL(SYS_move_mount, AT_FDCWD, in("missing"), AT_FDCWD, path, 0));
}

/* A parameter that is a path, the device of a journal, and the device itself. */
static void configure(const char *name, int base_fd)
{
	enum { SET_STRING = 1, SET_PATH = 3, SET_PATH_EMPTY = 4, CREATE = 6 };
	long fd = OPS_CALL(SYS_fsopen, "ext4", 0);

	said("fsopen", "ext4", fd);
	if (fd < 0)
		return;
	for (int command = SET_PATH; command <= SET_PATH_EMPTY; command++) {
		said("fsconfig journal", name,
		     OPS_CALL(SYS_fsconfig, fd, command, "journal_path", in(name), AT_FDCWD));
		said("fsconfig journal, relative", name,
		     OPS_CALL(SYS_fsconfig, fd, command, "journal_path", name, base_fd));
	}
	said("fsconfig source", name,
	     OPS_CALL(SYS_fsconfig, fd, SET_STRING, "source", in(name), 0));
	said("fsconfig create", name, OPS_CALL(SYS_fsconfig, fd, CREATE, NULL, NULL, 0));
	close((int)fd);
}

static void administer(const char *name)
{
	const char *path = in(name);

	said("mount, an unknown type", name,
	     WAY(mount("none", path, "nothing-like-this", 0, NULL), SYS_mount, "none", path,
		 "nothing-like-this", 0, NULL));
	said("mount --bind missing", name,
	     WAY(mount("/opt/acme/missing", path, NULL, 4096, NULL), SYS_mount, "/opt/acme/missing",
		 path, NULL, 4096, NULL));
	if (strncmp(name, "inner", 5)) /* a mount point in the reference alone */
		said("umount2", name, WAY(umount2(path, 8), SYS_umount2, path, 8));
	if (strncmp(name, "inner", 5)) {
#ifdef SYS_umount
		said("umount", name, WAY(umount(path), SYS_umount, path));
#else
		if (ops_way == OPS_LIBC)
			said("umount", name, umount(path));
#endif
	}
	said("quotactl", name, OPS_CALL(SYS_quotactl, 0x80000700, path, 0, 0));
	said("swapon", name, WAY(swapon(path, 0), SYS_swapon, path, 0));
	said("swapoff", name, WAY(swapoff(path), SYS_swapoff, path));
	if (strncmp(name, "sub", 3) && strncmp(name, "inner", 5) && strcmp(name, "home"))
		said("pivot_root", name, OPS_CALL(SYS_pivot_root, path, path));
#ifdef SYS_uselib
	said("uselib", name, OPS_CALL(SYS_uselib, path));
#endif
	if (geteuid()) { /* root would really do these */
		said("acct", name, WAY(acct(path), SYS_acct, path));
		said("chroot", name, WAY(chroot(path), SYS_chroot, path));
	}
}

int main(int argc, char **argv)
{
	int base_fd, inotify, fanotify;

	ops_start(argc, argv);
	inotify = inotify_init1(IN_NONBLOCK);
	fanotify = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	said("fanotify_init", "", fanotify);
	base_fd = open(ops_base, O_PATH | O_DIRECTORY);
	for (const char *const *name = names; *name; name++) {
		watch(*name, inotify);
		mark(*name, base_fd, fanotify);
		/* Links in a circle: these calls refuse their other arguments first, we the path.
		 */
		if (!strcmp(*name, "loop"))
			continue;
		new_mounts(*name, base_fd);
		configure(*name, base_fd);
		administer(*name);
	}
	return 0;
}
