/* SPDX-License-Identifier: MIT
 * open(2) and its kin as cancellation points: a thread that waits for the other end of a FIFO, and
 * one whose cancellation is pending. Run by tests/integration/hybrid.sh.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *path;
static int ready[2];

static void cleaned(void *what)
{
	printf("%s: cleaned up\n", (const char *)what);
}

static void *wait_for_other_end(void *unused)
{
	pthread_cleanup_push(cleaned, (void *)(uintptr_t) "waiting");
	if (write(ready[1], "", 1) == 1)
		close(open(path, O_RDONLY));
	pthread_cleanup_pop(0);
	return NULL;
}

static void *open_later(void *file)
{
	char c;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	if (read(ready[0], &c, 1) != 1)
		exit(1);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	pthread_cleanup_push(cleaned, (void *)(uintptr_t) "pending");
	close(open(file, O_RDONLY));
	pthread_cleanup_pop(0);
	return NULL;
}

static void finish(const char *name, pthread_t thread)
{
	void *result;

	pthread_join(thread, &result);
	printf("%s: %s\n", name, result == PTHREAD_CANCELED ? "cancelled" : "went on");
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char c;

	if (argc != 3 || pipe(ready))
		return 2;
	path = argv[1];
	pthread_create(&thread, NULL, wait_for_other_end, NULL);
	if (read(ready[0], &c, 1) != 1)
		return 1;
	usleep(200000); /* until it waits in the kernel */
	pthread_cancel(thread);
	finish("waiting", thread);
	pthread_create(&thread, NULL, open_later, argv[2]);
	pthread_cancel(thread);
	if (write(ready[1], "", 1) != 1)
		return 1;
	finish("pending", thread);
	return 0;
}
