#!/bin/bash
# SPDX-License-Identifier: MIT
# Rules of kind readonly against real read-only bind mounts: every call that writes, alone and together with other rules.
# shellcheck disable=SC2016 # rules hold $T
. tests/lib.sh

prepare() {
	mkdir -p tree/dir/inner tree/inner tree/locked out target/dir/inner target/inner target/locked
	local at
	for at in tree target; do
		echo hello >$at/file
		echo deep >$at/dir/file
		ln -s file $at/link
		ln -s nowhere $at/dangling
		ln -s "$T/out" $at/out
		mkfifo $at/fifo
		chmod 555 $at/locked
	done
	echo old >out/old
}
unstable=('*')
write=$PROGRAMS/kinds-write

rules <<'END'
readonly $T/tree
END
for form in '' -static -32; do
	option=() path=$write$form
	[ "$form" != -static ] || option=(-s)
	if [ ! -x "$path" ]; then
		skip "a tree$form" 'not built on this machine'
		continue
	fi
	same ${option[@]+"${option[@]}"} "a tree$form" "$path" "$T/tree" "$T/out"
done
same -u 'a tree' "$write" "$T/tree" "$T/out"

rules <<'END'
bind /opt/acme $T/target
readonly /opt/acme
END
same 'a redirected tree' "$write" /opt/acme "$T/out"
same -u 'a redirected tree' "$write" /opt/acme "$T/out"

rules <<'END'
bind /opt/acme $T/target
readonly /opt/acme/dir
readonly /opt/acme/file
END
same 'a directory and a file of a redirected tree' "$write" /opt/acme "$T/out"

rules <<'END'
readonly $T/tree
bind $T/tree/inner $T/target/inner
END
same 'a bind mount beneath is a mount of its own' "$write" "$T/tree" "$T/out"

rules <<'END'
readonly /opt/acme
bind /opt/acme $T/target
END
for engine in "${ENGINES[@]}"; do
	measure "$engine" sh -c 'echo x >/opt/acme/new && cat /opt/acme/new'
	check "a later bind of the same path covers it [$engine]" [ "$(cat "$WORK/$engine.out")" = x ]
done

rules <<'END'
readonly $T/tree
END
filter='s/sed[A-Za-z0-9]{6}/sedXXXXXX/'
same 'programs' sh -c 'cd tree; echo x >file; echo x >new; touch file; cp file new; sed -i s/h/H/ file; rm -rf dir; mv file ../out/
	mv ../out/old .; tar cf - . | wc -c >/dev/null; cat file; ls; chmod 600 file; cat dir/file; rmdir dir/inner; mkdir -p dir/inner
	mkdir -p dir/inner/x; test -w file || echo "not writable"; ln file dir/hard; ln -s x soft; echo "$?"'
filter=
same 'python' python3 -c '
import os, shutil, tempfile
def t(call, *args):
    try: call(*args); print(call.__name__, "done")
    except OSError as error: print(call.__name__, error.errno)
t(open, "tree/file", "r+"); t(open, "tree/x", "w"); t(shutil.copy, "out/old", "tree/x"); t(shutil.rmtree, "tree/dir")
t(os.replace, "tree/file", "tree/f"); t(os.utime, "tree/file"); t(tempfile.mkstemp, "", "", "tree"); t(os.makedirs, "tree/a/b")
os.chdir("tree/dir"); t(open, "../x", "w"); t(os.unlink, "file"); t(os.mkdir, "../../out/x"); t(os.rmdir, "../../out/x")
fd = os.open(".", os.O_RDONLY)
def at(): os.mkdir("x", dir_fd=fd)
t(at)
'

# A pattern has no mount to be compared with: no mount point, no border; all else is the same.
for engine in "${ENGINES[@]}"; do
	printf 'readonly %s/tree/**/file\n' "$T" >"$WORK/rules"
	measure "$engine" sh -c 'cd tree; echo x >file; echo x >dir/file; echo x >dir/new; rm -f dir/file; mv file dir/new
		mv dir/new dir/file; ln file dir/hard; cat file dir/new; chmod 600 file; cd dir; true >file; rm new; echo *'
	cat >"$WORK/wanted" <<-'END'
		sh: 1: cannot create file: Read-only file system
		sh: 1: cannot create dir/file: Read-only file system
		rm: cannot remove 'dir/file': Read-only file system
		mv: cannot move 'file' to 'dir/new': Read-only file system
		mv: cannot move 'dir/new' to 'dir/file': Read-only file system
		chmod: changing permissions of 'file': Read-only file system
		sh: 2: cannot create file: Read-only file system
		hello
		x
		file hard inner
	END
	cat "$WORK/$engine.err" "$WORK/$engine.out" >"$WORK/got"
	if diff -u "$WORK/wanted" "$WORK/got" >"$WORK/why"; then
		ok "files that match a pattern [$engine]"
	else
		not_ok "files that match a pattern [$engine]" <"$WORK/why"
	fi
done
finish
