#!/bin/bash
# SPDX-License-Identifier: MIT
# A thread that is cancelled within a wrapper, and a callback that throws through one: the stack is unwound through the shim,
# and what the program wants done on the way is done.
. tests/lib.sh
read -ra CC <<<"${CC:-gcc}"
needs "${CC[0]}"

cat >"$WORK/main.c" <<'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void leave(const char **what)
{
	printf("leaves %s\n", *what);
	fflush(stdout);
}

static void *wait_for_writer(void *path)
{
	__attribute__((cleanup(leave))) const char *what = "open";

	printf("opened %d\n", open(path, O_RDONLY));
	return NULL;
}

/* pthread_exit unwinds like an exception. */
static int visit(const char *path, const struct stat *st, int type, struct FTW *where)
{
	pthread_exit((void *)1);
}

static void *walk(void *path)
{
	__attribute__((cleanup(leave))) const char *what = "nftw";

	printf("walked %d\n", nftw(path, visit, 4, FTW_PHYS));
	return NULL;
}

int main(void)
{
	pthread_t thread;
	void *result;

	pthread_create(&thread, NULL, wait_for_writer, "/opt/acme/fifo");
	usleep(100000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("cancelled %d\n", result == PTHREAD_CANCELED);
	pthread_create(&thread, NULL, walk, "/opt/acme");
	pthread_join(thread, &result);
	printf("left with %ld\n", (long)result);
	return 0;
}
END
prepare() {
	mkdir target
	mkfifo target/fifo
}
rules <<'END'
bind /opt/acme $T/target
END
for bits in 64 32; do
	if ! "${CC[@]}" -m$bits -fexceptions -pthread -o "$WORK/main$bits" "$WORK/main.c" 2>"$WORK/why"; then
		skip "$bits bit" "$(head -1 "$WORK/why")"
		continue
	fi
	same "unwinding ($bits)" "$WORK/main$bits"
done
finish
