#!/bin/bash
# SPDX-License-Identifier: MIT
# Rules of kind symlink against real symbolic links at the same paths.
# shellcheck disable=SC2016 # rules hold $T
. tests/lib.sh

prepare() {
	mkdir -p target/sub real/sub over/dir
	echo t >target/file
	echo s >target/sub/deep
	echo r >real/file
	echo o >over/old
	ln -s /opt/acme/link target/again
	printf '#!/bin/sh\necho "$0" ran\n' >target/tool
	chmod +x target/tool
}
rules <<'END'
bind /opt/acme $T/target
symlink /opt/acme/link sub/deep
symlink /opt/acme/dirlink $T/real
symlink /opt/acme/up ../acme/sub
symlink /opt/acme/dangling nowhere/at/all
symlink /opt/acme/loop loop
symlink $T/over/new /opt/acme/file
symlink /opt/vendor/tool /opt/acme/tool
END
same 'looked at' sh -c 'cd /opt/acme; for n in link dirlink up dangling loop /opt/vendor/tool; do readlink $n; stat -c "%F %s %u" $n
	stat -L -c %F $n; test -L $n && echo link; test -e $n && echo there; done; ls -F; ls -F /opt/vendor; ls -F '"$T"'/over
	find . -type l | sort; find -L . -type f | sort'
same 'followed' sh -c 'cd /opt/acme; cat link dirlink/file up/deep dangling loop again dirlink/../file; cat '"$T"'/over/new; cd up; pwd -P
	cat deep; cat ../file; realpath /opt/acme/link /opt/acme/up /opt/acme/dirlink/file; /opt/vendor/tool; cd /opt/acme/dirlink
	/bin/pwd; echo x >/opt/acme/dirlink/made; cat '"$T"'/real/made; echo y >'"$T"'/over/new; cat /opt/acme/file; cat /opt/acme/link/x
	ls /opt/acme/dirlink/; ls /opt/acme/up'
same 'python' python3 -c '
import os
for name in "link", "dirlink", "up", "dangling", "loop":
    path = "/opt/acme/" + name
    print(name, os.readlink(path), os.path.islink(path), os.path.exists(path), os.path.realpath(path))
    try: os.close(os.open(path, os.O_RDONLY | os.O_NOFOLLOW)); print("open")
    except OSError as error: print(error.errno)
    try: os.mkdir(path)
    except OSError as error: print(error.errno)
print(sorted((e.name, e.is_symlink(), e.name != "loop" and e.is_dir()) for e in os.scandir("/opt/acme")))
os.chdir("/opt/acme/up"); print(os.getcwd(), os.listdir("."))
'
same -s 'a static program' "$PROGRAMS/trace-listing-static" /opt/acme

# The path of a rule stays what it is, which a link on the disk would not.
for engine in "${ENGINES[@]}"; do
	measure "$engine" sh -c 'cd /opt/acme; rm link; mv dirlink x; mv file up; ls -F'
	cat >"$WORK/wanted" <<-'END'
		rm: cannot remove 'link': Device or resource busy
		mv: cannot move 'dirlink' to 'x': Device or resource busy
		again@
		dangling@
		dirlink@
		link@
		loop@
		sub/
		tool*
		up@
	END
	cat "$WORK/$engine.err" "$WORK/$engine.out" >"$WORK/got"
	if diff -u "$WORK/wanted" "$WORK/got" >"$WORK/why"; then
		ok "the path can be neither removed nor renamed [$engine]"
	else
		not_ok "the path can be neither removed nor renamed [$engine]" <"$WORK/why"
	fi
done

# The links are kept in a directory that must be this user's.
mkdir "$WORK/tmp"
ln -s / "$WORK/tmp/snapredir-$(id -u)"
printf 'symlink /opt/x/y /z\n' >"$WORK/rules"
env TMPDIR="$WORK/tmp" "$SNAPREDIR" -r "$WORK/rules" true >"$WORK/out" 2>&1
status=$?
check 'a directory that is another one is not used' test "$status" = 125
check 'and that is told' grep -q "rules:1:18: cannot keep the link as .*; let that directory be this user's" "$WORK/out"
finish
