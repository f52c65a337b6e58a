/* SPDX-License-Identifier: MIT
 * Overlays: what is done before a call gets to the kernel, so that it changes the upper layer
 * alone. The shim and the tracer call it. It must never act on a name that the call does not mean:
 * dots at the end are left to the kernel, which refuses them.
 */
#include "shared/overlay_doing.h"

#include "shared/callnumbers.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

#define R_OK       4 /* <unistd.h> */
#define W_OK       2
#define X_OK       1

#define XATTR_NAME 256 /* XATTR_NAME_MAX and the NUL */

/* ---- names ---- */

static struct snr_text layer_root(const struct snr_doing *doing, int n, bool lower)
{
	const struct snr_rule *rule = snr_rule(doing->redirector->image, doing->path[n].rule);

	return lower ? rule->text : rule->target;
}

static const char *text_of(const struct snr_doing *doing, int n)
{
	return doing->plan->text[doing->path[n].text];
}

long snr_doing_name(const struct snr_doing *doing, int n, bool lower, size_t len, char *out)
{
	const struct snr_doing_path *path = &doing->path[n];
	const struct snr_image *image = doing->redirector->image;
	struct snr_text root = layer_root(doing, n, lower);
	struct snr_builder builder = {.out = out, .size = SNR_SPOT_SIZE};

	snr_add_text(&builder, doing->actor->root);
	if (root.len > 1 || len == path->root)
		snr_add(&builder, snr_string(image, root), root.len);
	snr_add(&builder, text_of(doing, n) + path->root, len - path->root);
	return snr_finish(&builder);
}

size_t snr_doing_parent(const struct snr_doing *doing, int n)
{
	const struct snr_doing_path *path = &doing->path[n];
	const char *text = text_of(doing, n);
	size_t len = path->len;

	while (len > path->root && text[len - 1] != '/')
		len--;
	return len > path->root ? len - 1 : path->root;
}

/* The virtual path of the first LEN bytes of path N, in scratch->where. */
static long virtual_name(const struct snr_doing *doing, int n, size_t len, size_t *rest)
{
	const struct snr_doing_path *path = &doing->path[n];
	const struct snr_image *image = doing->redirector->image;
	struct snr_text own = snr_rule(image, path->rule)->path;
	struct snr_builder builder = {.out = doing->scratch->where, .size = SNR_PATH_MAX};

	if (own.len > 1)
		snr_add(&builder, snr_string(image, own), own.len);
	*rest = builder.len;
	snr_add(&builder, text_of(doing, n) + path->root, len - path->root);
	return snr_finish(&builder);
}

/* The layer of the directory of path N. */
static enum snr_layer parent_layer(const struct snr_doing *doing, int n)
{
	const struct snr_redirector *redirector = doing->redirector;
	size_t rest;
	long len = virtual_name(doing, n, snr_doing_parent(doing, n), &rest);

	if (len < 0)
		return SNR_LAYER_ABSENT;
	return snr_layer_of(redirector->image, &redirector->host, doing->scratch,
			    doing->path[n].rule, doing->scratch->where, (size_t)len, rest);
}

/* Take path N of the plan apart. False: its last name is a dot or dot-dot, or there is none, and no
 * call makes, changes or removes an entry by such a name. */
static bool take_path(struct snr_doing *doing, int n)
{
	const struct snr_overlay_plan *overlay = &doing->plan->overlay;
	struct snr_doing_path *path = &doing->path[n];
	struct snr_component last;
	struct snr_text root;
	const char *text;

	path->rule = overlay->rule[n];
	if (path->rule == SNR_NO_RULE)
		return true;
	path->layer = (enum snr_layer)overlay->layer[n];
	path->text = overlay->text[n];
	text = text_of(doing, n);
	path->end = doing->plan->path_len[path->text];
	root = layer_root(doing, n, path->layer == SNR_LAYER_LOWER);
	path->root = root.len > 1 ? root.len : 0;
	last = snr_last_component(text, path->end);
	path->len = last.end;
	return path->len > path->root && !snr_is_dot(text + last.start, last.end - last.start) &&
	       !snr_is_dotdot(text + last.start, last.end - last.start);
}

long snr_turn_up(struct snr_doing *doing, int n)
{
	struct snr_doing_path *path = &doing->path[n];
	const struct snr_image *image = doing->redirector->image;
	struct snr_text root = layer_root(doing, n, false);
	struct snr_builder builder = {.out = doing->scratch->base, .size = SNR_PATH_MAX};
	char *text = doing->plan->text[path->text];
	long len;

	if (root.len > 1)
		snr_add(&builder, snr_string(image, root), root.len);
	snr_add(&builder, text + path->root, path->end - path->root);
	len = snr_finish(&builder);
	if (len < 0)
		return len;
	snr_copy(text, builder.out, (size_t)len + 1);
	doing->plan->path_len[path->text] = (uint16_t)len;
	path->len += (root.len > 1 ? root.len : 0) - path->root;
	path->root = root.len > 1 ? root.len : 0;
	path->end = (size_t)len;
	path->layer = SNR_LAYER_UPPER;
	return 0;
}

/* ---- what is there, and who may ---- */

long snr_doing_stat(const struct snr_doing *doing, int n, struct snr_statx *stx)
{
	const struct snr_doing_path *path = &doing->path[n];
	long len;

	if (path->layer == SNR_LAYER_ABSENT)
		return -ENOENT;
	len = snr_doing_name(doing, n, path->layer == SNR_LAYER_LOWER, path->len,
			     doing->scratch->pending);
	return len < 0 ? len : snr_disk_stat(doing->scratch->pending, stx);
}

bool snr_doing_is_below(const struct snr_doing *doing, int n, struct snr_statx *stx)
{
	enum snr_layer layer = parent_layer(doing, n);

	return (layer == SNR_LAYER_LOWER || layer == SNR_LAYER_MERGED) &&
	       snr_doing_name(doing, n, true, doing->path[n].len, doing->scratch->pending) >= 0 &&
	       snr_disk_stat(doing->scratch->pending, stx) == 0;
}

/* access(2) of what is on the lower layer. That its file system is read-only does not matter, but
 * then the kernel does not say who may; the mode does, but for groups and lists of users. */
static long may_lower(const struct snr_doing *doing, const char *path, int mode)
{
	const struct snr_host *host = &doing->redirector->host;
	struct snr_statx stx;
	uint32_t bits;
	long error = host->access(host->context, path, mode);

	if (error != -EROFS)
		return error == -EACCES ? error : 0;
	error = snr_disk_stat(path, &stx);
	if (error || !doing->actor->uid)
		return error;
	bits = stx.uid == doing->actor->uid ? stx.mode >> 6 : stx.mode >> 3 | stx.mode;
	return ((uint32_t)mode & ~bits & 7) ? -EACCES : 0;
}

long snr_doing_may_write(const struct snr_doing *doing, int n)
{
	const struct snr_host *host = &doing->redirector->host;
	char *name = doing->scratch->pending;
	enum snr_layer layer = parent_layer(doing, n);
	bool lower = layer == SNR_LAYER_LOWER;
	long error = snr_doing_name(doing, n, false, doing->path[n].root, name);

	/* mnt_want_write comes first. */
	if (error >= 0)
		error = host->access(host->context, name, W_OK);
	if (error == -EROFS)
		return error;
	if (layer == SNR_LAYER_ABSENT)
		return -ENOENT;
	error = snr_doing_name(doing, n, lower, snr_doing_parent(doing, n), name);
	if (error < 0)
		return error;
	if (lower)
		return may_lower(doing, name, W_OK | X_OK);
	error = host->access(host->context, name, W_OK | X_OK);
	return error == -EACCES || error == -EROFS ? error : 0;
}

/* ---- the deeds ---- */

static uint64_t open_flags(const struct snr_doing *doing)
{
	const struct snr_pathop *op = &snr_pathops[doing->call->op];
	int arg = snr_pathop_find(op, SNR_ROLE_OFLAGS);

	if (arg >= 0)
		return doing->call->arg[arg];
	if (snr_pathop_find(op, SNR_ROLE_HOW) >= 0)
		return doing->plan->how[0];
	return O_CREAT | O_WRONLY | O_TRUNC; /* creat(2) */
}

/* ovl_open_need_copy_up in fs/overlayfs/copy_up.c: special files are used where they are. */
static long act_open(struct snr_doing *doing)
{
	uint64_t flags = open_flags(doing);
	bool temporary = (flags & O_TMPFILE) == O_TMPFILE;
	bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
	struct snr_statx stx;
	uint32_t type;
	long error;

	if (doing->path[0].layer != SNR_LAYER_LOWER && doing->path[0].layer != SNR_LAYER_ABSENT)
		return 0;
	error = snr_doing_stat(doing, 0, &stx);
	if (error == -ENOENT) {
		if (flags & O_CREAT)
			return snr_make_file(doing, flags);
		return doing->path[0].layer == SNR_LAYER_ABSENT ? error : 0;
	}
	type = snr_mode_type(stx.mode);
	if (error || ((flags & O_CREAT) && (flags & O_EXCL)) ||
	    (type == SNR_TYPE_FILE && (snr_doing_has_slash(doing, 0) || (flags & O_DIRECTORY))) ||
	    type != (temporary ? SNR_TYPE_DIRECTORY : SNR_TYPE_FILE) || !(temporary || writes))
		return 0; /* the kernel's own answer is right */
	error = may_lower(doing, doing->scratch->pending,
			  (flags & O_ACCMODE) == O_WRONLY ? W_OK : R_OK | W_OK);
	if (!error)
		error = snr_copy_up(doing, 0, (flags & O_TRUNC) != 0);
	return error ? error : snr_turn_up(doing, 0);
}

/* Of another kind than the call is about, which the kernel says. */
static bool is_no_match(const struct snr_doing *doing, const struct snr_statx *stx)
{
	uint32_t type = snr_mode_type(stx->mode);

	if (snr_pathops[doing->call->op].effects & SNR_REGULAR)
		return type != SNR_TYPE_FILE || snr_doing_has_slash(doing, 0);
	return type != SNR_TYPE_DIRECTORY && snr_doing_has_slash(doing, 0);
}

/* What belongs to somebody else the kernel refuses to change, where it is. */
static bool may_change(const struct snr_doing *doing, const struct snr_statx *stx)
{
	bool owned = !doing->actor->uid || stx->uid == doing->actor->uid;

	if (snr_pathops[doing->call->op].effects & SNR_PERMITS)
		return owned;
	return owned || !may_lower(doing, doing->scratch->pending, W_OK);
}

/* Of extended attributes the kernel sets those of users on files and directories alone, and an
 * overlayfs does not copy up what has none to remove (xattr_permission in fs/xattr.c, ovl_xattr_set
 * in fs/overlayfs/xattrs.c). What it refuses above it refuses below. */
static bool has_no_xattr(const struct snr_doing *doing, const struct snr_statx *stx)
{
	const struct snr_host *host = &doing->redirector->host;
	const struct snr_pathop *op = &snr_pathops[doing->call->op];
	int arg = snr_pathop_find(op, SNR_ROLE_XATTR);
	uint32_t type = snr_mode_type(stx->mode);
	char name[XATTR_NAME];
	long len;

	if (arg < 0)
		return false;
	len = host->read_string(host->context, doing->call->arg[arg], name, sizeof(name));
	if (len <= 0)
		return true;
	if (type != SNR_TYPE_FILE && type != SNR_TYPE_DIRECTORY &&
	    snr_begins(name, (size_t)len, "user."))
		return true;
	return (arg + 1 == SNR_NARGS || op->role[arg + 1] == SNR_ROLE_NONE) &&
	       snr_rawcall4(__NR_lgetxattr, doing->scratch->pending, name, NULL, 0) == -ENODATA;
}

static long change_below(struct snr_doing *doing)
{
	struct snr_statx stx;
	long error;

	if (doing->path[0].layer != SNR_LAYER_LOWER || snr_doing_stat(doing, 0, &stx) ||
	    is_no_match(doing, &stx) || !may_change(doing, &stx) || has_no_xattr(doing, &stx))
		return 0;
	error = snr_copy_up(doing, 0, false);
	return error ? error : snr_turn_up(doing, 0);
}

static long act_change(struct snr_doing *doing)
{
	bool held = doing->plan->overlay.held;
	long error = held ? snr_check_descriptor(doing) : 0;

	if (!error)
		error = change_below(doing);
	return error || !held ? error : snr_act_by_name(doing);
}

static long act(struct snr_doing *doing)
{
	switch ((enum snr_overlay_deed)doing->plan->overlay.deed) {
	case SNR_DEED_OPEN:
		return act_open(doing);
	case SNR_DEED_CHANGE:
		return act_change(doing);
	case SNR_DEED_MAKE:
		return snr_act_make(doing, 0);
	case SNR_DEED_LINK:
		return snr_act_link(doing);
	case SNR_DEED_REMOVE:
		return snr_act_remove(doing);
	case SNR_DEED_RENAME:
		return snr_act_rename(doing);
	default:
		return 0;
	}
}

void snr_overlay_act(const struct snr_redirector *redirector, struct snr_scratch *scratch,
		     const struct snr_actor *actor, const struct snr_call *call,
		     struct snr_plan *plan)
{
	struct snr_doing doing = {.redirector = redirector,
				  .scratch = scratch,
				  .actor = actor,
				  .call = call,
				  .plan = plan};
	bool named = true;
	long error;

	if (plan->verdict != SNR_CHANGED)
		return;
	for (int n = 0; n < SNR_MAX_PATHS; n++)
		named &= take_path(&doing, n);
	/* The root of an overlay is on both layers. */
	if (!named && plan->overlay.deed != SNR_DEED_LINK && !plan->overlay.held)
		return;
	error = plan->overlay.lent ? -ENAMETOOLONG : act(&doing);
	snr_layers_forget(scratch);
	snr_facts_forget(redirector->facts);
	if (error < 0) {
		plan->verdict = SNR_FINISHED;
		plan->result = (int32_t)error;
	}
}
