/* SPDX-License-Identifier: MIT
 * Engine hybrid in the shim: the gate is mapped, and calls are planned and made through it.
 * For preload/ only. It must never pass a call that was not planned: in doubt it is libc's, and so
 * the tracer's.
 */
#include "preload/gate.h"
#include "preload/listing.h"

#include "shared/callnumbers.h"
#include "shared/environ.h"
#include "shared/fault.h"
#include "shared/rawcall/rawcall.h"
#include "shared/start.h"
#include "shared/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#ifdef SNR_GATE_ADDRESS

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* linux/mman.h, since Linux 4.17 */
#endif

#define GATE_SIZE (2 * SNR_GATE_PAGE)

const struct snr_board *shim_board;

static struct snr_facts facts;
static struct snr_redirector redirector = {.facts = &facts};

static bool map_gate(void)
{
	static const char code[] = "\x0f\x05\xc3"; /* syscall; ret */
	const long place = (long)SNR_GATE_ADDRESS;
	long got = snr_rawcall6(__NR_mmap, place, GATE_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE,
				-1, 0);

	if (got < 0 && got > -4096)
		return false;
	if (got == place) {
		snr_copy((char *)got, code, sizeof(code));
		if (!snr_rawcall3(__NR_mprotect, got, SNR_GATE_PAGE, PROT_READ | PROT_EXEC))
			return true;
	}
	shim_unmap((void *)got, GATE_SIZE);
	return false;
}

static const struct snr_image *map_rules(int pid, int fd)
{
	long own = shim_open_of_process(pid, fd, O_RDONLY);
	const struct snr_image *image = own < 0 ? NULL : shim_map_image((int)own);

	if (own >= 0)
		snr_rawcall1(__NR_close, own);
	return image;
}

/* ":COOKIE" of the variable. */
static uint64_t read_cookie(const char *text)
{
	uint64_t cookie = 0;

	for (text += *text == ':'; *text; text++)
		cookie = cookie << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	return cookie;
}

/* In another pid namespace the descriptor may be anybody's. */
static struct snr_board *map_board(int pid, int fd, uint64_t cookie)
{
	long own = shim_open_of_process(pid, fd, O_RDWR);
	struct snr_board *board;
	long got = -EBADF;

	if (own < 0)
		return NULL;
	if (shim_is_sealed((int)own, F_SEAL_SHRINK))
		got = snr_rawcall6(__NR_mmap, 0, SNR_GATE_PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_POPULATE, own, 0);
	snr_rawcall1(__NR_close, own);
	board = got < 0 && got > -4096 ? NULL : (struct snr_board *)got;
	if (board && board->cookie != cookie) {
		shim_unmap(board, SNR_GATE_PAGE);
		board = NULL;
	}
	return board;
}

/* What passes the gate must be known by then: rules first, then the board, for which wrappers look.
 */
static bool map_all(int pid, int fd, uint64_t cookie)
{
	struct snr_gate_words *words = (struct snr_gate_words *)(SNR_GATE_ADDRESS + SNR_GATE_PAGE);
	struct snr_board *board;

	redirector.image = map_rules(pid, fd);
	board = redirector.image ? map_board(pid, fd + 1, cookie) : NULL;
	if (!board)
		return false;
	redirector.host = shim_host;
	redirector.stats = shim_map_stats(redirector.image, true);
	facts.common = &board->epoch;
	facts.start.told = &words->told;
	shim_gate_image = redirector.image;
	__atomic_store_n(&words->magic, SNR_GATE_MAGIC, __ATOMIC_RELEASE);
	__atomic_store_n(&shim_board, board, __ATOMIC_RELEASE);
	return true;
}

/* Under rules of engine preload, those of a snapredir within this one, the shim serves these, and
 * the tracer what comes of it. */
void shim_gate_start(const char *const *envp)
{
	const char *value = snr_environ_get(envp, SNR_GATE_ENV);
	int fd, pid, len;

	if (!value || snr_environ_get(envp, SNR_IMAGE_ENV))
		return;
	len = snr_environ_parse_image(value, &fd, &pid);
	if (len < 0 || !map_gate())
		return;
	shim_gate_entry = SNR_GATE_ADDRESS;
	if (map_all(pid, fd, read_cookie(value + len))) {
		shim_gate_patch();
		return;
	}
	shim_gate_entry = 0;
	shim_unmap((void *)SNR_GATE_ADDRESS, GATE_SIZE);
}

/* ---- calls ---- */

/* Both are forgotten once more when the call is over: others may have learnt meanwhile how the
 * names were, or where they began. */
static long make(const struct shim_direct *call, const long *args)
{
	uint32_t effects = snr_pathops[call->op].effects;
	long result;

	if (effects & SNR_MOVES_CWD)
		snr_start_forget(&facts);
	result = snr_rawcall6(call->number, args[0], args[1], args[2], args[3], args[4], args[5]);
	if (effects & SNR_RELINKS)
		snr_facts_forget(&facts);
	if (effects & SNR_MOVES_CWD)
		snr_start_forget(&facts);
	return result;
}

/* The call, with the paths in TEXT, one after the other: the slot is given back before, since the
 * call may take long. What comes back (readlink, getcwd) does not. */
static long make_planned(const struct shim_direct *call, struct shim_slot *slot, const long *args,
			 char (*text)[SNR_PATH_MAX])
{
	const struct snr_plan *plan = &slot->plan;
	enum snr_verdict verdict = plan->verdict;
	long mine[SNR_NARGS], result = plan->result;
	uint64_t how[3] = {plan->how[0], plan->how[1], plan->how[2]};

	for (int i = 0; i < SNR_NARGS; i++)
		mine[i] = args[i];
	if (plan->how_changed) {
		int arg = snr_pathop_find(&snr_pathops[call->op], SNR_ROLE_HOW);

		mine[arg] = (long)how;
		mine[arg + 1] = sizeof(how);
	}
	if (verdict != SNR_FINISHED && shim_is_reversed(slot, call->op, args)) {
		for (int i = 0; i < plan->npaths; i++)
			mine[plan->path_arg[i]] = (long)plan->text[i];
		result = shim_call_reversed(redirector.image, slot, call->number, call->op, mine);
		shim_slot_release(slot);
		return result;
	}
	for (int i = 0; verdict == SNR_CHANGED && i < plan->npaths; i++) {
		snr_copy(text[i], plan->text[i], plan->path_len[i] + 1u);
		mine[plan->path_arg[i]] = (long)text[i];
	}
	shim_slot_release(slot);
	return verdict == SNR_FINISHED ? result : make(call, mine);
}

static __attribute__((noinline)) long make_with_one(const struct shim_direct *call,
						    struct shim_slot *slot, const long *args)
{
	char text[1][SNR_PATH_MAX];

	return make_planned(call, slot, args, text);
}

static __attribute__((noinline)) long make_with_two(const struct shim_direct *call,
						    struct shim_slot *slot, const long *args)
{
	char text[2][SNR_PATH_MAX];

	return make_planned(call, slot, args, text);
}

static long plan_and_make(const struct shim_direct *call, const long *args)
{
	struct snr_call planned = {.op = (enum snr_op)call->op};
	struct shim_slot *slot;

	for (int i = 0; i < SNR_NARGS; i++)
		planned.arg[i] = (uint64_t)args[i];
	slot = shim_plan_call(&redirector, &planned);
	if (!slot)
		return -ENOSYS; /* no memory: the tracer has some */
	if (slot->plan.verdict == SNR_UNCHANGED && !slot->plan.reverse) {
		shim_slot_release(slot);
		return make(call, args);
	}
	return slot->plan.npaths > 1 ? make_with_two(call, slot, args)
				     : make_with_one(call, slot, args);
}

static __attribute__((noinline)) long make_moved(const struct shim_direct *call,
						 snr_memo_answer known, const long *args)
{
	char text[SNR_PATH_MAX];
	long mine[SNR_NARGS];

	for (int i = 0; i < SNR_NARGS; i++)
		mine[i] = args[i];
	mine[call->path] =
		(long)shim_move(redirector.image, known, (const char *)args[call->path], text);
	return make(call, mine);
}

/* A NULL path is libc's to refuse, as it likes. */
long shim_gate_call(const struct shim_direct *call, const long args[SNR_NARGS])
{
	const char *path = call->path < SNR_NARGS ? (const char *)args[call->path] : "";
	snr_memo_answer known;

	if (!path || snr_fault_is_named(redirector.image, (enum snr_op)call->op) ||
	    (call->cancels && shim_may_be_cancelled()))
		return -ENOSYS;
	if (call->memo) {
		int dirfd = snr_pathop_dirfd(&snr_pathops[call->op], call->path);

		known = shim_known_by(&redirector, (enum snr_op)call->op,
				      dirfd < 0 ? AT_FDCWD : (int)args[dirfd], path,
				      call->flags < SNR_NARGS ? args[call->flags] : 0);
		if (known == SNR_MEMO_UNCHANGED)
			return make(call, args);
		if (known)
			return make_moved(call, known, args);
	}
	return plan_and_make(call, args);
}

bool shim_gate_takes(int op)
{
	return op >= 0 && shim_gate_is_open() && snr_pathop_passes_gate(&snr_pathops[op]) &&
	       !snr_fault_is_named(redirector.image, (enum snr_op)op);
}

struct snr_redirector *shim_gate_redirector(void)
{
	return shim_gate_is_open() ? &redirector : NULL;
}

bool shim_gate_try(int op, long number, const long args[SNR_NARGS], long *result)
{
	struct shim_direct call = {.op = (uint16_t)op,
				   .number = (uint16_t)number,
				   .path = SNR_NARGS,
				   .flags = SNR_NARGS};

	if (!shim_gate_takes(op))
		return false;
	if (snr_pathops[op].effects & SNR_LISTS) {
		*result = shim_list(number, op == SNR_getdents ? sizeof(long) : 0, (int)args[0],
				    (void *)args[1], (unsigned)args[2]);
		return true;
	}
	for (uint8_t i = SNR_NARGS; i-- > 0;)
		if (snr_role_is_path(snr_pathops[op].role[i]))
			call.path = i;
	*result = shim_gate_call(&call, args);
	return *result != -ENOSYS;
}

/* ---- cancellation ---- */

/* 0: not known; 1: no; 2: yes. */
static int cancels;

/* A thread is cancelled by somebody who calls pthread_cancel(3), and whose object therefore says
 * that it needs it. Where none does, no function of libc is a cancellation point, and a system call
 * in its place misses nothing. */
bool shim_may_be_cancelled(void)
{
	int now = __atomic_load_n(&cancels, __ATOMIC_RELAXED);

	if (!now) {
		now = shim_is_needed("pthread_cancel") ? 2 : 1;
		__atomic_store_n(&cancels, now, __ATOMIC_RELAXED);
	}
	return now == 2;
}

void shim_gate_forget_objects(void)
{
	__atomic_store_n(&cancels, 0, __ATOMIC_RELAXED);
}

#else

void shim_gate_start(const char *const *envp)
{
}

long shim_gate_call(const struct shim_direct *call, const long args[SNR_NARGS])
{
	return -ENOSYS;
}

bool shim_gate_takes(int op)
{
	return false;
}

struct snr_redirector *shim_gate_redirector(void)
{
	return NULL;
}

bool shim_gate_try(int op, long number, const long args[SNR_NARGS], long *result)
{
	return false;
}

void shim_gate_forget_objects(void)
{
}

#endif
