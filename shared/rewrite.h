/* SPDX-License-Identifier: MIT
 * plan(): what to do about one call. The shim, the tracer and --explain all ask this one function.
 * It changes nothing: a caller may drop the answer and let the kernel have the original call.
 */
#ifndef SNR_REWRITE_H
#define SNR_REWRITE_H

#include "shared/resolve.h"
#include "shared/stats.h"

enum snr_verdict {
	SNR_UNCHANGED, /* let the kernel have the call as it is */
	SNR_CHANGED,   /* for each path in CHANGED put the text in the program's memory and pass its
			  address */
	SNR_FINISHED,  /* do not call the kernel; the result is RESULT (0 or positive, or -errno) */
};

struct snr_call {
	enum snr_op op;
	uint64_t arg[SNR_NARGS]; /* as in registers; a 32-bit dirfd may be zero- or sign-extended */
};

#define SNR_MAX_PATHS 2

/* What an overlay makes necessary before a call, or in its place (overlay_act.h). */
enum snr_overlay_deed {
	SNR_DEED_NONE,
	SNR_DEED_OPEN,   /* the file is opened for writing, or made */
	SNR_DEED_CHANGE, /* what is there is changed */
	SNR_DEED_MAKE,   /* the last path comes into being */
	SNR_DEED_LINK,
	SNR_DEED_REMOVE,
	SNR_DEED_RENAME,
};

struct snr_overlay_plan {
	uint8_t deed;
	uint8_t layer[SNR_MAX_PATHS]; /* enum snr_layer of each path ... */
	uint8_t text[SNR_MAX_PATHS];  /* ... and which of plan->text it is */
	bool lent;                    /* one of them is too long for the kernel (resolve.h) */
	bool held; /* the first one is the name of what a descriptor is open on */
	uint32_t rule[SNR_MAX_PATHS]; /* SNR_NO_RULE: no overlay has to do with it */
};

struct snr_plan {
	enum snr_verdict verdict;
	int32_t result;
	uint8_t npaths;                  /* how many path arguments were changed */
	uint8_t path_arg[SNR_MAX_PATHS]; /* which argument takes text[i] */
	uint16_t path_len[SNR_MAX_PATHS];
	char *text[SNR_MAX_PATHS]; /* the caller's buffers, SNR_PATH_MAX bytes each, set before the
				      call */
	uint32_t rule;             /* for the log: the rule that decided, or SNR_NO_RULE */
	uint64_t memo;             /* what may be remembered of the call's only path and flags, or 0
				      (shared/memo.h) */
	struct snr_overlay_plan overlay;
	bool how_changed; /* the call is to be told of HOW, of 24 bytes, by its HOW argument and the
			     size behind it */
	uint64_t how[3];
	bool reverse;   /* the call puts a real name into its OUT argument: run snr_reverse on it
			   afterwards */
	bool moves_cwd; /* what is remembered of the cwd is stale after this call */
};

/* The error that the call is known to end in, whether we say so (SNR_FINISHED) or the kernel is led
 * to it (SNR_CHANGED), or 0. */
static inline int snr_plan_error(const struct snr_plan *plan)
{
	return plan->verdict == SNR_UNCHANGED ? 0 : plan->result;
}

/* Everything a plan needs; one of these a process (shim) or a tracer. */
struct snr_redirector {
	const struct snr_image *image;
	struct snr_facts *facts;
	struct snr_stats *stats; /* NULL: nobody wants to know */
	struct snr_host host;
};

/* Plan CALL. PLAN->text[] must point to buffers; everything else in PLAN is set here. The path
 * strings are read through host.read_string into the buffers of SCRATCH. A string that cannot be
 * read leaves the call UNCHANGED: the kernel gives its own EFAULT. EXECS operations are not planned
 * here but by shared/exec.h: they come out UNCHANGED. */
void snr_plan_call(struct snr_redirector *redirector, struct snr_scratch *scratch,
		   const struct snr_call *call, struct snr_plan *plan);

/* Let PLAN be a call that fails with RESULT (-errno) by RULE. */
void snr_plan_failed(struct snr_plan *plan, int result, uint32_t rule);

/* What bind(2) is to names, whatever its address. */
#define SNR_MAKING ((struct snr_call){.op = SNR_bind})

/* Like snr_plan_call for one path in memory that may be read directly (the shim's wrappers): no
 * copy of it is made. */
void snr_plan_path(struct snr_redirector *redirector, struct snr_scratch *scratch, int dirfd,
		   const char *path, struct snr_lookup lookup, struct snr_plan *plan);

/* Turn the name that the kernel gave back into the program's. NAME holds LEN bytes of a real name,
 * not necessarily NUL-terminated; OUT gets the program's, at most SIZE bytes. Only absolute names
 * change. Returns the length, or -ENAMETOOLONG. */
long snr_reverse(const struct snr_image *image, const char *name, size_t len, char *out,
		 size_t size);

/* Does readlink(2) on the real PATH give a name that must be reversed
 * (/proc/PID/{cwd,exe,root,fd/N,...})? The stored text of a real symbolic link is the program's own
 * business and stays as it is. */
bool snr_is_magic_link(const char *path, size_t len);

/* Could NAME, a last component, be such a link in the right directory? */
bool snr_is_magic_name(const char *name, size_t len);
/* Is the last component of PATH such a name? */
bool snr_ends_in_magic_name(const char *path, size_t len);

/* What is wrong with the text that CALL makes a link of, or 0: the kernel looks at that first
 * (getname in do_symlinkat, fs/namei.c). Uses scratch->path. */
int snr_text_error(const struct snr_redirector *redirector, struct snr_scratch *scratch,
		   const struct snr_call *call);

#endif
