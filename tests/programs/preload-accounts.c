/* SPDX-License-Identifier: MIT
 * Users, groups and shadow passwords by every function there is. Run by
 * tests/integration/preload-accounts.sh. It must print the same under a rule as over a bind mount.
 */
#include <errno.h>
#include <grp.h>
#include <mntent.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

static void show_user(const char *what, const struct passwd *user)
{
	if (user)
		printf("%s: %s %u %u %s %s\n", what, user->pw_name, user->pw_uid, user->pw_gid,
		       user->pw_dir, user->pw_shell);
	else
		printf("%s: none\n", what);
}

static void show_group(const char *what, const struct group *group)
{
	printf("%s: %s", what, group ? group->gr_name : "none");
	for (char **member = group ? group->gr_mem : NULL; member && *member; member++)
		printf(" %s", *member);
	printf("\n");
}

static void users(void)
{
	static const char *const names[] = {"acme", "root", "nobody-at-all", "long"};
	struct passwd entry, *found;
	char buffer[4096];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		errno = 0;
		show_user("getpwnam", getpwnam(names[i]));
		printf("%d\n", errno);
		found = &entry;
		printf("%d ", getpwnam_r(names[i], &entry, buffer, sizeof(buffer), &found));
		show_user("getpwnam_r", found);
		printf("%d\n", getpwnam_r(names[i], &entry, buffer, 8, &found));
	}
	show_user("getpwuid", getpwuid(4242));
	show_user("getpwuid", getpwuid(99999));
	printf("%d ", getpwuid_r(0, &entry, buffer, sizeof(buffer), &found));
	show_user("getpwuid_r", found);
	setpwent();
	while ((found = getpwent()))
		show_user("getpwent", found);
	setpwent();
	while (!getpwent_r(&entry, buffer, sizeof(buffer), &found))
		show_user("getpwent_r", found);
	setpwent();
	printf("%d\n", getpwent_r(&entry, buffer, 3, &found));
	show_user("after ERANGE", getpwent());
	endpwent();
}

static void groups(void)
{
	struct group entry, *found;
	char buffer[4096];
	gid_t list[16];
	int n = 16;

	show_group("getgrnam", getgrnam("acmes"));
	show_group("getgrnam", getgrnam("none"));
	show_group("getgrgid", getgrgid(4243));
	printf("%d ", getgrnam_r("staff", &entry, buffer, sizeof(buffer), &found));
	show_group("getgrnam_r", found);
	printf("%d ", getgrgid_r(0, &entry, buffer, sizeof(buffer), &found));
	show_group("getgrgid_r", found);
	while ((found = getgrent()))
		show_group("getgrent", found);
	setgrent();
	while (!getgrent_r(&entry, buffer, sizeof(buffer), &found))
		show_group("getgrent_r", found);
	endgrent();
	printf("getgrouplist %d", getgrouplist("acme", 4242, list, &n));
	for (int i = 0; i < n; i++)
		printf(" %u", list[i]);
	n = 1;
	printf("\ngetgrouplist %d", getgrouplist("acme", 4242, list, &n));
	printf(" %d\n", n);
}

static void shadows(void)
{
	struct spwd entry, *found = getspnam("acme");
	char buffer[4096];

	printf("getspnam: %s\n", found ? found->sp_pwdp : "none");
	printf("%d ", getspnam_r("root", &entry, buffer, sizeof(buffer), &found));
	printf("getspnam_r: %s\n", found ? found->sp_pwdp : "none");
	setspent();
	while ((found = getspent()))
		printf("getspent: %s\n", found->sp_namp);
	endspent();
}

static void tables(const char *mounts, const char *utmp)
{
	FILE *file = setmntent(mounts, "r");
	const struct mntent *entry;
	struct utmpx line = {.ut_type = USER_PROCESS, .ut_user = "acme", .ut_line = "tty9"};
	const struct utmpx *found;

	while (file && (entry = getmntent(file)))
		printf("%s %s\n", entry->mnt_fsname, entry->mnt_dir);
	if (file)
		endmntent(file);
	printf("utmpxname %d\n", utmpxname(utmp));
	setutxent();
	printf("pututxline %d\n", pututxline(&line) != NULL);
	setutxent();
	while ((found = getutxent()))
		printf("getutxent %s\n", found->ut_user);
	endutxent();
}

int main(int argc, char **argv)
{
	users();
	groups();
	shadows();
	tables(argv[1], argv[2]);
	return 0;
}
