#!/bin/bash
# SPDX-License-Identifier: MIT
# dladdr tells a library by the name that the program knows, to programs that look for files beside it.
. tests/lib.sh

cc=${CC:-gcc}
echo 'int one(void) { return 1; }' >"$WORK/one.c"
cat >"$WORK/ask.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>

static void ask(const void *address)
{
	struct link_map *map;
	Dl_info info = {0}, more = {0};

	if (dladdr(address, &info) && dladdr1(address, &more, (void **)&map, RTLD_DL_LINKMAP))
		printf("%s %s %d\n", info.dli_fname, info.dli_sname ? info.dli_sname : "none",
		       info.dli_fname == more.dli_fname);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		void *library = dlopen(argv[i], RTLD_NOW);

		puts(library ? "loaded" : "not loaded");
		if (library) {
			ask(dlsym(library, "one"));
			ask(dlsym(library, "one"));
		}
	}
	return dladdr(&argc, &(Dl_info){0});
}
END
for form in '' -m32; do
	if ! $cc $form -shared -fPIC -o "$WORK/one.so" "$WORK/one.c" 2>/dev/null ||
		! $cc $form -o "$WORK/ask" "$WORK/ask.c" -ldl 2>/dev/null; then
		skip "dladdr $form" "$cc cannot build it"
		continue
	fi
	prepare() {
		mkdir -p target/lib
		cp "$WORK/one.so" target/lib/one.so
		cp "$WORK/one.so" target/two.so
		cp "$WORK/one.so" plain.so
		cp "$WORK/ask" ask
	}
	rules <<'END'
bind /opt/acme $T/target
END
	same "dladdr $form" ./ask /opt/acme/lib/one.so /opt/acme/two.so "$T/plain.so"
done
finish
