/* SPDX-License-Identifier: MIT
 * Preparing a new program: what is executed, with which arguments, with which environment.
 * For preload/ only. It must never fail where the real exec would succeed: what it cannot judge
 * goes through.
 */
#include "preload/child.h"
#include "preload/fault.h"

#include "shared/callnumbers.h"
#include "shared/environ.h"
#include "shared/exec.h"
#include "shared/libraries.h"
#include "shared/log.h"
#include "shared/rawcall/rawcall.h"
#include "shared/text.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define ROOM   (24 * 1024) /* vectors and new strings of most programs */
#define ARENAS 4

/* All that one exec needs. It may be held across execve(2), which in a vfork child never comes
 * back: the memory is the parent's, so the parent's thread must find out that it is free again
 * (arena_is_left). */
struct arena {
	struct shim_child child; /* first: the two are one */
	int owner;               /* process id, 0: free */
	bool mapped;
	uintptr_t thread; /* which thread of the address space */
	void *spill;      /* pages, where ROOM is not enough */
	size_t spill_size;
	struct snr_redirector redirector;
	struct snr_exec_plan plan;
	struct snr_scratch scratch;
	struct snr_library_search search;
	struct shim_reader reader;
	char room[ROOM] __attribute__((aligned(16)));
};

static struct arena arenas[ARENAS];

static int own_pid(void)
{
	return (int)snr_rawcall1(__NR_getpid, 0);
}

/* A vfork child has its parent's memory and thread pointer, but its own process id. The thread goes
 * on only when the child has left this memory: an arena of its own thread with another process's id
 * is free. Unless it is our parent's: then we are the child, in a signal handler that interrupted
 * an exec of its. */
static bool arena_is_left(const struct arena *arena, int owner, int pid, uintptr_t thread)
{
	return arena->thread == thread && owner != pid &&
	       owner != (int)snr_rawcall1(__NR_getppid, 0);
}

static struct arena *arena_take(void)
{
	uintptr_t thread = (uintptr_t)&errno;
	int pid = own_pid();
	struct arena *arena;

	for (arena = arenas; arena < arenas + ARENAS; arena++) {
		int owner = __atomic_load_n(&arena->owner, __ATOMIC_ACQUIRE);

		if (owner && !arena_is_left(arena, owner, pid, thread))
			continue;
		if (!__atomic_compare_exchange_n(&arena->owner, &owner, pid, false,
						 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		if (arena->spill)
			shim_unmap(arena->spill, arena->spill_size);
		arena->spill = NULL;
		arena->thread = thread;
		return arena;
	}
	arena = shim_map(sizeof(*arena));
	if (arena)
		arena->mapped = true;
	return arena;
}

void shim_child_release(struct shim_child *child)
{
	struct arena *arena = (struct arena *)child;

	if (arena->spill)
		shim_unmap(arena->spill, arena->spill_size);
	arena->spill = NULL;
	if (arena->mapped)
		shim_unmap(arena, sizeof(*arena));
	else
		__atomic_store_n(&arena->owner, 0, __ATOMIC_RELEASE);
}

static void *arena_memory(struct arena *arena, size_t size)
{
	if (size <= sizeof(arena->room))
		return arena->room;
	arena->spill = shim_map(size);
	arena->spill_size = size;
	return arena->spill;
}

static long read_file(void *context, const char *path, uint64_t offset, void *out, size_t size)
{
	struct arena *arena = context;

	return shim_read_file(&arena->reader, path, offset, out, size);
}

static void plan(struct arena *arena, const struct snr_redirector *redirector, int cwd, int dirfd,
		 const char *path, size_t len, struct snr_lookup lookup)
{
	arena->redirector = *redirector;
	arena->redirector.host.context = arena;
	snr_plan_exec(&arena->redirector, &arena->scratch, read_file, cwd, dirfd, path, len, lookup,
		      &arena->plan);
}

/* The shim that the new program can load, or NULL. */
static const char *choose_shim(const struct snr_image *image, const struct snr_exec_plan *plan)
{
	struct snr_text shim = sizeof(void *) == 8 ? image->shim64 : image->shim32;

	if (plan->kind == SNR_EXEC_DYNAMIC && plan->libc != SNR_LIBC_GLIBC)
		return NULL; /* musl would try to load it, and fail */
	if (plan->kind != SNR_EXEC_UNKNOWN) {
		switch (plan->machine) {
#if defined(__x86_64__) || defined(__i386__)
		case EM_X86_64: /* with 32-bit pointers it is x32, for which there is none */
			shim = image->shim64;
			if (plan->elf_class != ELFCLASS64)
				return NULL;
			break;
		case EM_386:
			shim = image->shim32;
			break;
#elif defined(__aarch64__)
		case EM_AARCH64:
			shim = image->shim64;
			break;
		case EM_ARM:
			shim = image->shim32;
			break;
#endif
		default:
			return NULL;
		}
	}
	return shim.len ? snr_string(image, shim) : NULL;
}

static struct snr_library_needs needs_of(struct arena *arena, char *const *envp)
{
	return snr_library_needs(&arena->search, &arena->redirector, &arena->scratch, read_file,
				 &arena->plan, (const char *const *)envp);
}

/* A native program gets no shim, and the environment that all began with. */
static bool build_native(struct arena *arena, const struct snr_image *image)
{
	const char **slots = arena_memory(arena, (image->environment_count + 1) * sizeof(*slots));

	if (!slots)
		return false;
	snr_exec_environment(image, slots);
	arena->child.envp = (char *const *)slots;
	return true;
}

static bool build_vectors(struct arena *arena, const struct snr_image *image, char *const *argv,
			  long argc, char *const *envp)
{
	const char *front[SNR_EXEC_FRONT];
	char value[SNR_IMAGE_VALUE];
	const struct snr_library_needs needs = needs_of(arena, envp);
	struct snr_environ want = {
		.envp = (const char *const *)envp,
		.shim = choose_shim(image, &arena->plan),
		.libraries = needs.companion,
		.sanitized = arena->plan.sanitized,
		.library_path = needs.library_path,
		.ours = {snr_string(image, image->shim64), snr_string(image, image->shim32)},
	};
	int fd = shim_image_fd();
	int nfront = snr_exec_argv(&arena->plan, front);
	size_t args = nfront ? (size_t)(nfront + argc + 1) : 0;
	struct snr_environ_size size;
	static char none[] = "";
	char **slots;

	shim_fault_before_exec(image);
	if (fd >= 0) {
		snr_environ_image(fd, own_pid(), value);
		want.image = value;
		want.name = arena->plan.changed && want.shim ? arena->plan.script : NULL;
	}
	size = snr_environ_measure(&want);
	slots = arena_memory(arena, (args + size.slots) * sizeof(*slots) + size.bytes);
	if (!slots)
		return false;
	for (int i = 0; i < nfront; i++)
		slots[i] = front[i] ? (char *)(uintptr_t)front[i] : argc ? argv[0] : none;
	for (long i = 1; nfront && i <= argc; i++)
		slots[nfront + i - 1] = argv[i];
	if (nfront) {
		slots[nfront + (argc ? argc - 1 : 0)] = NULL;
		arena->child.argv = slots;
	}
	snr_environ_build(&want, slots + args, (char *)(slots + args + size.slots));
	arena->child.envp = slots + args;
	return true;
}

static bool is_script_lost(int dirfd, const struct snr_exec_plan *plan)
{
	return snr_exec_needs_descriptor(plan) &&
	       (snr_rawcall2(__NR_fcntl, dirfd, F_GETFD) & FD_CLOEXEC);
}

/* Not silence: nothing behind the shim sees this program. */
static void tell_unseen(const struct snr_image *image, const struct snr_exec_plan *plan,
			const char *path)
{
	const char *why = snr_exec_unseen(plan, choose_shim(image, plan) != NULL);

	if (why && image->engine == SNR_ENGINE_PRELOAD)
		shim_log_unseen(image, path, why, plan->rule);
}

static void tell(const struct snr_redirector *redirector, int dirfd, const char *path,
		 const struct shim_child *child, uint32_t rule)
{
	struct snr_event event = {
		.op = SNR_execve,
		.dirfd = dirfd,
		.follow = true,
		.from = path,
		.to = child->changed ? child->path : NULL,
		.result = child->error,
		.rule = rule,
	};

	shim_tell(redirector, &event);
}

static bool prepare(struct arena *arena, struct snr_redirector *redirector, int cwd, int dirfd,
		    const char *path, struct snr_lookup lookup, char *const *argv,
		    char *const *envp)
{
	long len = shim_string_length(path, SNR_PATH_MAX);
	long argc = shim_count_vector(argv);
	struct shim_child *child = &arena->child;

	if (len < 0)
		return false;
	plan(arena, redirector, cwd, dirfd, path, (size_t)len, lookup);
	child->error = is_script_lost(dirfd, &arena->plan) ? -ENOENT : arena->plan.error;
	child->changed = arena->plan.changed;
	child->path = arena->plan.changed ? arena->plan.real : path;
	child->argv = argv;
	child->envp = envp;
	if (redirector->image->watched)
		tell(redirector, dirfd == AT_FDCWD ? cwd : dirfd, path, child, arena->plan.rule);
	if (!child->error)
		tell_unseen(redirector->image, &arena->plan, path);
	/* What cannot be read is the kernel's EFAULT, which it gives once it has found the file. */
	if (child->error || argc < 0 || shim_count_vector(envp) < 0)
		return true;
	return arena->plan.native ? build_native(arena, redirector->image)
				  : build_vectors(arena, redirector->image, argv, argc, envp);
}

struct shim_child *shim_child_prepare(int cwd, int dirfd, const char *path,
				      struct snr_lookup lookup, char *const argv[],
				      char *const envp[])
{
	struct snr_redirector *redirector = shim_redirector();
	struct arena *arena = redirector ? arena_take() : NULL;
	bool prepared;

	/* A vfork child has a cwd of its own, but learns it in its parent's memory. */
	shim_moved();
	if (!arena)
		return NULL;
	shim_reader_start(&arena->reader);
	prepared = prepare(arena, redirector, cwd, dirfd, path, lookup, argv, envp);
	shim_reader_end(&arena->reader);
	if (prepared)
		return &arena->child;
	shim_child_release(&arena->child);
	return NULL;
}

/* Nothing is to be written but the image, which is there, and nothing to be taken out. */
static bool environ_is_right(struct arena *arena)
{
	const struct snr_image *image = arena->redirector.image;
	const struct snr_library_needs needs = needs_of(arena, environ);
	const struct snr_environ want = {
		.envp = (const char *const *)environ,
		.shim = choose_shim(image, &arena->plan),
		.libraries = needs.companion,
		.sanitized = arena->plan.sanitized,
		.library_path = needs.library_path,
		.image = snr_environ_get((const char *const *)environ, SNR_IMAGE_ENV),
		.ours = {snr_string(image, image->shim64), snr_string(image, image->shim32)},
	};
	struct snr_environ_size size;
	int fd, pid;

	if (!want.image || snr_environ_parse_image(want.image, &fd, &pid) <= 0 ||
	    fd != shim_image_fd())
		return false;
	size = snr_environ_measure(&want);
	return !size.bytes && size.slots == (size_t)shim_count_vector(environ) + 1;
}

bool shim_is_right_already(const char *path)
{
	const struct snr_lookup lookup = {.follow = true};
	struct snr_redirector *redirector = shim_redirector();
	struct arena *arena = redirector ? arena_take() : NULL;
	bool right;

	if (!arena)
		return true;
	shim_reader_start(&arena->reader);
	plan(arena, redirector, AT_FDCWD, AT_FDCWD, path, snr_length(path), lookup);
	right = !arena->plan.changed && !arena->plan.error && !arena->plan.native &&
		environ_is_right(arena);
	shim_reader_end(&arena->reader);
	shim_child_release(&arena->child);
	return right;
}
