/* SPDX-License-Identifier: MIT
 * The file actions of posix_spawn, planned. For by_hand_spawn.c only.
 * It must never leave a descriptor of ours open in the child.
 */
#include "preload/actions.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>

/* How glibc keeps an action (posix/spawn_int.h): the size has not changed since the first one, the
 * kinds beyond ACTION_OPEN came with 2.29 and 2.35. */
struct action {
	int tag;
	union {
		int fd; /* CLOSE, FCHDIR; the lowest one of CLOSEFROM */
		const char *path;
		struct {
			int fd;
			int new_fd;
		} dup2;
		struct {
			int fd;
			const char *path;
			int flags;
			mode_t mode;
		} open;
	} of;
};

enum {
	ACTION_CLOSE,
	ACTION_DUP2,
	ACTION_OPEN,
	ACTION_CHDIR,
	ACTION_FCHDIR,
	ACTION_CLOSEFROM,
};

#define HOLDS_NONE (-1)

struct planning {
	struct shim_actions *actions;
	struct action *action; /* the copy that is changed */
	int count;
	int *held;  /* what each action opens, as an O_PATH descriptor; or HOLDS_NONE */
	char *text; /* SNR_PATH_MAX bytes an action */
	bool by_fd; /* an action goes where a descriptor is */
};

static void close_fd(int fd)
{
	if (fd >= 0)
		snr_rawcall1(__NR_close, fd);
}

void shim_actions_leave_base(struct shim_actions *actions)
{
	close_fd(actions->base);
	actions->base = AT_FDCWD;
}

void shim_actions_release(struct shim_actions *actions)
{
	shim_actions_leave_base(actions);
	if (actions->memory)
		shim_unmap(actions->memory, actions->size);
}

/* Action INDEX is the last: the child fails there. ERROR, or 0 if it does so by itself. */
static void end_at(struct planning *p, int index, int error)
{
	struct shim_actions *actions = p->actions;

	close_fd(actions->base);
	actions->base = -1;
	actions->error = error;
	if (!error)
		return;
	p->action[index] =
		(struct action){.tag = ACTION_OPEN, .of.open = {.fd = -1, .path = SHIM_NOWHERE}};
	actions->planned.__used = index + 1;
}

static void move_to(struct planning *p, int index, long base)
{
	if (base < 0) {
		end_at(p, index, 0);
		return;
	}
	close_fd(p->actions->base);
	p->actions->base = (int)base;
}

/* Settle *PATH of action INDEX, which is opened with FLAGS. False: it must fail. */
static bool settle(struct planning *p, int index, const char **path, int flags)
{
	struct shim_slot *slot = shim_plan(SNR_openat, p->actions->base, (long)*path, flags, 0, 0);
	long result;

	if (!slot)
		return true;
	*path = shim_take(slot, 1, *path, p->text + (size_t)index * SNR_PATH_MAX);
	if (!shim_leave(slot, &result))
		return true;
	end_at(p, index, errno);
	return false;
}

/* The child's descriptor FD at action INDEX as one of ours, or -1. */
static long find_fd(const struct planning *p, int index, int fd)
{
	while (index-- > 0) {
		const struct action *action = &p->action[index];

		if (action->tag == ACTION_OPEN && action->of.open.fd == fd)
			return snr_rawcall3(__NR_fcntl, p->held[index], F_DUPFD_CLOEXEC, 0);
		if (action->tag == ACTION_DUP2 && action->of.dup2.new_fd == fd)
			fd = action->of.dup2.fd;
		else if ((action->tag == ACTION_CLOSE && action->of.fd == fd) ||
			 (action->tag == ACTION_CLOSEFROM && action->of.fd <= fd))
			return -1;
	}
	return snr_rawcall3(__NR_fcntl, fd, F_DUPFD_CLOEXEC, 0);
}

static long open_place(const struct planning *p, const char *path)
{
	return snr_rawcall4(__NR_openat, p->actions->base, path, O_PATH | O_CLOEXEC, 0);
}

/* False: the child does not come further. */
static bool plan_action(struct planning *p, int index)
{
	struct action *action = &p->action[index];

	switch (action->tag) {
	case ACTION_OPEN:
		if (!settle(p, index, &action->of.open.path, action->of.open.flags))
			return false;
		if (p->by_fd)
			p->held[index] = (int)open_place(p, action->of.open.path);
		break;
	case ACTION_CHDIR:
		if (!settle(p, index, &action->of.path, O_PATH))
			return false;
		move_to(p, index, open_place(p, action->of.path));
		break;
	case ACTION_FCHDIR:
		move_to(p, index, find_fd(p, index, action->of.fd));
		break;
	default:
		break;
	}
	return p->actions->base != -1;
}

static bool have_memory(struct planning *p, const posix_spawn_file_actions_t *given)
{
	struct shim_actions *actions = p->actions;
	size_t count = (size_t)p->count;

	actions->size = count * (sizeof(*p->action) + sizeof(*p->held) + SNR_PATH_MAX);
	actions->memory = shim_map(actions->size);
	if (!actions->memory)
		return false;
	p->action = actions->memory;
	p->held = (int *)(p->action + count);
	p->text = (char *)(p->held + count);
	snr_copy((char *)p->action, (const char *)given->__actions, count * sizeof(*p->action));
	for (int i = 0; i < p->count; i++)
		p->held[i] = HOLDS_NONE;
	actions->planned = *given;
	actions->planned.__actions = (void *)p->action;
	actions->use = &actions->planned;
	return true;
}

/* Does any action name a file, or go where a descriptor is? */
static bool concerns_us(struct planning *p, const posix_spawn_file_actions_t *given)
{
	const struct action *action = (const void *)given->__actions;
	bool named = false;

	for (int i = 0; i < p->count; i++) {
		p->by_fd |= action[i].tag == ACTION_FCHDIR;
		named |= action[i].tag == ACTION_OPEN || action[i].tag == ACTION_CHDIR;
	}
	return named || p->by_fd;
}

bool shim_actions_plan(const posix_spawn_file_actions_t *given, struct shim_actions *actions)
{
	struct planning p = {.actions = actions, .count = given ? given->__used : 0};

	actions->use = given;
	actions->base = AT_FDCWD;
	actions->error = 0;
	actions->memory = NULL;
	if (p.count <= 0 || !concerns_us(&p, given))
		return true;
	if (!have_memory(&p, given))
		return false;
	for (int i = 0; i < p.count && plan_action(&p, i); i++)
		;
	for (int i = 0; i < p.count; i++)
		close_fd(p.held[i]);
	return true;
}
