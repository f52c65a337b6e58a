/* SPDX-License-Identifier: MIT
 * Calls on a descriptor that is open on the lower layer: made on the name of its file, which is on
 * the upper layer by then. Only overlay_act.c calls it. It must never follow a link.
 */
#include "shared/overlay_doing.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

#define XATTR_NAME  256   /* XATTR_NAME_MAX and the NUL */
#define XATTR_VALUE 65536 /* XATTR_SIZE_MAX */
#define ANY_ACCESS  0600u /* of what /proc says of a descriptor: lr-x------ */

/* The argument that the name stands for. */
static int held_argument(const struct snr_doing *doing)
{
	return doing->plan->path_arg[doing->path[0].text];
}

static bool is_descriptor(const struct snr_doing *doing)
{
	const struct snr_pathop *op = &snr_pathops[doing->call->op];

	return op->role[held_argument(doing)] == SNR_ROLE_FD;
}

/* The path that the name stands for is NULL. */
static bool is_nothing(const struct snr_doing *doing)
{
	return !is_descriptor(doing) && !doing->call->arg[held_argument(doing)];
}

long snr_check_descriptor(const struct snr_doing *doing)
{
	char *name = doing->scratch->spot[0];
	struct snr_builder builder = {.out = name, .size = SNR_SPOT_SIZE};
	int arg = held_argument(doing) - (is_descriptor(doing) ? 0 : 1);
	struct snr_statx stx;

	if (!is_descriptor(doing) && !is_nothing(doing))
		return 0;
	snr_add_text(&builder, doing->actor->process);
	snr_add_text(&builder, "/fd/");
	snr_add_number(&builder, (int)(uint32_t)doing->call->arg[arg]);
	snr_finish(&builder);
	return !snr_disk_stat(name, &stx) && !(stx.mode & ANY_ACCESS) ? -EBADF : 0;
}

static long set_xattr(const struct snr_doing *doing, const char *path, const char *name)
{
	const struct snr_host *host = &doing->redirector->host;
	const uint64_t *arg = doing->call->arg;
	uint64_t size = arg[3];
	char *value = NULL;
	long result;

	if (size > XATTR_VALUE)
		return -E2BIG;
	if (size) {
		value = snr_map_pages(XATTR_VALUE);
		if (!value)
			return -ENOMEM;
	}
	result = size ? host->read_bytes(host->context, arg[2], value, (size_t)size) : 0;
	if (!result)
		result = snr_rawcall5(__NR_lsetxattr, path, name, value, size,
				      (int)(uint32_t)arg[4]);
	if (value)
		snr_rawcall2(__NR_munmap, value, XATTR_VALUE);
	return result;
}

static long change_xattr(const struct snr_doing *doing, const char *path)
{
	const struct snr_host *host = &doing->redirector->host;
	char *name = doing->scratch->path;
	long len = host->read_string(host->context, doing->call->arg[1], name, XATTR_NAME);

	if (len <= 0)
		return len == -EFAULT ? len : -ERANGE;
	return doing->call->op == SNR_fsetxattr ? set_xattr(doing, path, name)
						: snr_rawcall2(__NR_lremovexattr, path, name);
}

/* The kernel's calls that take a name in the place of a descriptor. */
static long call_by_name(const struct snr_doing *doing, const char *path)
{
	const uint64_t *arg = doing->call->arg;

	switch (doing->call->op) {
	case SNR_fchmod:
		return snr_rawcall3(__NR_fchmodat, AT_FDCWD, path, (uint32_t)arg[1]);
	case SNR_fchown:
	case SNR_fchown32:
		return snr_rawcall5(__NR_fchownat, AT_FDCWD, path, (uint32_t)arg[1],
				    (uint32_t)arg[2], AT_SYMLINK_NOFOLLOW);
	case SNR_fchownat:
		return snr_rawcall5(__NR_fchownat, AT_FDCWD, path, (uint32_t)arg[2],
				    (uint32_t)arg[3], AT_SYMLINK_NOFOLLOW);
	case SNR_fsetxattr:
	case SNR_fremovexattr:
		return change_xattr(doing, path);
	default:
		return -EPERM;
	}
}

long snr_act_by_name(const struct snr_doing *doing)
{
	char *path = doing->scratch->spot[0];
	struct snr_statx stx;
	long error = snr_doing_name(doing, 0, doing->path[0].layer == SNR_LAYER_LOWER,
				    doing->path[0].len, path);

	if (error < 0)
		return error;
	/* Another call takes the name as it is, but it would follow a link. */
	if (!is_descriptor(doing) &&
	    (snr_disk_stat(path, &stx) || snr_mode_type(stx.mode) != SNR_TYPE_LINK))
		return 0;
	error = call_by_name(doing, path);
	if (error < 0)
		return error;
	doing->plan->verdict = SNR_FINISHED;
	doing->plan->result = (int32_t)error;
	return 0;
}
