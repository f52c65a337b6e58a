/* SPDX-License-Identifier: MIT
 * Calls of a process that was handed over without a shim, planned where the kernel asks about them
 * (seccomp_unotify(2)). Its registers are its tracer's: a call that has to be another one is ended,
 * and the code that it comes back to is for this moment a jump to a detour, which makes the right
 * call and goes back. If a signal comes first, the kernel makes the original call again. Used by
 * serve.c only.
 * It must never let a call through that the rules change: what cannot be changed here fails.
 */
#include "tracer/bare.h"

#include "tracer/exec.h"
#include "tracer/filter.h"
#include "tracer/memory.h"
#include "tracer/note.h"
#include "tracer/proc.h"
#include "tracer/socket.h"

#include "shared/address.h"
#include "shared/environ.h"
#include "shared/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* A handler may make a call while another one is on its detour: none is used again soon. */
#define SLOTS      (BARE_START / ARCH_DETOUR)
#define FD_TRIES   16
#define SLOT_SIZE  (2ul * SNR_PATH_MAX + 64) /* strings of a call that executes nothing */
#define FIRST_SLOT (BARE_CODE + BARE_HEAD)
#define STACK_LOOK (1ul << 16) /* bytes above the stack pointer */
#define EXEC_AT    (FIRST_SLOT + SLOTS * SLOT_SIZE)

/* One question. */
struct question {
	struct tracer *tracer;
	const struct bare *bare;
	struct bare_detours *detours;
	const struct seccomp_notif *asked;
	struct seccomp_notif_resp *answer;
	struct tracee tracee; /* as the planners want it */
	struct arch_call call;
};

static int open_memory(const struct bare *bare, pid_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	/* Yama: what the tracer has opened is good for the first one only. */
	return fd < 0 && pid == bare->pid && bare->memory >= 0 ? dup(bare->memory) : fd;
}

int bare_describe(struct bare *bare, const struct tracee *tracee, uint64_t map)
{
	ssize_t n;

	memset(bare, 0, sizeof(*bare));
	n = proc_read(tracee->tid, "auxv", bare->image, sizeof(bare->image));
	if (n <= 0)
		return n < 0 ? (int)n : -EIO;
	bare->map = map;
	bare->pid = tracee->tgid;
	bare->shared = tracee->space->refs > 1;
	bare->image_size = (uint32_t)n;
	bare->memory = -1;
	bare->memory = open_memory(bare, tracee->tgid);
	return 0;
}

/* Does PID, or a parent of its, still run what was handed over? Where things lie in memory, the
 * random bytes among them, is another place in each image. */
static bool is_same_image(const struct bare *bare, pid_t pid)
{
	char image[BARE_IMAGE];

	return proc_read(pid, "auxv", image, sizeof(image)) == (ssize_t)bare->image_size &&
	       !memcmp(image, bare->image, bare->image_size);
}

static struct bare_detour *find_detour(struct bare_detours *detours, pid_t pid)
{
	for (int i = 0; i < BARE_DETOURS; i++)
		if (detours->at[i].pid == pid)
			return &detours->at[i];
	return NULL;
}

/* Where its memory has gone there is nothing to put back. */
static void end_detour(struct bare_detour *detour)
{
	if (pwrite(detour->memory, detour->code, sizeof(detour->code), (off_t)detour->ip) < 0)
		detour->ip = 0;
	detour->pid = 0;
	close(detour->memory);
}

static void put_back(struct bare_detours *detours, pid_t pid)
{
	struct bare_detour *detour = find_detour(detours, pid);

	if (detour)
		end_detour(detour);
}

/* A free place, or one of somebody who has died. */
static struct bare_detour *new_detour(struct bare_detours *detours)
{
	for (int i = 0; i < BARE_DETOURS; i++)
		if (detours->at[i].pid && kill(detours->at[i].pid, 0) && errno == ESRCH)
			end_detour(&detours->at[i]);
	return find_detour(detours, 0);
}

/* The user's stack pointer of PID, which waits in a call: proc(5), syscall. 0: not known. */
static uint64_t read_stack(pid_t pid)
{
	char text[256];
	unsigned long long sp = 0;
	ssize_t n = proc_read(pid, "syscall", text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	return sscanf(text, "%*d %*x %*x %*x %*x %*x %*x %llx", &sp) == 1 ? sp : 0;
}

/* A handler makes a call before the detour has begun. Either the signal came when the call had just
 * ended: the kernel makes it again. Or it came just in front of the jump: what the handler will
 * return to says so, and has to say that the call is to be made again, too. */
static void make_again(const struct bare_detour *detour)
{
	uint64_t sp = read_stack(detour->pid), words[512];

	for (unsigned i = 0; sp && i < STACK_LOOK / sizeof(words); i++) {
		ssize_t n = pread(detour->memory, words, sizeof(words), (off_t)sp);
		unsigned count = n <= 0 ? 0 : (unsigned)n / sizeof(*words);
		int at = arch_find_frame(words, count, detour->ip, BARE_AGAIN, detour->nr);

		if (at >= 0)
			n = pwrite(detour->memory, words + at, ARCH_FRAME * sizeof(*words),
				   (off_t)(sp + (uint64_t)at * sizeof(*words)));
		if (at >= 0 || count <= ARCH_FRAME)
			return;
		sp += (count - ARCH_FRAME) * sizeof(*words);
	}
}

static void refuse(const struct question *question, int error)
{
	question->answer->flags = 0;
	question->answer->error = error;
}

/* Better than a wrong file. */
static void refuse_loudly(const struct question *question, const char *call)
{
	note_bare(question->tracer, &question->tracee, call);
	refuse(question, -EPERM);
}

/* The code to come back to is changed for one thread: nobody else may run it. What shares its
 * memory with others began in a place of its own. */
static bool may_detour(const struct question *question)
{
	const uint64_t start = question->bare->map + BARE_START;
	const uint64_t ip = question->asked->data.instruction_pointer;

	return question->call.abi->index == arch_abis[0].index &&
	       ((ip > start && ip < question->bare->map + BARE_CODE) ||
		(!question->bare->shared &&
		 proc_number((pid_t)question->asked->pid, "Threads") == 1));
}

/* Let the call be made with ARGS. False: it cannot be. */
static bool detour(const struct question *question, const uint64_t args[ARCH_NARGS])
{
	struct bare_detours *detours = question->detours;
	struct bare_detour *detour = new_detour(detours);
	const int memory = question->tracer->memory_fd;
	const uint64_t ip = question->asked->data.instruction_pointer;
	const uint64_t at = question->bare->map + detours->slots % SLOTS * ARCH_DETOUR;
	uint8_t code[ARCH_DETOUR] = {0}, jump[ARCH_JUMP];
	uint64_t saved[ARCH_NARGS];

	if (!detour || !may_detour(question) ||
	    pread(memory, detour->code, sizeof(detour->code), (off_t)ip) != sizeof(detour->code))
		return false;
	for (int i = 0; i < ARCH_NARGS; i++)
		saved[i] = question->asked->data.args[i];
	arch_write_detour(code, question->call.nr, args, saved, ip);
	arch_write_jump(jump, at);
	detour->memory = dup(memory);
	if (detour->memory < 0 || pwrite(memory, code, sizeof(code), (off_t)at) != sizeof(code) ||
	    pwrite(memory, jump, sizeof(jump), (off_t)ip) != sizeof(jump)) {
		if (detour->memory >= 0)
			close(detour->memory);
		return false;
	}
	detour->ip = ip;
	detour->nr = question->call.nr;
	detour->pid = (pid_t)question->asked->pid;
	detours->slots++;
	refuse(question, BARE_AGAIN);
	return true;
}

static uint64_t slot_of(const struct question *question)
{
	return question->bare->map + FIRST_SLOT + question->detours->slots % SLOTS * SLOT_SIZE;
}

/* SECCOMP_IOCTL_NOTIF_ADDFD, Linux 5.9. Number 0: whatever is free. */
static int add_image(const struct question *question, uint32_t number)
{
	struct seccomp_notif_addfd add = {.id = question->asked->id,
					  .flags = number ? SECCOMP_ADDFD_FLAG_SETFD : 0,
					  .srcfd = (uint32_t)question->tracer->image_fd,
					  .newfd = number};

	return ioctl(question->bare->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
}

/* The rules as under engine preload: a descriptor of its own that programs do not stumble over.
 * Returns it or -errno. */
static int give_image(const struct question *question)
{
	struct stat ours, st;
	char path[48];

	if (fstat(question->tracer->image_fd, &ours))
		return -errno;
	for (int fd = SNR_FD_BASE; fd < SNR_FD_BASE + FD_TRIES; fd++) {
		snprintf(path, sizeof(path), "/proc/%u/fd/%d", question->asked->pid, fd);
		/* It may have executed something that was not there. */
		if (!stat(path, &st) && st.st_dev == ours.st_dev && st.st_ino == ours.st_ino)
			return fd;
		if (lstat(path, &st) && errno == ENOENT) {
			fd = add_image(question, (uint32_t)fd);
			return fd >= 0 ? fd : add_image(question, 0);
		}
	}
	return -EMFILE;
}

static void answer_exec(struct question *question, enum snr_op op)
{
	struct exec_place place = {question->bare->map + EXEC_AT, BARE_SIZE - EXEC_AT};
	uint64_t args[ARCH_NARGS];
	char value[SNR_IMAGE_VALUE];
	int r, fd = give_image(question);

	if (fd < 0) {
		refuse_loudly(question, snr_pathops[op].name);
		return;
	}
	snr_environ_image(fd, question->tracee.tgid, value);
	question->tracee.image_value = value;
	memcpy(args, question->call.arg, sizeof(args));
	r = exec_rewrite(question->tracer, &question->tracee, &question->call, op, &place, args);
	if (r < 0)
		refuse(question, r);
	else if (r > 0 && !detour(question, args))
		refuse_loudly(question, snr_pathops[op].name);
}

/* Names that the kernel gives: getcwd's can be known before, links of /proc are not looked at. */
static bool gives_real_name(struct question *question, enum snr_op op, const struct snr_plan *plan)
{
	struct tracer *tracer = question->tracer;
	const struct snr_host *host = &tracer->redirector.host;
	long n, len;

	if (snr_pathop_find(&snr_pathops[op], SNR_ROLE_LPATH) >= 0)
		return plan->reverse;
	n = host->directory(host->context, AT_FDCWD, tracer->text[0], SNR_PATH_MAX);
	if (n <= 0)
		return false;
	len = snr_reverse(tracer->redirector.image, tracer->text[0], (size_t)n, tracer->name,
			  SNR_PATH_MAX);
	return len != n || memcmp(tracer->text[0], tracer->name, (size_t)n) != 0;
}

static void answer_changed(struct question *question, const struct snr_plan *plan)
{
	struct tracee_piece pieces[SNR_MAX_PATHS];
	uint64_t args[ARCH_NARGS], at = slot_of(question);
	enum snr_op op = (enum snr_op)filter_code(question->call.abi, question->call.nr);
	bool written;

	memcpy(args, question->call.arg, sizeof(args));
	for (int i = 0; i < plan->npaths; i++) {
		pieces[i] = (struct tracee_piece){plan->text[i], (size_t)plan->path_len[i] + 1};
		args[plan->path_arg[i]] = at + (i ? pieces[0].size : 0);
	}
	written = !plan->how_changed && !plan->reverse &&
		  !tracee_write(question->tracer, &question->tracee, at, pieces, plan->npaths);
	if (!written || !detour(question, args))
		refuse_loudly(question, snr_pathops[op].name);
}

static void answer_path(struct question *question, enum snr_op op)
{
	struct tracer *tracer = question->tracer;
	struct snr_call args = {.op = op};
	struct snr_plan plan;

	memcpy(args.arg, question->call.arg, sizeof(args.arg));
	for (int i = 0; i < SNR_MAX_PATHS; i++)
		plan.text[i] = tracer->text[i];
	snr_plan_call(&tracer->redirector, &tracer->scratch, &args, &plan);
	if (plan.overlay.deed ||
	    (plan.verdict != SNR_FINISHED && (snr_pathops[op].effects & SNR_REVERSES) &&
	     gives_real_name(question, op, &plan))) {
		refuse_loudly(question, snr_pathops[op].name);
		return;
	}
	if (plan.verdict != SNR_CHANGED || question->call.abi->word != 8)
		note_plan(tracer, &question->tracee, &args, &plan);
	if (plan.verdict == SNR_FINISHED && plan.result < 0)
		refuse(question, plan.result);
	else if (plan.verdict != SNR_UNCHANGED)
		answer_changed(question, &plan);
}

/* Is something in the listing of descriptor FD that the kernel does not know? */
static bool lists_rules(struct question *question, int fd)
{
	struct tracer *tracer = question->tracer;
	const struct snr_host *host = &tracer->redirector.host;
	struct snr_listing listing;
	long n = host->directory(host->context, fd, tracer->name, SNR_PATH_MAX);

	return n > 0 && (snr_listing_begin(&listing, tracer->redirector.image, host,
					   &tracer->scratch, tracer->name, (size_t)n) ||
			 snr_listing_edits(&listing, tracer->redirector.image, host,
					   &tracer->scratch, tracer->name, (size_t)n));
}

/* A name that a rule is for; in messages nobody looks for it. */
static bool names_socket(struct question *question, enum snr_op op)
{
	const struct snr_pathop *row = &snr_pathops[op];
	struct tracer *tracer = question->tracer;
	int arg = snr_pathop_find(row, SNR_ROLE_SOCKADDR);
	unsigned char address[SNR_ADDRESS_SIZE], out[SNR_ADDRESS_SIZE];
	struct snr_address_plan plan;
	size_t len = arg < 0 ? 0 : (uint32_t)question->call.arg[arg + 1];

	if (arg < 0 || len > sizeof(address) ||
	    tracee_read(tracer, &question->tracee, question->call.arg[arg], address, len))
		return false;
	snr_plan_address(&tracer->redirector, &tracer->scratch, address, len,
			 row->effects & SNR_CREATES, out, tracer->text[0], &plan);
	return plan.verdict != SNR_UNCHANGED;
}

static void plan(struct question *question)
{
	int code = filter_code(question->call.abi, question->call.nr);
	enum snr_op op = (enum snr_op)code;

	if (code < 0 || code >= SNR_NOPS || tracee_is_elsewhere(question->tracer))
		return;
	if (snr_pathops[op].effects & SNR_EXECS)
		answer_exec(question, op);
	else if (snr_pathops[op].effects & SNR_LISTS) {
		if (lists_rules(question, (int)(uint32_t)question->call.arg[0]))
			refuse_loudly(question, snr_pathops[op].name);
	} else if (socket_is_call(&snr_pathops[op])) {
		if (names_socket(question, op))
			refuse_loudly(question, snr_pathops[op].name);
	} else {
		answer_path(question, op);
	}
}

static void read_question(struct question *question)
{
	const struct seccomp_data *data = &question->asked->data;
	const pid_t tid = (pid_t)question->asked->pid;
	long tgid = proc_number(tid, "Tgid");
	struct arch_call *call = &question->call;

	call->abi = &arch_abis[0];
	for (unsigned i = 0; i < arch_nabis; i++)
		if (arch_abis[i].audit == data->arch)
			call->abi = &arch_abis[i];
	call->nr = (uint32_t)data->nr;
	for (int i = 0; i < ARCH_NARGS; i++)
		call->arg[i] = data->args[i];
	question->tracee.tid = tid;
	question->tracee.tgid = tgid > 0 ? (pid_t)tgid : tid;
	question->tracee.abi = call->abi;
	question->tracer->current = &question->tracee;
	question->tracer->creds_known = false;
}

void bare_answer(struct tracer *tracer, const struct bare *bare, struct bare_detours *detours,
		 const struct seccomp_notif *asked, struct seccomp_notif_resp *answer)
{
	const uint64_t ip = asked->data.instruction_pointer;
	const bool on_detour = ip > bare->map && ip < bare->map + BARE_START;
	const struct bare_detour *before = find_detour(detours, (pid_t)asked->pid);
	struct question question = {.tracer = tracer,
				    .bare = bare,
				    .detours = detours,
				    .asked = asked,
				    .answer = answer};

	if (before && !on_detour)
		make_again(before);
	put_back(detours, (pid_t)asked->pid);
	if (on_detour || !is_same_image(bare, (pid_t)asked->pid))
		return;
	read_question(&question);
	tracer->memory_fd = open_memory(bare, (pid_t)asked->pid);
	plan(&question);
	if (tracer->memory_fd >= 0)
		close(tracer->memory_fd);
	tracer->memory_fd = -1;
}
