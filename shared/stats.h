/* SPDX-License-Identifier: MIT
 * What --stats counts, in memory that shims, tracer and the launcher's watcher share. Callable from
 * everywhere. Where nobody asked there is no such memory, and nothing is counted. It must never
 * wait: words are added to one by one, and whoever reads them while programs run sees them between.
 */
#ifndef SNR_STATS_H
#define SNR_STATS_H

#include "shared/rules.h"

enum snr_count {
	SNR_COUNT_CALLS,      /* operations on a path */
	SNR_COUNT_REDIRECTED, /* ... that a rule led elsewhere */
	SNR_COUNT_REFUSED,    /* ... that failed without the kernel, by what a rule is */
	SNR_COUNT_FAULTS,     /* operations that failed since a rule wants them to */
	SNR_COUNT_STOPS,      /* of the tracer */
	SNR_COUNTS
};

/* Kinds of stops: the codes of tracer/filter.h, then these. */
#define SNR_STOP_CODES 1024u
enum snr_stop {
	SNR_STOP_EXIT = SNR_STOP_CODES, /* the other end of a call that was changed */
	SNR_STOP_BIRTH,
	SNR_STOP_IMAGE,
	SNR_STOP_SIGNAL,
	SNR_STOP_OTHER,
	SNR_STOP_KINDS = SNR_STOP_CODES + 8
};

/* One process, all its programs; one that took the number of another that has ended goes on with
 * its counts. */
struct snr_stats_process {
	int32_t pid;   /* 0: free */
	uint32_t gate; /* it has one (engine hybrid) */
	char name[16]; /* comm of its last program */
	uint64_t count[SNR_COUNTS];
};

#define SNR_STATS_PROCESSES                                                                        \
	4096u /* a power of two; more are counted without a line of their own                      \
	       */

/* Every member lies where it does on 32 bit, too. */
struct snr_stats {
	uint64_t cookie; /* as the image says it */
	uint32_t size;   /* of everything, bytes */
	uint32_t nrules;
	uint32_t given_up; /* the program could not be started: nobody wants to read this */
	uint32_t reserved;
	uint64_t engine[SNR_ENGINE_HYBRID + 1][SNR_COUNTS]; /* by who served it: PRELOAD or TRACE */
	uint64_t stop[SNR_STOP_KINDS];
	struct snr_stats_process process[SNR_STATS_PROCESSES];
	uint64_t rule[][SNR_COUNTS]; /* nrules + 1: the last one is for no rule */
};

/* Bytes of the memory for so many rules. */
static inline size_t snr_stats_size(uint32_t nrules)
{
	return sizeof(struct snr_stats) + ((size_t)nrules + 1) * SNR_COUNTS * sizeof(uint64_t);
}

/* Add one to WHAT, for RULE (or SNR_NO_RULE), for process PID, and for ENGINE, PRELOAD or TRACE.
 * STATS may be NULL. */
void snr_stats_count(struct snr_stats *stats, int pid, enum snr_engine engine, uint32_t rule,
		     enum snr_count what);

/* One planned operation: CHANGED, or failed with RESULT (-errno), or neither. */
void snr_stats_call(struct snr_stats *stats, int pid, enum snr_engine engine, uint32_t rule,
		    bool changed, long result);

/* A stop of process PID, of KIND: a code, or an enum snr_stop. */
void snr_stats_stop(struct snr_stats *stats, int pid, unsigned kind);

/* Process PID runs a program called NAME, with or without a gate. */
void snr_stats_program(struct snr_stats *stats, int pid, const char *name, bool gate);

#endif
