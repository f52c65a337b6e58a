/* SPDX-License-Identifier: MIT
 * Shared memory and semaphores by name, which libc keeps in /dev/shm. Run by
 * tests/integration/ops-shm.sh with a rule for that directory. It must leave nothing behind.
 */
#include "tests/programs/ops.h"
#include <dirent.h>
#include <semaphore.h>
#include <sys/mman.h>

static void list(void)
{
	struct dirent **entries;
	int n = scandir("/dev/shm", &entries, NULL, alphasort);

	printf("[/dev/shm] %d:", n);
	for (int i = 0; i < n; i++) {
		printf(" %s", entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	putchar('\n');
}

static void memory(const char *name)
{
	struct stat st;

	opened("shm_open", name, shm_open(name, O_RDWR, 0));
	opened("shm_open creat", name, shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640));
	opened("shm_open creat again", name, shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640));
	opened("shm_open", name, shm_open(name, O_RDONLY, 0));
	list();
	said("stat /dev/shm/one", "", stat("/dev/shm/one", &st));
	said("shm_unlink", name, shm_unlink(name));
	said("shm_unlink again", name, shm_unlink(name));
}

static void semaphore(const char *name)
{
	sem_t *sem = sem_open(name, 0), *again;
	int value = -1;

	said("sem_open", name, sem == SEM_FAILED ? -1 : 0);
	sem = sem_open(name, O_CREAT | O_EXCL, 0600, 3);
	if (said("sem_open creat", name, sem == SEM_FAILED ? -1 : 0) < 0)
		return;
	again = sem_open(name, O_CREAT, 0600, 5);
	sem_getvalue(again, &value);
	printf("the same: %s, value %d\n", sem == again ? "yes" : "no", value);
	said("sem_open creat excl", name,
	     sem_open(name, O_CREAT | O_EXCL, 0600, 3) == SEM_FAILED ? -1 : 0);
	list();
	sem_close(sem);
	sem_close(again);
	said("sem_unlink", name, sem_unlink(name));
	said("sem_unlink again", name, sem_unlink(name));
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"/one", "two", "//three", "/", "",
					    "/a/b", "/.",  "/..",     NULL};
	char longest[300];

	ops_start(argc, argv);
	for (const char *const *name = names; *name; name++) {
		memory(*name);
		semaphore(*name);
	}
	memset(longest, 'n', sizeof(longest));
	longest[0] = '/';
	longest[256] = '\0';
	said("shm_open", "255 bytes", shm_open(longest, O_RDONLY, 0));
	longest[256] = 'n';
	longest[257] = '\0';
	said("shm_open", "256 bytes", shm_open(longest, O_RDONLY, 0));
	said("sem_open", "256 bytes", sem_open(longest, 0) == SEM_FAILED ? -1 : 0);
	longest[251] = '\0';
	said("sem_open", "250 bytes", sem_open(longest, 0) == SEM_FAILED ? -1 : 0);
	list();
	return 0;
}
