/* SPDX-License-Identifier: MIT
 * A learning run: the parent of the program, which hears what it asks for. Only main.c calls it.
 * It must never keep a signal or a status from where it belongs.
 */
#include <stdio.h>

#include "launcher/learn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launcher/fail.h"
#include "launcher/learn_report.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

/* What others send to this process is for the program; what a terminal sends, it gets by itself. */
static const int passed_on[] = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP,
				SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

struct hearing {
	struct learn *learn;
	struct tally tally;
	pid_t program; /* 0: it has ended */
	int status;
	int signals;
	bool enough; /* nothing more is to be heard */
	char bytes[16 * SNR_RECORD_SIZE];
	size_t held; /* of BYTES */
};

/* ---- before ---- */

/* The directory that FILE will be made in. */
static const char *directory_of(const char *file, char *room, size_t size)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		return ".";
	snprintf(room, size, "%.*s", slash == file ? 1 : (int)(slash - file), file);
	return room;
}

static void check_file(const char *option, const char *file)
{
	char room[SNR_PATH_MAX];
	struct stat now;

	if (stat(file, &now) == 0 && !S_ISREG(now.st_mode))
		die(STATUS_FAILED, option, "%s is no regular file; name one", file);
	if (access(directory_of(file, room, sizeof(room)), W_OK | X_OK) < 0)
		die(STATUS_FAILED, option, "%s cannot be made: %m; name another file", file);
}

void learn_prepare(struct learn *learn, bool by_shim)
{
	struct stat now;
	int ends[2];

	if (learn->rules_file && access(learn->rules_file, F_OK) == 0)
		die(STATUS_FAILED, "--learn",
		    "%s is there already, and may hold rules that somebody has worked on; name "
		    "another file, or remove it",
		    learn->rules_file);
	if (learn->rules_file)
		check_file("--learn", learn->rules_file);
	if (learn->report_file)
		check_file("--report", learn->report_file);
	if (pipe2(ends, O_CLOEXEC) < 0 || fstat(ends[1], &now) < 0)
		die(STATUS_FAILED, "--learn", "no pipe to be had: %m; free some descriptors");
	/* As much as is allowed, so that programs wait less. */
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	learn->in = ends[0];
	learn->out = ends[1];
	learn->by_shim = by_shim;
	learn->inode = (uint32_t)now.st_ino;
	snprintf(learn->name, sizeof(learn->name), "/proc/%d/fd/%d", (int)getpid(), learn->out);
}

/* ---- meanwhile ---- */

static bool is_whole(const struct snr_record *record)
{
	return record->op < SNR_NOPS &&
	       sizeof(*record) + record->start_len + record->name_len + record->to_len <=
		       record->size;
}

/* Add the records that are complete; keep what is left. */
static void add_records(struct hearing *hearing)
{
	size_t at = 0;

	while (hearing->held - at >= sizeof(struct snr_record)) {
		union {
			struct snr_record record;
			char bytes[SNR_RECORD_SIZE];
		} one;

		memcpy(&one, hearing->bytes + at, sizeof(one.record));
		if (one.record.size < sizeof(one.record) || one.record.size > sizeof(one)) {
			/* Not ours: nothing that follows could be understood. */
			at = hearing->held;
			break;
		}
		if (hearing->held - at < one.record.size)
			break;
		memcpy(&one, hearing->bytes + at, one.record.size);
		at += one.record.size;
		if (is_whole(&one.record))
			tally_add(&hearing->tally, &one.record);
	}
	hearing->held -= at;
	memmove(hearing->bytes, hearing->bytes + at, hearing->held);
}

/* Returns what read(2) did. */
static ssize_t hear(struct hearing *hearing)
{
	ssize_t got = read(hearing->learn->in, hearing->bytes + hearing->held,
			   sizeof(hearing->bytes) - hearing->held);

	if (got > 0) {
		hearing->held += (size_t)got;
		add_records(hearing);
	}
	return got;
}

static void handle_signal(struct hearing *hearing)
{
	struct signalfd_siginfo info;
	int status;

	if (read(hearing->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		if (hearing->program && waitpid(hearing->program, &status, WNOHANG) > 0) {
			hearing->status = status;
			hearing->program = 0;
			/* Of others that still run, only the tracer would tell the end. */
			hearing->enough = hearing->learn->by_shim;
		}
	} else if (!hearing->program) {
		hearing->enough |= info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM ||
				   info.ssi_signo == SIGHUP;
	} else if (info.ssi_code <= 0 || info.ssi_signo == SIGALRM) {
		/* Sent by a process (sigaction(2)), or a timer that was set before us. */
		kill(hearing->program, (int)info.ssi_signo);
	}
}

static void listen_to_all(struct hearing *hearing)
{
	struct pollfd source[2] = {{.fd = hearing->learn->in, .events = POLLIN},
				   {.fd = hearing->signals, .events = POLLIN}};

	while (!hearing->enough) {
		if (poll(source, 2, -1) < 0)
			continue;
		if (source[0].revents && hear(hearing) == 0)
			source[0].fd = -1; /* the tracer has gone, and so has every program */
		if (source[1].revents & POLLIN)
			handle_signal(hearing);
		hearing->enough |= source[0].fd < 0 && !hearing->program;
	}
	/* What is in the pipe still. */
	fcntl(hearing->learn->in, F_SETFL, O_NONBLOCK);
	while (hear(hearing) > 0)
		;
}

/* ---- afterwards ---- */

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t wrote = write(fd, text, size);

		if (wrote < 0 && errno != EINTR)
			return -errno;
		if (wrote > 0) {
			text += wrote;
			size -= (size_t)wrote;
		}
	}
	return 0;
}

/* A new file MADE gets the name FILE; with RENAME_NOREPLACE among FLAGS not that of another. */
static int give_name(const char *made, const char *file, unsigned flags)
{
	if (syscall(SYS_renameat2, AT_FDCWD, made, AT_FDCWD, file, flags) == 0)
		return 0;
	/* File systems that do not know the flag: EINVAL. */
	if (errno == EINVAL && rename(made, file) == 0)
		return 0;
	return -errno;
}

/* TEXT becomes FILE, whole or not at all. */
static void write_file(const char *option, const char *file, const char *text, size_t size,
		       unsigned flags)
{
	mode_t mask = umask(0);
	char *made;
	int fd, error;

	umask(mask);
	if (asprintf(&made, "%s.XXXXXX", file) < 0)
		die(STATUS_FAILED, option, "no memory left");
	fd = mkostemp(made, O_CLOEXEC);
	error = fd < 0 ? -errno : write_all(fd, text, size);
	if (!error && (fchmod(fd, 0666 & ~mask) < 0 || close(fd) < 0))
		error = -errno;
	if (!error)
		error = give_name(made, file, flags);
	if (!error) {
		free(made);
		return;
	}
	if (fd >= 0)
		unlink(made);
	die(STATUS_FAILED, option, "%s cannot be made: %s; name another file", file,
	    strerror(-error));
}

static void write_files(const struct learn *learn, const struct learnt *learnt)
{
	const char *called = learn->rules_file ? learn->rules_file : "learnt.rules";
	size_t rules_size, size;
	char *rules = learn_rules(learnt, called, &rules_size);

	if (!rules)
		die(STATUS_FAILED, "--learn", "no memory left for what was learnt");
	if (learn->rules_file)
		write_file("--learn", learn->rules_file, rules, rules_size, RENAME_NOREPLACE);
	if (learn->report_file) {
		char *report = learn_report(learnt, rules, rules_size, &size);

		if (!report)
			die(STATUS_FAILED, "--report", "no memory left for the report");
		write_file("--report", learn->report_file, report, size, 0);
		free(report);
	}
	free(rules);
}

/* End as the program did, by the same signal too; no second core dump. */
static _Noreturn void end_as(int status)
{
	struct rlimit none = {0, 0};
	sigset_t all;

	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	_exit(128 + WTERMSIG(status));
}

/* The program has its own copies: whoever waits for the end of a pipe shall not wait for us. */
static void let_go_of_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

static _Noreturn void be_parent(struct learn *learn, struct learnt *learnt, pid_t program,
				const sigset_t *signals)
{
	static struct hearing hearing;

	hearing.learn = learn;
	hearing.tally.waits = !learn->by_shim;
	hearing.program = program;
	hearing.signals = signalfd(-1, signals, SFD_CLOEXEC);
	let_go_of_streams();
	/* Shims open it by name; of the tracer, the end is to be heard. */
	if (!learn->by_shim)
		close(learn->out);
	listen_to_all(&hearing);
	learnt->tally = &hearing.tally;
	learnt->status = hearing.status;
	/* A program that could not be started has nothing to teach. */
	if (learn->by_shim ? hearing.tally.calls > 0 : hearing.tally.ran)
		write_files(learn, learnt);
	end_as(hearing.status);
}

void learn_fork(struct learn *learn, struct learnt *learnt)
{
	sigset_t signals, before;
	pid_t program;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
		sigaddset(&signals, passed_on[i]);
	sigprocmask(SIG_BLOCK, &signals, &before);
	struct sigaction wanted = {.sa_handler = SIG_DFL}, inherited;
	sigaction(SIGCHLD, &wanted, &inherited);
	program = fork();
	if (program < 0)
		die(STATUS_FAILED, "--learn", "no process to be had: %m; try again");
	if (program)
		be_parent(learn, learnt, program, &signals);
	sigaction(SIGCHLD, &inherited, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(learn->in);
	if (learn->by_shim)
		close(learn->out);
}
