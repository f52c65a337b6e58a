#!/bin/bash
# SPDX-License-Identifier: MIT
# What may happen while libc reads its files: signals, threads, jumps, children, filters.
. tests/lib.sh

prepare() {
	mkdir -p etc acme
	printf 'hosts: files dns\n' >etc/nsswitch.conf
	printf '127.9.8.7 acmehost\n' >etc/hosts
	printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >etc/resolv.conf
	printf 'JST-9\n' >acme/file
	cp /usr/share/zoneinfo/Asia/Tokyo acme/zone 2>/dev/null
}
rules <<'END'
bind /etc/nsswitch.conf $T/etc/nsswitch.conf
bind /etc/hosts $T/etc/hosts
bind /etc/resolv.conf $T/etc/resolv.conf
bind /opt/acme $T/acme
END
if [ -e /usr/share/zoneinfo/Asia/Tokyo ]; then
	TZ=/opt/acme/zone
else
	TZ=JST-9
fi
for form in '' -32; do
	program=$PROGRAMS/preload-window$form
	if [ ! -x "$program" ]; then
		skip "windows$form" 'not built on this machine'
		continue
	fi
	for test in dns alarms jump cancel sigsys filter threads errno; do
		same "$test$form" "$program" $test
	done
done
same -u 'threads' "$PROGRAMS/preload-window" threads

# A kernel that lacks it: the program runs, and the log says what was not redirected.
mkdir -p "$T/etc"
echo '127.9.8.7 acmehost' >"$T/etc/hosts"
old() { "$PROGRAMS/preload-window" old "$SNAPREDIR" -e preload -m "/etc/hosts=$T/etc/hosts" "$@"; }
check 'an older kernel: the program runs' [ "$(old -- sh -c 'getent hosts acmehost; echo alive')" = alive ]
check 'an older kernel: the log says it' \
	sh -c 'echo "$1" | grep -q "prctl \"PR_SET_SYSCALL_USER_DISPATCH\" fails: errno 22"' - \
	"$(old -v -- getent hosts acmehost 2>&1)"
finish
