/* SPDX-License-Identifier: MIT
 * The exec planner: what will happen when this file is executed, and what must be executed instead.
 * Used by launcher, shim and tracer alike. Opens and reads files through its callbacks only.
 */
#ifndef SNR_EXEC_H
#define SNR_EXEC_H

#include "shared/elf.h"
#include "shared/rewrite.h"

enum snr_exec_kind {
	SNR_EXEC_UNKNOWN, /* unreadable or no format we know: the kernel decides */
	SNR_EXEC_STATIC,  /* ELF without PT_INTERP */
	SNR_EXEC_DYNAMIC, /* ELF with PT_INTERP */
};

enum snr_libc { SNR_LIBC_OTHER, SNR_LIBC_GLIBC }; /* by the name of PT_INTERP */

#define SNR_SHEBANG_DEPTH 5   /* the kernel's own limit (exec.c: more than 5 gives ELOOP) */
#define SNR_SHEBANG_SIZE  256 /* BINPRM_BUF_SIZE: a #! line longer than this is cut or refused */

/* One "#!" met on the way, innermost (the file first executed) first. */
struct snr_shebang {
	char line[SNR_SHEBANG_SIZE]; /* interpreter as written, NUL, argument as written (or empty),
					NUL */
	uint16_t argument;           /* offset of the argument in line, 0: none */
};

struct snr_exec_plan {
	int error;           /* 0, or -errno: exec must fail with it */
	bool by_descriptor;  /* the path was empty: the file of the descriptor is executed */
	bool from_directory; /* the path was relative to a descriptor */
	bool by_loader;  /* the last of SHEBANG is a loader under a rule, not a script's interpreter
			  */
	bool keeps_name; /* that loader can be told the program's argv[0] */
	bool changed;    /* execute REAL with the new front of argv instead of the original call */
	uint8_t kind;    /* enum snr_exec_kind of the last image */
	uint8_t libc;    /* enum snr_libc */
	bool native;     /* a `native` rule: the file as it is, with the launcher's environment */
	bool sanitized;  /* needs the run time of AddressSanitizer, which wants to be the first
			    library */
	uint8_t elf_class; /* ELFCLASS32, ELFCLASS64, 0 unknown */
	uint16_t machine;  /* EM_X86_64, EM_386, EM_AARCH64, ... */
	uint32_t rule;     /* for the log */
	uint8_t nshebang;  /* scripts, and a loader under a rule, unrolled: see snr_exec_argv */
	struct snr_shebang shebang[SNR_SHEBANG_DEPTH];
	char real[SNR_PATH_MAX];   /* what to hand to execve(2), absolute; valid if changed */
	char loaded[SNR_PATH_MAX]; /* what a loader under a rule is told to load; empty: as the
				      program says it */
	char script[SNR_PATH_MAX]; /* the program's own path of the script: what the interpreter
				      gets as argument */
};

/* Plan the execution of PATH (LEN bytes, NUL behind) relative to DIRFD, by a process whose cwd will
 * be CWD, a descriptor of ours, when it comes to that (AT_FDCWD: it is so already). Scripts are
 * unrolled only where the script or one of its interpreters is redirected; the kernel does the
 * others. Reads at most the head of each file on the way. What cannot be read or understood is left
 * to the kernel.
 */
void snr_plan_exec(struct snr_redirector *redirector, struct snr_scratch *scratch,
		   snr_read_file read_file, int cwd, int dirfd, const char *path, size_t len,
		   struct snr_lookup lookup, struct snr_exec_plan *plan);

/* Does a `native` rule name the program at PATH relative to DIRFD: by the name that is said, or by
 * that of the file to which a link leads? NAME is written over. */
bool snr_exec_is_native(const struct snr_redirector *redirector, struct snr_scratch *scratch,
			int dirfd, const char *path, size_t len, struct snr_lookup lookup,
			char name[SNR_PATH_MAX]);

/* The environment that the launcher was started with: fill SLOTS, one more than
 * image->environment_count, with pointers into IMAGE and NULL. */
void snr_exec_environment(const struct snr_image *image, const char **slots);

/* Flags of execveat(2) that are known: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_EXECVE_CHECK (Linux
 * 6.14). With any other the kernel refuses the call before it looks for the file. */
#define SNR_EXEC_FLAGS 0x11100u

/* Does a #! line lead away from a name that goes through the descriptor of the call? If that closes
 * on exec, the interpreter could not open the script: ENOENT (execveat(2)). */
bool snr_exec_needs_descriptor(const struct snr_exec_plan *plan);

/* Is comm of an executed descriptor the file's own name, on a kernel of this RELEASE (uname(2))?
 * Since Linux 6.14 (bprm->comm_from_dentry in fs/exec.c); it was the number before. */
bool snr_exec_names_file(const char *release);

/* Why engine preload does not see what PLAN executes, as the rest of a sentence; NULL: it does, or
 * nobody knows. HAS_SHIM: there is a shim for its word size. */
const char *snr_exec_unseen(const struct snr_exec_plan *plan, bool has_shim);

/* The front of the new argument vector that replaces argv[0] when plan->nshebang > 0, in the
 * kernel's order (the last interpreter and its argument first, the script last): pointers into
 * PLAN, at most SNR_EXEC_FRONT. NULL among them stands for argv[0] as it was, or "" where there is
 * none. Returns how many. */
#define SNR_EXEC_FRONT (2 * SNR_SHEBANG_DEPTH + 3)
int snr_exec_argv(const struct snr_exec_plan *plan, const char *front[SNR_EXEC_FRONT]);

#endif
