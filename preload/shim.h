/* SPDX-License-Identifier: MIT
 * The shim's own interface: what a wrapper, generated or written by hand, needs.
 *
 * Rules of the house, for every file of preload/: we are guests in somebody else's process. A
 * wrapper may run before constructors, in a vfork child, in a signal handler, with 16 KiB of stack
 * left, in any thread. So: no malloc (but where libc's function is documented to return malloc'd
 * memory), no stdio, no locks, no TLS but errno, no buffer above 4 KiB on the stack (one a path),
 * no exit, no abort, no message. Whatever goes wrong: let the real call through. errno is touched
 * only where the call fails, by shim_fail alone.
 */
#ifndef SHIM_H
#define SHIM_H

#include "shared/memo.h"
#include "shared/rewrite.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct mount_attr; /* sys/mount.h, since glibc 2.36 */

#define SHIM_EXPORT __attribute__((visibility("default")))

/* ---- the real symbols (symbols.c) ---- */

/* The definition of NAME in the objects that were loaded behind us, default version; NULL if there
 * is none. Like dlsym(RTLD_NEXT), but without its locks and memory, so that it works everywhere. */
void *shim_symbol(const char *name);

/* That of the library whose DT_SONAME begins with LIBRARY, if it is loaded; else NULL. */
void *shim_symbol_of(const char *library, const char *name);

/* Does one of the loaded objects use NAME of another? For machines whose relocations are Elf_Rela.
 */
bool shim_is_needed(const char *name);

/* Look NAME up and remember it in *CACHE; MISSING where this libc has none. */
void *shim_find(void **cache, const char *name, void *missing);

/* What stands for a function that this libc lacks: -1 or NULL, ENOSYS. */
long shim_missing(void);
void *shim_missing_pointer(void);

/* The function behind the wrapper of NAME. The one place that decides how a wrapper reaches the
 * kernel. */
static inline void *shim_next(void **cache, const char *name, void *missing)
{
	void *real = __atomic_load_n(cache, __ATOMIC_ACQUIRE);

	return __builtin_expect(real != NULL, 1) ? real : shim_find(cache, name, missing);
}

/* For wrappers by hand: SHIM_REAL(int, chdir, (const char *path)) defines real_chdir(), a pointer
 * to the function. */
#define SHIM_REAL_AS(type, symbol, parameters, missing)                                            \
	typedef type symbol##_call parameters;                                                     \
	extern symbol##_call symbol;                                                               \
	static symbol##_call *real_##symbol(void)                                                  \
	{                                                                                          \
		static void *real;                                                                 \
		return (symbol##_call *)shim_next(&real, #symbol, missing);                        \
	}
#define SHIM_REAL(type, symbol, parameters) SHIM_REAL_AS(type, symbol, parameters, shim_missing)
#define SHIM_REAL_POINTER(type, symbol, parameters)                                                \
	SHIM_REAL_AS(type, symbol, parameters, shim_missing_pointer)

/* ---- the image and what belongs to the process (image.c) ---- */

/* The redirector of this process, or NULL: nothing is to be redirected. Maps the image at its first
 * call. */
struct snr_redirector *shim_rules(void);

/* What belongs to a thread (window.h). The one variable of its own that a thread has: the kernel
 * reads the selector at each system call while the dispatch is on. */
struct shim_thread {
	uint8_t selector; /* SHIM_ALLOW or SHIM_BLOCK */
	uint64_t mask;    /* the program's signal mask */
	uintptr_t frame;  /* whoever runs above this address has left the window by a jump */
};
#define SHIM_ALLOW 0 /* as SYSCALL_DISPATCH_FILTER_ALLOW and _BLOCK of <linux/prctl.h> */
#define SHIM_BLOCK 1
extern __thread struct shim_thread shim_thread;

/* The same for wrappers. Within a window they have nothing to do: what they call is redirected
 * there, and must not be twice. */
static inline struct snr_redirector *shim_redirector(void)
{
	return shim_thread.selector == SHIM_BLOCK ? NULL : shim_rules();
}

/* A descriptor of the image that a child of this process will inherit: ours, or a new one where the
 * program has closed it. -errno if there is none to be had. */
int shim_image_fd(void);
/* Open what descriptor FD of process PID leads to, by open(2)'s FLAGS. A descriptor or -errno. */
long shim_open_of_process(int pid, int fd, int flags);

/* The environment that this process was started with, as it lies on the stack. */
const char *const *shim_initial_environment(void);

/* Is FD a memfd with (at least) these NEEDED seals, F_SEAL_*? */
bool shim_is_sealed(int fd, int needed);

/* SIZE bytes of FD mapped, for reading or SHARED with whoever writes them. The address, or -errno.
 */
long shim_map_file(int fd, size_t size, bool shared);

/* The image behind descriptor FD, mapped; NULL if there is none that can be trusted. */
const struct snr_image *shim_map_image(int fd);

/* ---- memory (pool.c) ---- */

/* What one plan works with. Held only while planning, never across a call of libc. */
struct shim_slot {
	int taken;
	bool mapped;
	struct snr_plan plan;
	char text[SNR_MAX_PATHS][SNR_PATH_MAX];
	struct snr_scratch scratch;
};

/* A slot with plan.text[] set, or NULL: no memory at all. */
struct shim_slot *shim_slot_take(void);
void shim_slot_release(struct shim_slot *slot);

/* Pages from the kernel; NULL if it has none. */
void *shim_map(size_t size);
void shim_unmap(void *memory, size_t size);

/* ---- the program's memory (memory.c) ---- */

/* Are the SIZE bytes at ADDRESS readable? */
bool shim_is_readable(const void *address, size_t size);

/* The SIZE bytes at ADDRESS may be gone. */
void shim_disbelieve(const void *address, size_t size);

/* Length of the string at ADDRESS; -EFAULT, or -ENAMETOOLONG where no NUL is within SIZE bytes. */
long shim_string_length(const char *address, size_t size);

/* Copy SIZE BYTES of ours to the program's ADDRESS. 0 or -EFAULT. */
long shim_write(void *address, const char *bytes, size_t size);

/* Number of pointers before the NULL of VECTOR (argv, envp), all strings readable; NULL has 0.
 * -EFAULT otherwise. */
long shim_count_vector(char *const *vector);

/* ---- plans (shim.c) ---- */

extern const struct snr_host shim_host;

/* host.shorten of it (reach.c). */
long shim_shorten(void *context, const char *path, char *out, size_t size);

/* An O_PATH descriptor of the real PATH, opened with FLAGS beside that: it stays open until a few
 * more were asked for, or as long as the process lives (a directory). Or -errno. */
long shim_hold(const char *path, int flags);
long shim_hold_for_ever(const char *path);

/* Plan the call OP with its kernel arguments; at most the first five matter. NULL: let the call
 * through as it is. Otherwise take the paths out with shim_take, then end it with shim_leave. */
struct shim_slot *shim_plan(enum snr_op op, long a, long b, long c, long d, long e);

/* Plan CALL by REDIRECTOR, in a slot that is the caller's to release whatever the verdict. NULL: no
 * memory. */
struct shim_slot *shim_plan_call(struct snr_redirector *redirector, const struct snr_call *call);

/* Who does what an overlay wants done before a call: this process. */
struct snr_actor;
struct snr_actor shim_actor(void);

/* What a plan for PATH and FLAGS gave the last time: 0 where a plan is needed (shared/memo.h). */
snr_memo_answer shim_known(enum snr_op op, int dirfd, const char *path, long flags);
snr_memo_answer shim_known_by(const struct snr_redirector *redirector, enum snr_op op, int dirfd,
			      const char *path, long flags);

/* Remember what the plan in SLOT says of CALL, whose only path argument is absolute. */
void shim_learn(const struct snr_call *call, const struct shim_slot *slot);

/* The path that a known ANSWER beyond SNR_MEMO_UNCHANGED makes of PATH by the rules of IMAGE, in
 * TEXT of SNR_PATH_MAX bytes. */
const char *shim_move(const struct snr_image *image, snr_memo_answer answer, const char *path,
		      char *text);

/* Names may lead elsewhere than they did: what was learnt about links is nothing any more. */
void shim_forget(void);

/* The working directory may be another one. */
void shim_moved(void);

/* A thread of this process has a working directory of its own. */
void shim_parted(void);

/* The path to use for kernel argument ARG: PATH itself, or the changed one, copied to TEXT of
 * SNR_PATH_MAX bytes. */
const char *shim_take(const struct shim_slot *slot, int arg, const char *path, char *text);

/* Give the slot back. True if the call is finished: *RESULT is what to return, errno is set. */
bool shim_leave(struct shim_slot *slot, long *result);

/* Where PATH leads, for by-hand wrappers with one path relative to the cwd: PATH itself or TEXT.
 * NULL with errno set where the call must fail. */
const char *shim_redirect(enum snr_op op, const char *path, char *text);

/* stat PATH as the program would see it, by one system call; FLAGS as fstatat(2)'s. 0 or -errno.
 * For code of ours that must not depend on which names of stat this libc has. */
long shim_stat(const char *path, struct stat64 *st, int flags);
long shim_stat_at(int dirfd, const char *path, struct stat64 *st, int flags);

/* access(2) to PATH as the program would see it, by the effective ids. 0 or -errno. */
long shim_access(const char *path, int mode);
long shim_access_at(int dirfd, const char *path, int mode);

/* stat of the real PATH, no rule applied. */
long shim_stat_real(int dirfd, const char *path, struct stat64 *st, int flags);
long shim_stat_descriptor(long fd, struct stat64 *st);
/* The same for programs that were built with a struct stat of their word size. */
struct stat shim_narrow_stat(const struct stat64 *st);

/* Has this process one thread, which is us? False where that cannot be told. */
bool shim_is_single_threaded(void);

/* access of the real PATH. */
long shim_access_real(int dirfd, const char *path, int mode);

/* readlink(2) as the program would see it, into OUT of SNR_PATH_MAX bytes, no NUL: length or -errno
 * (by_hand_names.c). */
long shim_read_link(const char *path, char *out);

/* The program's name for the real NAME of LEN bytes, in OUT of SIZE bytes. Length or -errno. */
long shim_reverse(const char *name, size_t len, char *out, size_t size);

/* Does what was planned for OP with ARGS give a name that is to be turned back? */
bool shim_is_reversed(const struct shim_slot *slot, enum snr_op op, const long *args);

/* Make that call, by its NUMBER; ARGS are written over. Returns what the program gets. */
long shim_call_reversed(const struct snr_image *image, struct shim_slot *slot, long number,
			enum snr_op op, long *args);

/* -1, with errno set from -errno. The only place where the shim sets errno. */
long shim_fail(long error);

/* Does open(2) with FLAGS have a third argument? */
bool shim_needs_mode(int flags);

/* The flags with which fopen(3) opens for MODE ("r", "w+x", ...). */
long shim_stream_flags(const char *mode);

/* System call NUMBER as libc makes it, unplanned: -1 with errno set (by_hand_syscall.c). */
long shim_libc_call(long number, const long args[SNR_NARGS]);

/* Do the system call NUMBER as the rules want it: its result or -errno, and errno may be anything.
 * ARGS are changed. */
long shim_serve(long number, long *args);

/* The operation of system call NUMBER, or -1 (generated). */
int shim_op_of_call(long number);

/* May memory be gone after system call NUMBER (generated)? */
bool shim_unmaps(long number);

/* Can a walk from PATH meet a rule? FOLLOW: PATH itself is looked through if it is a link,
 * FOLLOW_ALL: so are all links on the way (by_hand_walk.c). */
bool shim_walk_meets_rule(const char *path, bool follow, bool follow_all);

/* Put that many random letters and digits at PLACE, for a temporary name (by_hand_temp.c). */
#define SHIM_LETTERS 6
void shim_random_letters(char *place);

/* Must the shim rather than libc make up the name of a new file, which is to be like PATH? */
bool shim_changes_new(const char *path);

/* A call of syscall(2) that takes or gives the name of a socket (by_hand_socket.c). */
bool shim_is_socket_call(const struct snr_pathop *op);
long shim_socket_call(enum snr_op op, long number, const long *args);

/* ---- log and counts (logging.c): where the image is watched ---- */

struct snr_event;

/* Count what was planned for one call, if anybody counts. */
void shim_count(const struct snr_redirector *redirector, bool changed, int result, uint32_t rule);

/* Write what was planned for one path, if -v asks for it, and what is to be learnt from it
 * (record.c), if anybody learns. EVENT's op, dirfd, from, to, result and rule are set, and what the
 * call's flags say; FROM is the program's path, not yet known to be readable. */
void shim_tell_path(const struct snr_redirector *redirector, struct snr_event *event);

/* Both, for a call with one path. */
void shim_tell(const struct snr_redirector *redirector, struct snr_event *event);

/* The record of EVENT, whose texts have lengths. */
void shim_record(const struct snr_redirector *redirector, const struct snr_event *event);

/* The memory of --stats, mapped, in which this program is one with or without a GATE; NULL: nothing
 * is counted. */
struct snr_stats *shim_map_stats(const struct snr_image *image, bool gate);

/* CALL failed with RESULT by a `fault` RULE, or was cut short (0): the program's file is NAME. */
void shim_tell_fault(const struct snr_redirector *redirector, const char *call, const char *name,
		     int result, uint32_t rule);

/* The same of CALL, one of ours: WHAT failed with ERROR (-errno), and something is not redirected.
 */
void shim_log_failure(const struct snr_image *image, const char *call, const char *what, int error);

/* The program PATH is about to be executed, and WHY says that it will not be redirected. Also goes
 * to a log that asks for nothing else. */
void shim_log_unseen(const struct snr_image *image, const char *path, const char *why,
		     uint32_t rule);

#endif
