/* SPDX-License-Identifier: MIT
 * One thread under the tracer, the memory it shares with others, and the table of all of them.
 * Used inside tracer/ only. Nothing here may block, or end the tracer over one tracee's trouble.
 */
#ifndef SNR_TRACEE_H
#define SNR_TRACEE_H

#include "shared/exec.h"
#include "shared/fault.h"
#include "shared/gate.h"
#include "tracer/arch/arch.h"

#include <sys/types.h>

/* A piece of scratch memory mapped into a tracee, cut into slots of one size. */
struct tracee_chunk {
	struct tracee_chunk *next;
	struct tracee_chunk *next_free; /* of those of its class that have a free slot */
	uint64_t address;
	uint64_t slot_size;
	uint32_t nslots;
	uint32_t used;   /* bit i: slot i is taken */
	uint32_t marked; /* bit i: slot i begins with our signature */
	uint8_t word;    /* mapped by an ABI of this pointer size: its calls can name it */
};

/* An address space. Threads and vfork children share one. */
struct tracee_space {
	unsigned refs;
	struct tracee_chunk *chunks;
	struct tracee_chunk *free[4]; /* by class: scratch.c */
	uint64_t bare;                /* memory of bare.h in it, 0: none */
	unsigned starts;              /* how many began in it */
	bool gated;                   /* it has the words of a gate (shared/gate.h) */
	unsigned guests; /* tracees in it that have a cwd of their own: vfork children */
	int8_t dumpable; /* what prctl(PR_SET_DUMPABLE) was told, or -1: ask the kernel */
};

/* What is due at the next exit stop. */
enum tracee_due {
	TRACEE_NOTHING,
	TRACEE_RESTORE, /* put argument registers back */
	TRACEE_REVERSE, /* the same, and hand a name that the kernel gave on to the program */
	TRACEE_SENT,    /* the same, and tell the program what sendmmsg sent */
	TRACEE_NAMED,   /* names of sockets came back: socket.c */
	TRACEE_LISTED,  /* extra names go behind those of a directory: list.c */
	TRACEE_STARTED, /* a new image runs: image.c, as the next two */
	TRACEE_NAMING,  /* its prctl begins */
	TRACEE_RENAMED, /* its prctl is over */
	TRACEE_FAULT,   /* the call fails, although it was made: fault.c */
	TRACEE_MAP,     /* a mapping was made: keep it, make the original call again */
};

/* A wait that was ended by a signal that is none to the program: signal.c. */
enum tracee_wait {
	TRACEE_WAITS_NOT,
	TRACEE_WAITS_AGAIN, /* the call will be made again: its entry comes */
	TRACEE_WAITS,       /* it is in the call: its exit comes */
	TRACEE_WAS_WOKEN,   /* the call is over: the signal that ended it comes, or another call */
};

struct tracee_slot {
	struct tracee_chunk *chunk; /* NULL: none held */
	unsigned index;
};

struct tracee {
	struct tracee *next; /* in its hash chain, or in the list of free ones */
	pid_t tid;
	pid_t tgid;
	struct tracee_space *space;
	const struct arch_abi *abi; /* of its last seccomp stop */

	bool unclaimed; /* it was seen before its parent's event, which will come or never does */
	bool orphan;    /* ... and is held until then */
	bool dead;      /* ... and has gone already */
	bool threaded;  /* its process has, or had, several threads */
	int status;     /* of an orphan: the wait status still to be handled */

	/* What `fault` rules say of its call. */
	struct {
		bool asked;    /* for this call, ... */
		bool repeated; /* ... which is made once more by us */
		struct snr_fault_answer answer;
	} fault;
	bool native;             /* it runs without rules, and so do its children */
	bool becomes_native;     /* ... once the exec that was planned last has worked */
	bool ending;             /* it has come to its exit (asked for --stats only) */
	bool filtered;           /* a filter of the program's own is in its way: it has no gate */
	bool asked;              /* hand.c: it will be traced by its parent once it executes */
	bool fresh;              /* it has not executed anything since it was made */
	bool guest;              /* its cwd is not that of others in its address space */
	bool relinks;            /* names lead elsewhere once the call is over */
	bool moves;              /* ... or the cwd, which its shim remembers */
	const char *image_value; /* bare.c asks for it, which is none of ours: SNAPREDIR_IMAGE */
	enum tracee_due due;
	struct tracee_slot slot;
	uint8_t changed; /* bit i: argument register i has to get saved[i] back */
	uint64_t saved[ARCH_NARGS];
	uint64_t out; /* TRACEE_REVERSE: the program's buffer, its size ... */
	uint64_t out_size;
	uint64_t divert;                /* ... and ours, to which the kernel writes meanwhile */
	struct tracee_list *list;       /* TRACEE_LISTED: what list.c must know, or NULL */
	struct tracee_image *image;     /* what image.c must know across exec, or NULL */
	uint64_t gate;                  /* TRACEE_STARTED: where the vDSO makes a system call */
	struct tracee_records *records; /* record.c: of the call that runs, or NULL */
	struct tracee_hand *hand;       /* hand.c: it is being handed over, or NULL */
	bool kept;                      /* ... that was not possible */
	pid_t waits_for;                /* ... whose being handed over it waits for, 0: nobody's */
	struct tracee_names *names;     /* TRACEE_NAMED: what socket.c must know, or NULL */
	uint64_t map_size;              /* TRACEE_MAP: of the chunk, and of its slots */
	uint64_t slot_size;
	enum tracee_wait wait;
	uint64_t wait_nr;      /* signal.c: of a call that an ignored signal must not end ... */
	int64_t wait_until;    /* ... and when it ends by itself: CLOCK_MONOTONIC, nanoseconds */
	int map_error;         /* the last try to map failed with this; 0 once it was told */
	struct arch_regs regs; /* TRACEE_MAP: of the original call */
};

/* A descriptor whose listing has not shown all extra names yet; CHILD 0: none. */
struct list_rest {
	pid_t tgid;
	int fd;
	uint32_t child;
};

/* The tracer's state: one, made by tracer_main. */
struct tracer {
	struct snr_redirector redirector;
	struct snr_facts facts;
	struct snr_board *board;   /* gate.c; NULL: none */
	uint32_t moves;            /* of cwds, told to shims */
	char gate[SNR_GATE_VALUE]; /* value of SNAPREDIR_GATE; empty: no program has one */
	struct snr_scratch scratch;
	char text[SNR_MAX_PATHS][SNR_PATH_MAX]; /* for plans */
	char name[SNR_PATH_MAX];                /* for names that come back */
	struct snr_exec_plan exec;
	struct exec_file *looked_at; /* exec_file.c */
	struct list_rest rest[32];   /* list.c */
	unsigned nrests;
	struct socket_names *names; /* socket_names.c; NULL: none */
	struct snr_fault_counts faults;
	struct tracee *current; /* whose call is being planned */
	int log_fd;
	int image_fd;        /* where a shim finds the rules that has no gate, or -1 */
	int memory_fd;       /* bare.c: the current tracee's /proc/PID/mem; -1: process_vm_readv */
	struct serve *serve; /* serve.c; NULL: nobody was handed over yet */
	int stats_fd;        /* count.c; -1: nobody is to be told */
	pid_t program;       /* the first one */
	int record_fd;       /* the pipe of a learning run, or -1 */
	bool memory_by_ptrace; /* process_vm_readv is forbidden here */
	bool roots_differ;     /* some tracee may have another root or mount namespace */
	bool is_root;          /* the tracer itself */
	bool sees_undumpable;  /* ... has CAP_SYS_PTRACE */
	gid_t gid;             /* ... and its group */
	bool creds_known;      /* for this stop: creds.c */
	bool creds_differ;
	unsigned creds_taken; /* pairs of creds_take and creds_return that are open */
	bool creds_own_all;   /* CAP_FOWNER */
	unsigned creds_uid, creds_gid;
	uint64_t signature; /* of our slots */

	struct tracee **table; /* chains by tid */
	unsigned table_size;   /* a power of two */
	unsigned count;
	unsigned orphans;
	struct tracee *free;
};

/* --- tracee.c: the table --- */

/* Prepare TRACER's table. Returns 0 or -ENOMEM. */
int tracee_table_init(struct tracer *tracer);
/* Free everything that tracee_table_init and tracee_new took. */
void tracee_table_free(struct tracer *tracer);

struct tracee *tracee_find(const struct tracer *tracer, pid_t tid);
/* A tracee with a fresh address space. NULL: no memory. */
struct tracee *tracee_new(struct tracer *tracer, pid_t tid, pid_t tgid);
/* Forget TRACEE, whatever it holds. */
void tracee_drop(struct tracer *tracer, struct tracee *tracee);
/* TRACEE has changed its tid: exec by a thread that is not the leader. */
void tracee_rename(struct tracer *tracer, struct tracee *tracee, pid_t tid);

/* CHILD's address space is, or is a copy of, PARENT's. Returns 0 or -ENOMEM. */
int tracee_share_space(struct tracee *child, struct tracee *parent);
int tracee_copy_space(struct tracee *child, const struct tracee *parent);
/* TRACEE has an empty address space after exec(2). Returns 0 or -ENOMEM. */
int tracee_fresh_space(struct tracee *tracee);

/* --- scratch.c: memory of ours in the tracee --- */

/* Take a slot of at least SIZE bytes that calls of ABI can name. Returns its address, or 0: none.
 */
uint64_t scratch_take(struct tracer *tracer, struct tracee *tracee, uint64_t size);
void scratch_release(struct tracee *tracee);
/* CHUNK, of which no slot is taken, belongs to SPACE. */
void scratch_add(struct tracee_space *space, struct tracee_chunk *chunk);
/* At a seccomp stop: map more, for a slot of SIZE bytes, and make the call again afterwards.
 * Resumes the tracee. Returns 0 or -errno. */
int scratch_map(struct tracee *tracee, uint64_t size);
/* At the exit stop of that. Returns 0 or -errno. */
int scratch_mapped(struct tracee *tracee);

/* --- enter.c, leave.c, exec.c, birth.c: the stops --- */

/* At a seccomp stop. */
void tracee_enter(struct tracer *tracer, struct tracee *tracee);
/* Is CALL, whose path is in scratch.path, one of ld.so's that looks for the shim? */
bool tracee_seeks_shim(const struct tracer *tracer, const struct snr_call *call);
/* At an exit stop. */
void tracee_leave(struct tracer *tracer, struct tracee *tracee);
/* At the seccomp stop of execve or execveat. */
void tracee_exec(struct tracer *tracer, struct tracee *tracee, const struct arch_call *call,
		 enum snr_op op);
/* The same where the rules do not apply. */
void tracee_exec_elsewhere(struct tracer *tracer, struct tracee *tracee,
			   const struct arch_call *call, enum snr_op op);
/* At EVENT_EXEC. */
void tracee_exec_done(struct tracer *tracer, struct tracee *tracee);
/* At the event of a fork, vfork or clone. */
void tracee_birth(struct tracer *tracer, struct tracee *parent);

/* Let TRACEE run on, delivering signal SIG; to its exit stop if something is due there. */
void tracee_resume(struct tracee *tracee, int sig);
/* By SIGKILL. */
void tracee_kill(const struct tracee *tracee);
/* Something failed with ERR (-errno) that leaves TRACEE in an unknown state: it alone is killed. */
void tracee_fail(struct tracer *tracer, struct tracee *tracee, const char *what, int err);

/* Put VALUE into argument register ARG; the present value comes back at the exit stop. Returns 0 or
 * -errno. */
int tracee_replace_arg(struct tracee *tracee, const struct arch_call *call, int arg,
		       uint64_t value);
/* Skip the call and let it return RESULT, then run on. */
void tracee_finish(struct tracer *tracer, struct tracee *tracee, int64_t result);
/* Put back what tracee_replace_arg changed. Returns 0 or -errno. */
int tracee_restore(struct tracee *tracee);
/* At a seccomp stop: a slot of SIZE bytes. Where there is none, 0, and the tracee has been resumed:
 * to map one and come back with the same call, or to fail with ENOMEM. */
uint64_t tracee_scratch(struct tracer *tracer, struct tracee *tracee, uint64_t size);

#endif
