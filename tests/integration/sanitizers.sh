#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs built with a sanitizer: its run time wraps libc's functions, too, and wants its own place in the address space.
. tests/lib.sh
read -ra CC <<<"${CC:-gcc}"
needs "${CC[0]}"

cat >"$WORK/main.c" <<'END'
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
int main(void)
{
	struct stat st;
	DIR *dir = opendir("/opt/acme");
	FILE *file = fopen("/opt/acme/file", "r");
	char line[16] = "", *real = realpath("/opt/acme/link", NULL);

	if (file)
		fgets(line, sizeof(line), file);
	printf("%d %d %s%s\n", stat("/opt/acme/link", &st), dir != NULL, line, real ? real : "none");
	fflush(stdout);
	free(real);
	if (dir)
		closedir(dir);
	if (file)
		fclose(file);
	return system("cat /opt/acme/file; env | grep -c ^ASAN_OPTIONS");
}
END
prepare() {
	mkdir target
	echo hello >target/file
	ln -s /opt/acme/file target/link
}
rules <<'END'
bind /opt/acme $T/target
END
for sanitizer in address thread undefined; do
	if ! "${CC[@]}" -fsanitize=$sanitizer -o "$WORK/$sanitizer" "$WORK/main.c" 2>"$WORK/why"; then
		skip "$sanitizer" "$(head -1 "$WORK/why")"
		continue
	fi
	# Leaks are looked for by ptrace, which a traced process cannot do.
	same "$sanitizer" env ASAN_OPTIONS=detect_leaks=0 "$WORK/$sanitizer"
	check "$sanitizer: no option of its own [preload]" "$SNAPREDIR" -e preload -m /opt/acme="$WORK" -- "$WORK/$sanitizer"
done
finish
