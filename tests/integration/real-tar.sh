#!/bin/bash
# SPDX-License-Identifier: MIT
# tar, cpio-like copies and rsync-like walks: many files created, linked, dated and owned beneath a rule.
. tests/lib.sh
needs tar gzip

prepare() {
	mkdir -p source/deep/er out conf
	local i
	for i in $(seq 60); do echo "$i" >"source/deep/f$i"; done
	ln source/deep/f1 source/hard
	ln -s deep/f2 source/soft
	ln -s /opt/acme/deep source/absolute
	mkfifo source/deep/er/fifo
	chmod 4755 source/deep/f3
	chmod 700 source/deep/er
	find source -exec touch -h -d @1000000000 {} +
	(cd source && tar -cf ../given.tar .)
	echo 'deep/f1' >conf/list
}
rules <<'END'
bind /opt/acme $T/source
bind /var/lib/acme $T/out
bind /etc/acme $T/conf
END

same 'tar -c | tar -t' sh -c 'tar -C /opt -cf - acme | tar -tvf - --numeric-owner | sed "s/^\(.\{10\}\) [^ ]* *[0-9]* /\1 /" | sort'
same 'tar -x into a rule' tar -C /var/lib/acme -xpf given.tar
same -u 'tar -x into a rule' tar -C /var/lib/acme -xf given.tar
same 'tar from one rule to another' sh -c 'tar -C /opt/acme -cf - . | tar -C /var/lib/acme -xpf -'
same 'tar with an archive, a list and a directory by rules' sh -c 'tar -czf /var/lib/acme/a.tgz -C /opt/acme -T /etc/acme/list &&
	tar -tzf /var/lib/acme/a.tgz && rm /var/lib/acme/a.tgz'
same 'tar --remove-files' tar -cf /dev/null --remove-files -C /opt/acme deep
same 'tar -x over what is there' sh -c 'cd /var/lib/acme && tar -xpf "$T/given.tar" && tar -xpf "$T/given.tar" && tar -df "$T/given.tar"'
same 'cp -a and diff -r' sh -c 'rm /opt/acme/deep/er/fifo; cp -a /opt/acme/. /var/lib/acme && diff -r /opt/acme /var/lib/acme'
same -s 'tar of busybox-static' busybox tar -C /var/lib/acme -xf given.tar
finish
