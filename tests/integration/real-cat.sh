#!/bin/bash
# SPDX-License-Identifier: MIT
# cat, cp, mv, rm and the shell's own redirections on files that exist only by redirection.
. tests/lib.sh

prepare() {
	mkdir -p target/sub data
	echo hello >target/file
	echo deep >target/sub/deep
	ln -s file target/link
	ln -s /opt/acme/sub/deep target/back
	ln -s /opt/acme from-outside
	echo conf >conf
}
rules <<'END'
bind /opt/acme $T/target
bind /etc/acme.conf $T/conf
bind /var/lib/acme $T/data
END

same -o hello 'cat an absolute path' cat /opt/acme/file
same -o conf 'cat a redirected file' cat /etc/acme.conf
same -u -o conf 'cat a redirected file' cat /etc/acme.conf
same -o deep 'cat through a link back into the rule' cat /opt/acme/back
same -o hello 'cat through a link from outside' cat from-outside/link
same -o conf 'cat with dots and slashes' cat //etc/./../opt/acme/sub/../../../etc//acme.conf
same -o hello 'cat relative to a cwd reached by a rule' sh -c 'cd /opt/acme/sub && cat ../file'
same -x 1 'cat a name that is not there' cat /opt/acme/nothing
same -x 1 'cat a file as a directory' cat /etc/acme.conf/x
same -x 1 'cat a directory' cat /opt/acme
same -x 1 'a name that only begins like a rule' cat /opt/acme-other /etc/acme.conf2
same 'cp out of a rule and into one' cp -a /opt/acme/. /var/lib/acme/
same -u 'cp out of a rule and into one' cp -r /opt/acme/. /var/lib/acme/
same 'mv across two rules' mv /opt/acme/sub /opt/acme/file /var/lib/acme
same 'rm -r of what is inside' rm -r /opt/acme/sub /opt/acme/link
same -x 1 'rm -r of the path of a rule itself' rm -r /var/lib/acme
same 'mkdir, touch, chmod, ln, readlink' sh -c 'cd /var/lib/acme && mkdir -m 700 d && touch -d @1000 d/f &&
	chmod 640 d/f && ln d/f hard && ln -s /etc/acme.conf soft && readlink soft && readlink -f soft && cat soft &&
	stat -c "%a %Y %h %n" d/f && pwd -P && truncate -s 10 hard && rm d/f && rmdir d'
same -x 1 'a hard link from one rule to another' ln /opt/acme/file /var/lib/acme/file
same 'redirections of the shell' sh -c 'echo more >>/etc/acme.conf && read -r x </etc/acme.conf && echo "$x"'
same 'dd and tee' sh -c 'dd if=/opt/acme/file of=/var/lib/acme/a bs=2 status=none &&
	echo t | tee /var/lib/acme/b /etc/acme.conf'
finish
