/* SPDX-License-Identifier: MIT
 * Microseconds of one posix_spawn and wait, commands interleaved: start ROUNDS COMMAND [,
 * COMMAND]... where a lone comma separates. Prints the median of each command, one a line.
 */
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMANDS 16

extern char **environ;

int main(int argc, char **argv)
{
	char **command[COMMANDS];
	double *times[COMMANDS];
	int ncommands = 0, rounds, status;
	uint64_t start;
	pid_t pid;

	if (argc < 3)
		return 2;
	rounds = atoi(argv[1]);
	command[ncommands++] = argv + 2;
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], ",") == 0 && ncommands < COMMANDS) {
			argv[i] = NULL;
			command[ncommands++] = argv + i + 1;
		}
	for (int c = 0; c < ncommands; c++)
		times[c] = calloc((size_t)rounds, sizeof(double));
	for (int round = 0; round < rounds; round++)
		for (int n = 0; n < ncommands; n++) {
			int c = (n + round) % ncommands;

			start = bench_now();
			if (posix_spawn(&pid, command[c][0], NULL, NULL, command[c], environ) !=
				    0 ||
			    waitpid(pid, &status, 0) != pid || status != 0) {
				fprintf(stderr, "start: %s failed\n", command[c][0]);
				return 1;
			}
			times[c][round] = (double)(bench_now() - start) / 1000;
		}
	for (int c = 0; c < ncommands; c++) {
		qsort(times[c], (size_t)rounds, sizeof(double), bench_compare);
		printf("%.1f\n", times[c][rounds / 2]);
		free(times[c]);
	}
	return 0;
}
