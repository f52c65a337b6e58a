/* SPDX-License-Identifier: MIT
 * plan(): what to do about one call, by the roles of its arguments in the table. Shim, tracer and
 * --explain ask it. It must never change anything, and in doubt leave the call to the kernel.
 */
#include "shared/rewrite.h"

#include "shared/overlay.h"
#include "shared/overlay_act.h"
#include "shared/readonly.h"
#include "shared/refuse.h"
#include "shared/spot.h"
#include "shared/text.h"

#include <asm/fcntl.h>
#include <errno.h>
#include <linux/fcntl.h>

/* All bits of open_how's resolve up to Linux 6.18, RESOLVE_NO_XDEV to RESOLVE_CACHED. To others an
 * old kernel answers EINVAL, upon which programs go without: so do we, for what a new one means is
 * not known here. */
#define KNOWN_RESOLVE 0x3f
#define CONFINES      0x18 /* RESOLVE_BENEATH and RESOLVE_IN_ROOT, one of which there may be */

/* What openat2(2) refuses before it looks at the path (build_open_flags in fs/open.c, 6.18). */
static bool how_is_valid(const uint64_t how[3])
{
	const uint64_t with_path = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	bool makes = (how[0] & O_CREAT) || (how[0] & O_TMPFILE) == O_TMPFILE;

	return !(how[2] & ~(uint64_t)KNOWN_RESOLVE) && (how[2] & CONFINES) != CONFINES &&
	       (makes || !how[1]) && (!(how[0] & O_PATH) || !(how[0] & ~with_path));
}

static void plan_nothing(struct snr_plan *plan)
{
	plan->verdict = SNR_UNCHANGED;
	plan->result = 0;
	plan->npaths = 0;
	plan->rule = SNR_NO_RULE;
	plan->reverse = false;
	plan->memo = 0;
	plan->how_changed = false;
	plan->moves_cwd = false;
	plan->overlay.deed = SNR_DEED_NONE;
}

static void finish_with(struct snr_plan *plan, int result)
{
	plan->verdict = SNR_FINISHED;
	plan->result = result;
}

void snr_plan_failed(struct snr_plan *plan, int result, uint32_t rule)
{
	plan_nothing(plan);
	finish_with(plan, result);
	plan->rule = rule;
}

static struct snr_facts *facts_of(const struct snr_redirector *redirector)
{
	return redirector->image->flags & SNR_IMAGE_STRICT ? NULL : redirector->facts;
}

/* Put the answer for path argument ARG into PLAN. */
static void take(struct snr_plan *plan, const struct snr_resolved *resolved, int arg)
{
	if (resolved->rule != SNR_NO_RULE)
		plan->rule = resolved->rule;
	if (resolved->changed && !resolved->error) {
		plan->path_arg[plan->npaths] = (uint8_t)arg;
		plan->path_len[plan->npaths] = (uint16_t)resolved->len;
		plan->npaths++;
		plan->verdict = SNR_CHANGED;
	}
}

#define HOW_SIZE     (3 * sizeof(uint64_t)) /* struct open_how of all kernels up to 6.18 */
#define MAX_HOW_SIZE 4096u                  /* a page (openat2 in fs/open.c) */

/* Struct open_how. A size, or a word behind those we know, that the kernel would refuse is the
 * kernel's to refuse. */
static bool read_how(const struct snr_redirector *redirector, struct snr_scratch *scratch,
		     const struct snr_call *call, int arg, uint64_t how[3])
{
	const struct snr_host *host = &redirector->host;
	uint64_t at = call->arg[arg], size = call->arg[arg + 1];

	if (size < HOW_SIZE || size > MAX_HOW_SIZE ||
	    host->read_bytes(host->context, at, how, HOW_SIZE))
		return false;
	size -= HOW_SIZE;
	if (size && host->read_bytes(host->context, at + HOW_SIZE, scratch->path, size))
		return false;
	while (size)
		if (scratch->path[--size])
			return false;
	return true;
}

/* A path of ours for openat2(2): how the kernel is to walk it. */
static void change_how(const uint64_t how[3], bool lent, struct snr_plan *plan)
{
	uint64_t resolve = snr_walked_resolve(how[2], lent);

	plan->how_changed = resolve != how[2];
	plan->how[0] = how[0];
	plan->how[1] = how[1];
	plan->how[2] = resolve;
}

static int dirfd_of(const struct snr_pathop *op, const struct snr_call *call, int path_arg)
{
	int arg = snr_pathop_dirfd(op, path_arg);

	return arg < 0 ? AT_FDCWD : (int)(uint32_t)call->arg[arg];
}

/* What is given as "source" is a device, a directory or a mere word, as with mount(2). */
static bool is_source(const struct snr_redirector *redirector, const struct snr_call *call, int arg)
{
	const struct snr_host *host = &redirector->host;
	char key[sizeof("source")];

	return host->read_string(host->context, call->arg[arg - 1], key, sizeof(key)) ==
		       sizeof(key) - 1 &&
	       snr_equal(key, "source", sizeof(key));
}

/* The call means what its descriptor is open on: by its only argument that could, or by a path that
 * is empty (AT_EMPTY_PATH) or NULL (utimensat(2)) in the place of argument ARG. The argument that
 * is the descriptor, or -1. */
static int held_argument(const struct snr_redirector *redirector, const struct snr_call *call,
			 int arg)
{
	const struct snr_pathop *op = &snr_pathops[call->op];
	const struct snr_host *host = &redirector->host;
	char first;

	if (arg < 0 || op->role[arg] == SNR_ROLE_FD)
		return arg;
	if (!arg || op->role[arg - 1] != SNR_ROLE_DIRFD)
		return -1;
	if (!call->arg[arg])
		return (op->effects & SNR_CHANGES) && (int)(uint32_t)call->arg[arg - 1] != AT_FDCWD
			       ? arg - 1
			       : -1;
	return snr_pathop_lookup(op, arg, call->arg, NULL).may_be_empty &&
			       !host->read_bytes(host->context, call->arg[arg], &first, 1) && !first
		       ? arg - 1
		       : -1;
}

static struct snr_resolved plan_descriptor(struct snr_redirector *redirector,
					   struct snr_scratch *scratch, const struct snr_call *call,
					   struct snr_plan *plan, int fd, int arg)
{
	struct snr_lookup lookup = snr_pathop_lookup(&snr_pathops[call->op], arg, call->arg, NULL);
	struct snr_resolved resolved =
		snr_resolve_held(redirector->image, &redirector->host, scratch,
				 (int)(uint32_t)call->arg[fd], lookup, plan->text[plan->npaths]);

	take(plan, &resolved, arg);
	return resolved;
}

static struct snr_resolved plan_argument(struct snr_redirector *redirector,
					 struct snr_scratch *scratch, const struct snr_call *call,
					 struct snr_plan *plan, int arg, const uint64_t how[3])
{
	const struct snr_pathop *op = &snr_pathops[call->op];
	struct snr_resolved resolved = {.rule = SNR_NO_RULE,
					.parent_rule = SNR_NO_RULE,
					.overlay = SNR_NO_RULE,
					.frozen = SNR_NO_RULE,
					.plain = true};
	struct snr_lookup lookup = snr_pathop_lookup(op, arg, call->arg, how);
	const struct snr_host *host = &redirector->host;
	int fd = -1;
	long len;

	if (snr_has_overlays(redirector->image) && (lookup.writes || lookup.links))
		fd = held_argument(redirector, call, arg);
	if (fd >= 0)
		return plan_descriptor(redirector, scratch, call, plan, fd, arg);
	if (!call->arg[arg] || lookup.ignored)
		return resolved;
	len = host->read_string(host->context, call->arg[arg], scratch->path, SNR_PATH_MAX);
	if (len <= 0 ||
	    ((op->role[arg] == SNR_ROLE_SRC || lookup.source) && scratch->path[0] != '/') ||
	    (lookup.source && !is_source(redirector, call, arg)))
		return resolved;
	/* What confines a walk is often asked for to be safe from others: nothing is believed. */
	resolved = snr_resolve(redirector->image,
			       snr_is_confined(lookup) ? NULL : facts_of(redirector), host, scratch,
			       dirfd_of(op, call, arg), scratch->path, (size_t)len, lookup,
			       plan->text[plan->npaths]);
	if (lookup.source)
		resolved.memo = 0; /* it is of this key alone */
	take(plan, &resolved, arg);
	return resolved;
}

/* readlink(2): only what the kernel makes up is turned back. The directory of the name is looked up
 * only where the name could be one of those. plan->text[1] is free: these calls have one path. */
static bool gives_real_name(const struct snr_redirector *redirector, struct snr_scratch *scratch,
			    const struct snr_call *call, const struct snr_plan *plan)
{
	const struct snr_pathop *op = &snr_pathops[call->op];
	int arg = snr_pathop_find(op, SNR_ROLE_LPATH);
	size_t len = snr_length_within(scratch->path, SNR_PATH_MAX);
	struct snr_builder name = {.out = plan->text[1], .size = SNR_PATH_MAX};
	size_t dir = len;
	bool lost;
	long n;

	if (arg < 0)
		return true; /* getcwd */
	if (snr_is_magic_link(scratch->path, len))
		return true;
	while (dir && scratch->path[dir - 1] != '/')
		dir--;
	if (!snr_is_magic_name(scratch->path + dir, len - dir))
		return false;
	n = snr_canonical(redirector->image, &redirector->host, scratch, dirfd_of(op, call, arg),
			  dir ? scratch->path : ".", dir ? dir : 1, plan->text[1], &lost);
	if (n < 0)
		return false;
	name.len = (size_t)n;
	snr_add(&name, "/", 1);
	snr_add(&name, scratch->path + dir, len - dir);
	return snr_finish(&name) >= 0 && snr_is_magic_link(name.out, name.len);
}

/* Is the answer for a call with this PATH, where it is absolute, always the same as long as the
 * facts are? */
static bool is_told_by_path(const struct snr_image *image, const struct snr_pathop *op,
			    const char *path)
{
	if (op->effects & SNR_REVERSES)
		return !snr_ends_in_magic_name(path, snr_length_within(path, SNR_PATH_MAX));
	return snr_pathop_is_simple(op) &&
	       !(snr_pathop_tests(op) && snr_has_kind(image, SNR_KIND_BIT(SNR_READONLY)));
}

int snr_text_error(const struct snr_redirector *redirector, struct snr_scratch *scratch,
		   const struct snr_call *call)
{
	const struct snr_host *host = &redirector->host;
	const struct snr_pathop *op = &snr_pathops[call->op];
	int arg = snr_pathop_find(op, SNR_ROLE_TEXT);
	long len;

	if (arg < 0 || !(op->effects & SNR_CREATES))
		return 0;
	len = host->read_string(host->context, call->arg[arg], scratch->path, SNR_PATH_MAX);
	return len > 0 ? 0 : len ? (int)len : -ENOENT;
}

/* What of the call's other arguments a read-only mount looks at: open flags, the mode of access(2).
 */
static uint64_t writing_flags(const struct snr_call *call, const uint64_t how[3])
{
	const struct snr_pathop *op = &snr_pathops[call->op];
	int flags = snr_pathop_find(op, SNR_ROLE_OFLAGS);
	int mode = snr_pathop_find(op, SNR_ROLE_MODE);

	if (flags >= 0)
		return call->arg[flags];
	if (snr_pathop_find(op, SNR_ROLE_HOW) >= 0)
		return how[0];
	/* creat(2) has none */
	return op->effects ? O_CREAT | O_WRONLY | O_TRUNC : call->arg[mode];
}

/* The real path of where a walk came to, in scratch->pending, or 0. By this the kernel must be
 * asked where the program's text does not lead there from the root, or not whoever asks
 * (/proc/self). Elsewhere the text is better: from a descriptor it gets where names may not. */
static long walked_to(const struct snr_redirector *redirector, struct snr_scratch *scratch,
		      const struct snr_resolved *resolved, struct snr_lookup lookup)
{
	struct snr_builder builder = {.out = scratch->pending, .size = sizeof(scratch->pending)};
	enum snr_layer layer;
	long n;

	if (!resolved->walked || !resolved->where || !(resolved->jumped || snr_is_confined(lookup)))
		return 0;
	n = snr_place(redirector->image, &redirector->host, scratch, scratch->where,
		      resolved->where, scratch->pending, SNR_PATH_MAX, &layer);
	if (n <= 0)
		return 0;
	builder.len = (size_t)n;
	snr_add(&builder, scratch->where + resolved->where, resolved->tail);
	return snr_finish(&builder);
}

/* CALL has one path, which leads to what is frozen. */
static bool is_readonly(struct snr_redirector *redirector, struct snr_scratch *scratch,
			const struct snr_call *call, const struct snr_resolved *resolved,
			const struct snr_plan *plan, const uint64_t how[3])
{
	const struct snr_pathop *op = &snr_pathops[call->op];
	struct snr_question question = {
		.redirector = redirector, .scratch = scratch, .call = call, .op = op, .plan = plan};
	struct snr_lookup lookup = snr_pathop_lookup(op, snr_spot_argument(op, 0), call->arg, how);
	long len = walked_to(redirector, scratch, resolved, lookup);

	if (len <= 0)
		len = snr_spot_text(&question, 0);
	return len > 0 && !resolved->fails &&
	       snr_readonly_refuses(&redirector->host, op, lookup, writing_flags(call, how),
				    scratch->pending, (size_t)len);
}

/* Must the call not reach the kernel? The error of the first path that has one; where the kernel
 * would look at more than the paths, that decides. */
static bool is_refused(struct snr_redirector *redirector, struct snr_scratch *scratch,
		       const struct snr_call *call, const struct snr_resolved *resolved, int n,
		       const struct snr_plan *plan, const uint64_t how[3], int *result)
{
	if (snr_pathops[call->op].effects & (SNR_REMOVES | SNR_SAME_FS))
		return snr_refuses(redirector, scratch, call, resolved, n, plan, result);
	*result = 0;
	for (int i = 0; i < n && !*result; i++)
		*result = resolved[i].barred ? -EACCES : resolved[i].error;
	if (n == 1 && !*result && resolved[0].frozen != SNR_NO_RULE &&
	    is_readonly(redirector, scratch, call, &resolved[0], plan, how))
		*result = -EROFS;
	if (*result) {
		int err = snr_text_error(redirector, scratch, call);

		*result = err ? err : *result;
	}
	return *result != 0;
}

#define TOO_MANY_LINKS 41 /* one more than the kernel follows on a path (MAXSYMLINKS) */

/* The walk of CALL's only path ends in ERROR. The kernel would look at the call's other arguments
 * first: let it, and then meet the same error on a path of its own. False: there is none, or it
 * would not be let out of its directory to there. */
static bool lead_to_error(const struct snr_redirector *redirector, const struct snr_pathop *op,
			  const uint64_t how[3], int error, struct snr_plan *plan)
{
	const struct snr_host *host = &redirector->host;
	struct snr_builder builder = {.out = plan->text[0], .size = SNR_PATH_MAX};
	uint64_t inode;

	if (how[2] & CONFINES)
		return false;
	if (error == -ENOENT) {
		snr_add_text(&builder, "/" SNR_HIDDEN_NAME "/" SNR_HIDDEN_NAME);
	} else if (error == -ELOOP && host->kind(host->context, "/proc/self/.", &inode) >= 0) {
		snr_add_text(&builder, "/proc");
		for (int i = 0; i < TOO_MANY_LINKS; i++)
			snr_add_text(&builder, "/self/..");
	} else {
		return false;
	}
	plan->verdict = SNR_CHANGED;
	plan->result = error;
	plan->npaths = 1;
	plan->path_arg[0] = (uint8_t)snr_spot_argument(op, 0);
	plan->path_len[0] = (uint16_t)snr_finish(&builder);
	if (snr_pathop_find(op, SNR_ROLE_HOW) >= 0)
		change_how(how, false, plan);
	return true;
}

/* Which argument stands for the first thing that the call is about, or -1. */
static int first_argument(const struct snr_pathop *op)
{
	int fd = snr_pathop_find(op, SNR_ROLE_FD);

	return fd < 0 ? snr_spot_argument(op, 0) : fd;
}

/* A call that changes what a descriptor is open on, and names nothing. Only an empty path goes with
 * a descriptor by which nothing else can be done (O_PATH). */
static bool changes_frozen(const struct snr_redirector *redirector, struct snr_scratch *scratch,
			   const struct snr_call *call)
{
	const struct snr_pathop *op = &snr_pathops[call->op];
	const struct snr_host *host = &redirector->host;
	int request = snr_pathop_find(op, SNR_ROLE_REQUEST), first = first_argument(op);
	int fd, number;
	bool empty;

	if (!(op->effects & (SNR_CHANGES | SNR_PERMITS)) ||
	    !snr_has_kind(redirector->image, SNR_KIND_BIT(SNR_READONLY)))
		return false;
	if (request >= 0)
		fd = snr_request_changes((uint32_t)call->arg[request]) ? request - 1 : -1;
	else
		fd = held_argument(redirector, call, first);
	if (fd < 0)
		return false;
	number = (int)(uint32_t)call->arg[fd];
	empty = fd == first - 1 && call->arg[first];
	return snr_readonly_descriptor(redirector->image, host, scratch, number) != SNR_NO_RULE &&
	       (empty || host->path_only(host->context, number) <= 0);
}

/* Is argument ARG looked up? A descriptor alone is only where it may have to become a path. */
static bool is_resolved(const struct snr_image *image, const struct snr_pathop *op, int arg)
{
	return snr_role_is_path(op->role[arg]) ||
	       (op->role[arg] == SNR_ROLE_FD && snr_has_overlays(image));
}

void snr_plan_call(struct snr_redirector *redirector, struct snr_scratch *scratch,
		   const struct snr_call *call, struct snr_plan *plan)
{
	const struct snr_pathop *op = &snr_pathops[call->op];
	struct snr_resolved resolved[SNR_MAX_PATHS];
	uint64_t how[3] = {0};
	int how_arg = snr_pathop_find(op, SNR_ROLE_HOW);
	int n = 0, result;

	plan_nothing(plan);
	plan->moves_cwd = (op->effects & (SNR_MOVES_CWD | SNR_MOVES_ROOT)) != 0;
	if (op->effects & SNR_EXECS)
		return;
	if (how_arg >= 0 && !read_how(redirector, scratch, call, how_arg, how))
		return;
	if (!how_is_valid(how)) {
		finish_with(plan, -EINVAL);
		return;
	}
	if (changes_frozen(redirector, scratch, call)) {
		finish_with(plan, -EROFS);
		return;
	}
	scratch->path[0] = '\0';
	for (int i = 0; i < SNR_NARGS && n < SNR_MAX_PATHS; i++) {
		if (!is_resolved(redirector->image, op, i))
			continue;
		resolved[n++] = plan_argument(redirector, scratch, call, plan, i, how);
	}
	if (how_arg >= 0 && plan->verdict == SNR_CHANGED)
		change_how(how, resolved[0].lent, plan);
	if (is_refused(redirector, scratch, call, resolved, n, plan, how, &result)) {
		if (n != 1 || !lead_to_error(redirector, op, how, result, plan))
			finish_with(plan, result);
		return;
	}
	snr_overlay_plan(redirector->image, call, how, resolved, n, plan);
	if ((op->effects & (SNR_RELINKS | SNR_MOVES_ROOT)) ||
	    (n && (op->effects & SNR_PERMITS) && (resolved[0].ancestor || resolved[0].jumped)))
		snr_facts_forget(redirector->facts);
	if (n == 1 && how_arg < 0 && is_told_by_path(redirector->image, op, scratch->path))
		plan->memo = resolved[0].memo;
	plan->reverse =
		(op->effects & SNR_REVERSES) && gives_real_name(redirector, scratch, call, plan);
}

/* Would the socket that bind(2) makes be on a read-only mount, and is the name free? */
static bool makes_readonly(struct snr_redirector *redirector, struct snr_scratch *scratch,
			   int dirfd, const char *path, struct snr_lookup lookup,
			   const struct snr_resolved *resolved, const struct snr_plan *plan)
{
	struct snr_builder builder = {.out = scratch->pending, .size = sizeof(scratch->pending)};
	long len = walked_to(redirector, scratch, resolved, lookup);

	if (len <= 0) {
		if (plan->npaths)
			path = plan->text[0];
		else if (path[0] != '/')
			snr_spot_start(&builder, dirfd);
		snr_add_text(&builder, path);
		len = snr_finish(&builder);
	}
	return len > 0 && !resolved->fails &&
	       snr_readonly_refuses(&redirector->host, &snr_pathops[SNR_mknod], lookup, 0,
				    scratch->pending, (size_t)len);
}

void snr_plan_path(struct snr_redirector *redirector, struct snr_scratch *scratch, int dirfd,
		   const char *path, struct snr_lookup lookup, struct snr_plan *plan)
{
	const struct snr_call making = SNR_MAKING;
	const uint64_t no_how[3] = {0};
	struct snr_resolved resolved;

	plan_nothing(plan);
	resolved = snr_resolve(redirector->image, facts_of(redirector), &redirector->host, scratch,
			       dirfd, path, snr_length(path), lookup, plan->text[0]);
	take(plan, &resolved, 0);
	if (resolved.error || resolved.barred)
		finish_with(plan, resolved.barred ? -EACCES : resolved.error);
	else if (resolved.frozen != SNR_NO_RULE &&
		 makes_readonly(redirector, scratch, dirfd, path, lookup, &resolved, plan))
		finish_with(plan, -EROFS);
	else if (lookup.create)
		snr_overlay_plan(redirector->image, &making, no_how, &resolved, 1, plan);
}
