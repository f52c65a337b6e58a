/* SPDX-License-Identifier: MIT
 * The filter, laid by hand: architecture first, then a search tree over intervals of numbers.
 * Nothing but nr and arch is loaded on the way to an ALLOW, so that the kernel (5.11 on) can keep
 * such calls in its bitmap and not run the filter at all. It must never list a call that names a
 * file: shared/pathops.def does.
 */
#include "tracer/filter.h"

#include "shared/listing.h"

#include "tracer/tracer.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What to do with the calls of one interval of numbers. */
enum act {
	ACT_ALLOW,
	ACT_TRACE,
	ACT_NOSYS,
	ACT_TRACE_FLAG,    /* stop if the first argument has bit VALUE */
	ACT_TRACE_VALUES,  /* stop if an argument is in value_lists[VALUE], which says which one */
	ACT_TRACE_NONZERO, /* stop if argument VALUE is not NULL: connected sockets name nobody */
};

enum { PRCTL_OPTIONS, PTRACE_REQUESTS, IOCTL_REQUESTS };

struct point {
	uint32_t start; /* first number; the interval ends where the next one starts */
	uint16_t code;
	uint8_t act;
	bool gate; /* not stopped where it comes from the gate */
	uint32_t value;
};

/* Calls that name no file. io_uring runs operations past every filter; programs fall back on
 * ENOSYS. A child made with CLONE_UNTRACED would live under the filter without a tracer. A process
 * that makes itself undumpable would hide its memory and cwd from an ordinary user's tracer. A
 * filter of the program's own may forbid the mmap that the tracer will need. In another mount
 * namespace a path's links must be read there, and a thread with a cwd of its own must be told from
 * those that share one. Who wants to trace a tracee of ours hears from the
 * kernel that it cannot, and the log says why. */
static const struct point extras[] = {
	{.code = FILTER_IO_URING, .act = ACT_NOSYS},
	{.code = FILTER_CLONE, .act = ACT_TRACE_FLAG, .value = CLONE_UNTRACED},
	{.code = FILTER_CLONE3, .act = ACT_TRACE},
	{.code = FILTER_PRCTL, .act = ACT_TRACE_VALUES, .value = PRCTL_OPTIONS},
	{.code = FILTER_PTRACE, .act = ACT_TRACE_VALUES, .value = PTRACE_REQUESTS},
	{.code = FILTER_SECCOMP, .act = ACT_TRACE},
	{.code = FILTER_UNSHARE, .act = ACT_TRACE_FLAG, .value = CLONE_NEWNS | CLONE_FS},
	{.code = FILTER_SETNS, .act = ACT_TRACE},
};

static const struct {
	unsigned arg, n;
	uint32_t at[5];
} value_lists[] = {
	[PRCTL_OPTIONS] = {0, 3, {PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_SET_SECCOMP}},
	[PTRACE_REQUESTS] = {0, 3, {PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE}},
	[IOCTL_REQUESTS] = {1, 5, {SNR_CHANGING_REQUESTS}},
};

/* From here on a number is the same in every table: Linux 5.1, scripts/syscall.tbl. */
#define FIRST_COMMON 424

static int parse(const char *number)
{
	return number[0] >= '0' && number[0] <= '9' ? atoi(number) : -1;
}

static int parse_for(const struct arch_abi *abi, unsigned code)
{
	int number = parse(abi->numbers[code]);
	int native = parse(arch_abis[0].numbers[code]);

	/* The other ABI's header may be older than the call. */
	return number < 0 && native >= FIRST_COMMON ? native : number;
}

/* The texts of arch/numbers.h, read once. */
static int16_t numbers[ARCH_MAX_ABIS][FILTER_NCODES];
static bool numbers_known;

static void read_numbers(void)
{
	for (unsigned i = 0; i < arch_nabis; i++)
		for (unsigned code = 0; code < FILTER_NCODES; code++)
			numbers[i][code] = (int16_t)parse_for(&arch_abis[i], code);
	numbers_known = true;
}

int filter_number(const struct arch_abi *abi, unsigned code)
{
	if (!numbers_known)
		read_numbers();
	return numbers[abi->index][code];
}

/* By ABI and number: 1 + the code. */
static uint16_t codes[ARCH_MAX_ABIS][FILTER_NUMBERS];

static void know_codes(void)
{
	for (unsigned i = 0; i < arch_nabis; i++) {
		codes[i][FILTER_STRICT] = FILTER_STRICT + 1;
		for (unsigned code = FILTER_NCODES; code-- > 0;) {
			int number = filter_number(&arch_abis[i], code);

			if (number >= 0 && number < (int)FILTER_STRICT)
				codes[i][number] = (uint16_t)(code + 1);
		}
	}
}

int filter_code(const struct arch_abi *abi, uint64_t nr)
{
	if (!codes[0][FILTER_STRICT])
		know_codes();
	return nr < FILTER_NUMBERS ? codes[abi->index][nr] - 1 : -1;
}

int filter_code_of(uint16_t data)
{
	unsigned abi = filter_abi_of(data);

	if ((data & FILTER_TAG_MASK) != FILTER_TAG || abi >= arch_nabis)
		return -1;
	return filter_code(&arch_abis[abi], data & (FILTER_NUMBERS - 1));
}

/* fchdir(2) is in the table because the shim remembers the cwd; the tracer asks /proc, and tells
 * the shim of those that do not come through its gate. */
bool filter_wants(const struct snr_image *image, enum snr_op op)
{
	const struct snr_pathop *row = &snr_pathops[op];

	if (row->effects & SNR_LISTS)
		return image->nchildren > 0 || snr_listing_may_edit(image);
	if (snr_pathop_find(row, SNR_ROLE_REQUEST) >= 0)
		return snr_has_kind(image, SNR_KIND_BIT(SNR_READONLY));
	if (snr_pathop_find(row, SNR_ROLE_FD) >= 0)
		return snr_has_kind(image, SNR_KIND_BIT(SNR_READONLY) | SNR_KIND_BIT(SNR_OVERLAY));
	if (row->effects & (SNR_REVERSES | SNR_EXECS | SNR_MOVES_ROOT))
		return true;
	if ((row->effects & SNR_MOVES_CWD) && image->engine == SNR_ENGINE_HYBRID)
		return true;
	for (int i = 0; i < SNR_NARGS; i++)
		if (snr_role_is_path(row->role[i]) || row->role[i] >= SNR_ROLE_SOCKADDR)
			return true;
	return false;
}

/* The program under construction, filled from its end: every jump goes forward, to what is there
 * already. */
struct builder {
	struct sock_filter *code; /* FILTER_MAX instructions */
	unsigned at;              /* the first one in use */
	uint32_t stop;
	bool full;
};

static unsigned put(struct builder *builder, uint16_t op, uint32_t k, unsigned jt, unsigned jf)
{
	if (builder->at == 0) {
		builder->full = true;
		return 0;
	}
	builder->code[--builder->at] = (struct sock_filter){op, (uint8_t)jt, (uint8_t)jf, k};
	return builder->at;
}

static unsigned put_return(struct builder *builder, uint32_t action)
{
	return put(builder, BPF_RET | BPF_K, action, 0, 0);
}

/* A conditional jump to the places TRUE and FALSE, however far away they are. */
static unsigned put_jump(struct builder *builder, uint16_t test, uint32_t k, unsigned yes,
			 unsigned no)
{
	if (yes - builder->at > 250)
		yes = put(builder, BPF_JMP | BPF_JA, yes - builder->at, 0, 0);
	if (no - builder->at > 250)
		no = put(builder, BPF_JMP | BPF_JA, no - builder->at, 0, 0);
	return put(builder, BPF_JMP | BPF_K | test, k, yes - builder->at, no - builder->at);
}

static unsigned put_load(struct builder *builder, unsigned offset)
{
	return put(builder, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

/* Halves of an argument. Flags and options of the calls in question are ints, or have their bits in
 * the low one. */
static unsigned low_half(unsigned arg)
{
	return (unsigned)(offsetof(struct seccomp_data, args) + arg * 8 +
			  (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4));
}

static unsigned high_half(unsigned arg)
{
	return low_half(arg) ^ 4;
}

static unsigned put_pointer_test(struct builder *builder, unsigned arg, unsigned yes, unsigned no)
{
	put_jump(builder, BPF_JEQ, 0, no, yes);
	no = put_load(builder, high_half(arg));
	put_jump(builder, BPF_JEQ, 0, no, yes);
	return put_load(builder, low_half(arg));
}

/* The instruction pointer is looked at only here: to load it in front of the number would cost
 * every call of the program its place in the kernel's bitmap. */
static unsigned put_gate_test(struct builder *builder, uint64_t ip, unsigned yes, unsigned no)
{
	unsigned low = (unsigned)offsetof(struct seccomp_data, instruction_pointer) +
		       (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4);

	put_jump(builder, BPF_JEQ, (uint32_t)(ip >> 32), yes, no);
	yes = put_load(builder, low ^ 4);
	put_jump(builder, BPF_JEQ, (uint32_t)ip, yes, no);
	return put_load(builder, low);
}

/* Where what many calls have in common stands. */
struct blocks {
	unsigned allow, nosys, trace, gate;
};

static void put_blocks(struct builder *builder, const struct arch_abi *abi, struct blocks *blocks)
{
	blocks->allow = put_return(builder, SECCOMP_RET_ALLOW);
	blocks->nosys = put_return(builder, SECCOMP_RET_ERRNO | ENOSYS);
	put(builder, BPF_RET | BPF_A, 0, 0, 0);
	put(builder, BPF_ALU | BPF_OR | BPF_K, builder->stop | filter_data(abi->index, 0), 0, 0);
	blocks->trace = put_load(builder, offsetof(struct seccomp_data, nr));
	blocks->gate = put_gate_test(builder, abi->gate_ip, blocks->allow, blocks->trace);
}

static unsigned put_action(struct builder *builder, const struct point *point,
			   const struct blocks *blocks)
{
	unsigned no = blocks->allow, arg = 0;

	switch (point->act) {
	case ACT_ALLOW:
		return blocks->allow;
	case ACT_NOSYS:
		return blocks->nosys;
	case ACT_TRACE:
		return point->gate ? blocks->gate : blocks->trace;
	case ACT_TRACE_NONZERO:
		return put_pointer_test(builder, point->value, blocks->trace, no);
	case ACT_TRACE_FLAG:
		put_jump(builder, BPF_JSET, point->value, blocks->trace, no);
		break;
	default:
		arg = value_lists[point->value].arg;
		for (unsigned i = 0; i < value_lists[point->value].n; i++)
			no = put_jump(builder, BPF_JEQ, value_lists[point->value].at[i],
				      blocks->trace, no);
	}
	return put_load(builder, low_half(arg));
}

/* The tree over POINTS[FIRST..LAST]; the number is in the accumulator. Returns where it starts.
 * Depth: the logarithm of the number of points. */
static unsigned put_tree(struct builder *builder, const struct point *points, unsigned first,
			 unsigned last, const struct blocks *blocks)
{
	unsigned middle, above, below;

	if (first == last)
		return put_action(builder, &points[first], blocks);
	middle = first + (last - first + 1) / 2;
	above = put_tree(builder, points, middle, last, blocks);
	below = put_tree(builder, points, first, middle - 1, blocks);
	return put_jump(builder, BPF_JGE, points[middle].start, above, below);
}

struct points {
	struct point at[2 * FILTER_NCODES + 8];
	unsigned n;
};

static void add_call(struct points *calls, int number, struct point point)
{
	if (number < 0)
		return;
	point.start = (uint32_t)number;
	calls->at[calls->n++] = point;
}

static int by_start(const void *a, const void *b)
{
	uint32_t x = ((const struct point *)a)->start, y = ((const struct point *)b)->start;

	return (x > y) - (x < y);
}

/* Neighbours that are answered alike are one interval. */
static void add_interval(struct points *out, uint32_t start, const struct point *point)
{
	const struct point *last = out->n ? &out->at[out->n - 1] : NULL;

	if (last && last->act == point->act && last->gate == point->gate &&
	    last->value == point->value)
		return;
	out->at[out->n] = *point;
	out->at[out->n++].start = start;
}

/* All calls of ABI, sorted, into intervals that cover every number. */
static void make_intervals(struct points *calls, struct points *out, const struct arch_abi *abi)
{
	const struct point rest = {.act = ACT_ALLOW}, nosys = {.act = ACT_NOSYS};
	uint32_t next = 0;

	qsort(calls->at, calls->n, sizeof(*calls->at), by_start);
	out->n = 0;
	for (unsigned i = 0; i < calls->n; i++) {
		if (calls->at[i].start > next)
			add_interval(out, next, &rest);
		add_interval(out, calls->at[i].start, &calls->at[i]);
		next = calls->at[i].start + 1;
	}
	add_interval(out, next, &rest);
	/* Numbers of an ABI that is not served: the answer of a kernel that has not got it. */
	if (abi->ceiling)
		add_interval(out, abi->ceiling, &nosys);
}

int filter_pointer(enum snr_op op)
{
	int arg = snr_pathop_find(&snr_pathops[op], SNR_ROLE_SOCKADDR);

	return arg >= 0 ? arg : snr_pathop_find(&snr_pathops[op], SNR_ROLE_OUTADDR);
}

bool filter_has_gate(const struct snr_image *image, const struct arch_abi *abi, enum snr_op op)
{
	return image->engine == SNR_ENGINE_HYBRID && abi->gate_ip &&
	       snr_pathop_passes_gate(&snr_pathops[op]) && !snr_fault_is_named(image, op);
}

static struct point point_of(enum snr_op op)
{
	struct point point = {.act = ACT_TRACE, .code = (uint16_t)op};
	int pointer = filter_pointer(op);

	if (pointer >= 0) {
		point.act = ACT_TRACE_NONZERO;
		point.value = (uint32_t)pointer;
	}
	if (snr_pathop_find(&snr_pathops[op], SNR_ROLE_REQUEST) >= 0) {
		point.act = ACT_TRACE_VALUES;
		point.value = IOCTL_REQUESTS;
	}
	return point;
}

static unsigned put_abi(struct builder *builder, const struct snr_image *image,
			const struct arch_abi *abi)
{
	struct points calls = {.n = 0}, intervals;
	struct blocks blocks;

	for (unsigned op = 0; op < SNR_NOPS; op++) {
		struct point point = point_of((enum snr_op)op);

		point.gate = filter_has_gate(image, abi, (enum snr_op)op);
		if (filter_wants(image, (enum snr_op)op))
			add_call(&calls, filter_number(abi, op), point);
	}
	for (unsigned on = 0; on < SNR_NONS; on++)
		if (snr_fault_is_on(image, (enum snr_on)on))
			add_call(&calls, filter_number(abi, FILTER_FIRST_ON + on),
				 (struct point){.act = ACT_TRACE,
						.code = (uint16_t)(FILTER_FIRST_ON + on)});
	for (size_t i = 0; i < sizeof(extras) / sizeof(*extras); i++)
		if (extras[i].code != FILTER_IO_URING || !(image->flags & SNR_IMAGE_IO_URING))
			add_call(&calls, filter_number(abi, extras[i].code), extras[i]);
	make_intervals(&calls, &intervals, abi);
	put_blocks(builder, abi, &blocks);
	put_tree(builder, intervals.at, 0, intervals.n - 1, &blocks);
	return put_load(builder, offsetof(struct seccomp_data, nr));
}

int filter_build(const struct snr_image *image, uint32_t stop, struct sock_filter *out)
{
	struct builder builder = {.code = out, .at = FILTER_MAX, .stop = stop};
	/* Calls of an architecture that no filter stops would run on the wrong files. */
	unsigned next = put_return(&builder, SECCOMP_RET_KILL_PROCESS);
	unsigned size;

	for (unsigned i = arch_nabis; i-- > 0;) {
		unsigned abi = put_abi(&builder, image, &arch_abis[i]);

		next = put_jump(&builder, BPF_JEQ, arch_abis[i].audit, abi, next);
	}
	put_load(&builder, offsetof(struct seccomp_data, arch));
	if (builder.full)
		return -E2BIG;
	size = FILTER_MAX - builder.at;
	memmove(out, out + builder.at, size * sizeof(*out));
	return (int)size;
}

/* capget(2), version 3: two words of each set. libcap would ask the kernel a dozen things before
 * main, at every start. */
bool tracer_has_capability(unsigned capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

static int load(const struct sock_fprog *program)
{
	if (!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, program))
		return 0;
	/* The flag is of Linux 4.17. */
	if (errno == EINVAL && !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program))
		return 0;
	return -errno;
}

int tracer_filter_install(const struct snr_image *image)
{
	struct sock_filter *code = malloc(FILTER_MAX * sizeof(*code));
	struct sock_fprog program = {.filter = code};
	int r;

	if (!code)
		return -ENOMEM;
	r = filter_build(image, SECCOMP_RET_TRACE, code);
	if (r > 0) {
		program.len = (unsigned short)r;
		r = !tracer_has_capability(CAP_SYS_ADMIN) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
			    ? -errno
			    : load(&program);
	}
	free(code);
	return r;
}
