#!/bin/bash
# SPDX-License-Identifier: MIT
# libc's functions one by one, under all the names they have in a program: __xstat, fortified and 64-bit ones too.
. tests/lib.sh

prepare() {
	mkdir -p target/sub data
	echo hello >target/file
	echo deep >target/sub/deep
	ln -s file target/link
	ln -s /opt/acme/sub/deep target/back
	ln -s nowhere target/dangling
	ln -s loop target/loop
	ln -s /opt/acme out
}
rules <<'END'
bind /opt/acme $T/target
bind /var/lib/acme $T/data
END

for form in '' -32; do
	calls=$PROGRAMS/preload-calls$form names=$PROGRAMS/preload-names$form
	if [ ! -x "$calls" ]; then
		skip "preload-calls$form" 'not built on this machine'
		continue
	fi
	for group in open make stat change syscall; do
		same "$group$form by an absolute path" "$calls" $group /opt/acme
		same "$group$form through a link" "$calls" $group out
		same "$group$form by a relative path" sh -c 'cd /opt/acme/sub && exec "$@"' sh "$calls" $group ..
	done
	same -u "open$form" "$calls" open /opt/acme
	for group in links cwd temporary; do
		same "$group$form by an absolute path" "$names" $group /opt/acme
		same "$group$form through a link" "$names" $group "$T/out"
	done
	# A directory's entries come in no order.
	for group in directories walks; do
		same "$group$form by an absolute path" sh -c '"$@" | sort' sh "$names" $group /opt/acme
		same "$group$form through a link" sh -c '"$@" | sort' sh "$names" $group out
	done
done
finish
