/* SPDX-License-Identifier: MIT
 * Becoming the program: the search in PATH, exec, and what to say when it fails. Only start.c calls
 * it. It must never run with half of what was decided.
 */
#ifndef LAUNCHER_RUN_H
#define LAUNCHER_RUN_H

#include "shared/rules.h"

/* One attempt to execute FILE with ARGV and ENVP: returns -errno, or not at all. */
typedef int (*run_attempt)(void *context, const char *file, char *const argv[], char *const envp[]);

/* execve(3). A shim that redirects this very process keeps redirecting the program. */
int run_untouched(void *context, const char *file, char *const argv[], char *const envp[]);

/* execve(2) itself: the program gets just this environment, whatever shim is in this process. */
int run_exactly(const char *file, char *const argv[], char *const envp[]);

/* A script that names us as its interpreter, and options or nothing: the kernel puts the script's
 * own name in the place of PROGRAM (execve(2)), and we would start us for ever. Returns if FILE is
 * none. */
void run_refuse_own_script(const char *file);

/* Attempt one candidate after the other, as execvp(3) does, until one is not missing. Returns its
 * -errno, or what is to be said of all. */
int run_search(run_attempt attempt, void *context, char *const program[], char *const envp[]);

/* Execute PROGRAM, searched in PATH as execvp(3) does, by ATTEMPT; a file of no known format is
 * given to /bin/sh. Does not return: says what is wrong and exits with 127 (not found) or 126. */
_Noreturn void run_program(run_attempt attempt, void *context, char *const program[],
			   char *const envp[]);

#endif
