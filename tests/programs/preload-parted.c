/* SPDX-License-Identifier: MIT
 * A thread with a working directory of its own: relative names of the others lead where they led.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void look(const char *who)
{
	char text[32] = "";
	int fd = open("sub/x", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		strcpy(text, "nothing\n");
	close(fd);
	printf("%s: %s", who, text);
}

static void *go_elsewhere(void *by_number)
{
	long result = by_number ? syscall(SYS_unshare, CLONE_FS) : unshare(CLONE_FS);

	printf("%ld %d\n", result, chdir("../plain-b"));
	look("thread");
	look("thread again");
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char here[4096];

	if (!getcwd(here, sizeof(here)))
		return 1;
	for (long by_number = 0; by_number < 2; by_number++) {
		if (chdir("two/linked-b") < 0)
			return 1;
		look("main");
		pthread_create(&thread, NULL, go_elsewhere, (void *)by_number);
		pthread_join(thread, NULL);
		look("main");
		look("main again");
		if (chdir(here) < 0)
			return 1;
	}
	return 0;
}
