/* SPDX-License-Identifier: MIT
 * The command line and the environment, as one answer: what the user asked for.
 * Only main.c and the tests call it. It must never act on anything, nor print.
 */
#ifndef LAUNCHER_OPTIONS_H
#define LAUNCHER_OPTIONS_H

#include <stdio.h>

#include "launcher/pool.h"
#include "shared/rules.h"

#define SNAPREDIR_VERSION "0.1"

enum options_action {
	ACTION_RUN,
	ACTION_CHECK,
	ACTION_EXPLAIN,
	ACTION_VERSION,
	ACTION_HELP,
};

enum options_source_kind {
	SOURCE_FILE,    /* -r, SNAPREDIR_RULES */
	SOURCE_MAP,     /* -m: TEXT is PATH=TARGET */
	SOURCE_OVERLAY, /* -o: TEXT is PATH=DIR */
	SOURCE_LAYOUT,  /* -L: TEXT is a snap.yaml */
};

/* Rules that were named. */
struct options_source {
	enum options_source_kind kind;
	const char *text;
};

/* An engine that somebody asked for. */
struct options_engine {
	enum snr_engine engine; /* SNR_ENGINE_AUTO where nobody did */
	const char *from;       /* "-e", "SNAPREDIR_ENGINE", ..., or NULL: nobody */
};

struct options {
	enum options_action action;
	const char *explain;           /* the path of ACTION_EXPLAIN */
	struct options_source *source; /* in the order in which they count: later ones win */
	size_t nsources;
	struct options_engine engine;
	struct options_engine require;
	const char *learn;  /* the rules file to be written, or NULL */
	const char *report; /* the page to be written, or NULL */
	const char *log;    /* file, or NULL: standard error */
	bool json;
	unsigned verbose; /* 0, 1, 2 */
	bool stats;       /* count, and tell after the program's end */
	bool strict;      /* remember nothing about links */
	bool io_uring;    /* let through */
	bool disabled;    /* SNAPREDIR_DISABLE: run the program untouched */
	char **program;   /* its argument vector, NULL-terminated; empty but for ACTION_RUN */
	char subject[64]; /* of PROBLEM */
	char problem[512];
	struct pool pool;
};

/* Read ARGV and the environment. Returns 0, or -EINVAL where something is wrong: SUBJECT and
 * PROBLEM then say what, and what to do about it. Strings of OPTIONS are those of ARGV and the
 * environment. */
int options_read(struct options *options, int argc, char **argv);

/* What --help prints (options_help.c). */
void options_help(FILE *out);

void options_free(struct options *options);

#endif
