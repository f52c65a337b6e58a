#!/bin/bash
# SPDX-License-Identifier: MIT
# ls, find, du, stat and grep -r over trees that exist only by redirection.
. tests/lib.sh

prepare() {
	mkdir -p target/a/b/c target/empty data
	for i in 1 2 3 4 5 6 7 8 9; do echo "line $i" >"target/a/f$i"; done
	echo needle >target/a/b/c/needle
	ln -s ../f1 target/a/b/link
	ln -s /opt/acme/empty target/a/b/dir
	ln -s nowhere target/a/dangling
	touch -d '2020-02-02 02:02:02' target/a/f1 target/a/f2
	chmod 640 target/a/f2
	mkfifo data/fifo
	echo text >data/text
}
rules <<'END'
bind /opt/acme $T/target
bind /usr/share/acme $T/data
END
filter='s/[A-Z][a-z]{2} +[0-9]+ [0-9:]+/DATE/'

same 'ls' ls /opt/acme
same 'ls -laR' sh -c 'ls -laR --time-style=+ /opt/acme/a /usr/share/acme | grep -v "[.][.]$"'
same -u 'ls -lR' ls -lR --time-style=+ /opt/acme/a
same 'ls -d of the path of a rule' ls -d /opt/acme /usr/share/acme/
same 'ls of the cwd' sh -c 'cd /opt/acme/a && ls -F && ls .. && ls -l --time-style=+ b/'
same -x 2 'ls of what is not there' ls /opt/acme/none /opt/acme/a/f1/x
same 'ls -i and stat agree' sh -c 'test "$(ls -i /opt/acme/a/f1 | cut -d" " -f1)" = "$(stat -c %i /opt/acme/a/f1)"'
same 'find' sh -c 'find /opt/acme | sort'
same 'find -printf, types and links' sh -c 'find /opt/acme /usr/share/acme -printf "%p %y %m %l\n" | sort'
same 'find -L' sh -c 'find -L /opt/acme -type f | sort'
same 'find from a relative start' sh -c 'cd /opt/acme/a && find . -name "f*" | sort && find ../empty b'
same 'find -exec and -execdir' sh -c 'find /opt/acme -name needle -exec cat {} \; -execdir pwd \;'
same 'find -newer, -empty, -samefile' sh -c 'cd /opt/acme && find . -empty | sort && find . -newer a/f1 -name "f3" &&
	find . -samefile /opt/acme/a/f3'
same 'find -delete' find /opt/acme/a -name 'f*' -delete
same -u 'find -delete' find /opt/acme/a -name 'f*' -delete
same 'du' sh -c 'du -a --apparent-size /opt/acme/a/f1 /opt/acme/a/b/c/needle'
same 'grep -r' sh -c 'grep -rn needle /opt/acme; cd /opt/acme/a/b && grep -rl needle . .. | sort'
same 'stat of each kind' stat -c '%n %F %a %s' /opt/acme/a/f2 /usr/share/acme/fifo /opt/acme/a/b/link
same 'a glob of the shell' sh -c 'echo /opt/acme/a/f[1-3] /usr/share/acme/* /opt/acme/*/b'
same 'readlink and realpath' sh -c 'readlink /opt/acme/a/b/dir; readlink -f /opt/acme/a/b/dir; realpath /opt/acme/a/b/link
	cd /opt/acme/a/b && realpath . .. dir/../a'
same 'xargs and sort -o' sh -c 'cd /opt/acme/a && ls f* | xargs cat | sort -r -o /usr/share/acme/sorted'
same -s 'find of busybox-static' busybox find /opt/acme/a/b
finish
