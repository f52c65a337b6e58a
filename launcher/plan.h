/* SPDX-License-Identifier: MIT
 * Which engine runs the program, and why. Pure: everything it needs to know is handed in.
 * Only main.c and the tests call it. It must never look at the machine itself.
 */
#ifndef LAUNCHER_PLAN_H
#define LAUNCHER_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/rules.h"

struct plan_input {
	enum snr_engine engine;  /* asked for; SNR_ENGINE_AUTO also if nobody asked */
	const char *engine_from; /* who asked, for messages: "-e", "FILE:LINE"; NULL: nobody */
	enum snr_engine require; /* SNR_ENGINE_AUTO: nothing */
	const char *require_from;
	uint32_t nrules;
	bool learns;     /* all calls are to be heard of, rules or not */
	int probe;       /* 0, or -errno: why programs cannot be traced here; from tracer_probe() */
	const char *why; /* ... in words, with what would change it */
	bool has_shim;   /* the shim's file is there */
	const char *shim; /* where it is looked for */
};

enum plan_way {
	PLAN_FAIL,      /* status 125, TEXT says why */
	PLAN_UNTOUCHED, /* there are no rules */
	PLAN_RUN,       /* with ENGINE */
};

struct plan {
	enum plan_way way;
	enum snr_engine engine;
	bool degraded;     /* less than what could be had elsewhere: TEXT goes to standard error */
	char subject[128]; /* of TEXT, where way is PLAN_FAIL */
	char text[1024];   /* what was decided, and why; empty: nothing worth a word */
};

/* Does the decision depend on probe? */
bool plan_needs_probe(const struct plan_input *input);

/* Decide. */
void plan_decide(const struct plan_input *input, struct plan *plan);

#endif
