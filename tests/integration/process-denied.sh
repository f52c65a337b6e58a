#!/bin/bash
# SPDX-License-Identifier: MIT
# Where tracing cannot be had: Yama, seccomp profiles that forbid one thing or another, no processes left. Each is
# named in one line; auto goes on with preload, --require and -e trace fail with status 125.
# shellcheck disable=SC2016 # for the inner shells
. tests/lib.sh

mkdir "$WORK/world"
echo text >"$WORK/world/file"
map=(-m "/opt/acme=$WORK/world")
EPERM=1 ENOSYS=38

# refused CAUSE COMMAND...: with the launcher run by COMMAND
refused() {
	local cause=$1
	shift
	"$@" "$SNAPREDIR" "${map[@]}" cat /opt/acme/file >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
	if [ "$(cat "$WORK/out")" != text ] || [ "$(wc -l <"$WORK/err")" != 1 ] ||
		! grep -q "^snapredir: engine: preload, since programs cannot be traced here: .*$cause.*; static programs and direct system calls" "$WORK/err"; then
		cat "$WORK/out" "$WORK/err"
		return 1
	fi
	for wish in --require -e; do
		"$@" "$SNAPREDIR" $wish trace "${map[@]}" cat /opt/acme/file >"$WORK/out" 2>"$WORK/err"
		[ $? = 125 ] && [ ! -s "$WORK/out" ] && [ "$(wc -l <"$WORK/err")" = 1 ] && grep -q "$cause" "$WORK/err" ||
			{ echo "$wish:"; cat "$WORK/out" "$WORK/err"; return 1; }
	done
	"$@" "$SNAPREDIR" -e preload "${map[@]}" cat /opt/acme/file >"$WORK/out" 2>"$WORK/err" &&
		[ ! -s "$WORK/err" ] && [ "$(cat "$WORK/out")" = text ]
}
deny() { echo "$PROGRAMS/process-deny" "$@" --; }

for error in $EPERM $ENOSYS; do
	# shellcheck disable=SC2046 # words
	{
		check "a profile without ptrace (errno $error)" refused 'ptrace gives .*seccomp profile' $(deny $error ptrace)
		check "a profile without seccomp (errno $error)" refused 'seccomp gives .*seccomp profile' $(deny $error seccomp)
		check "a profile without all of it (errno $error)" refused 'ptrace gives .*seccomp profile' \
			$(deny $error ptrace seccomp process_vm_readv process_vm_writev)
	}
done
no_processes() {
	# no line about this by a shell, which could not fork either
	# shellcheck disable=SC2317 # called by check
	command -v setpriv >/dev/null || return 0
	for_everybody
	refused 'no child could be started.*ulimit -u' \
		setpriv --reuid=65533 --regid=65533 --clear-groups bash -c 'ulimit -u 1; exec "$@"' -
}
if [ "$(id -u)" = 0 ]; then
	check 'no process left' no_processes
else
	skip 'no process left' 'needs root, to be a user without processes'
fi

# What is forbidden of the rest is done without.
served() { # COMMAND...: a path, a name that comes back, a listing, a script, a socket and a thread of it
	"$@" "$SNAPREDIR" --require trace "${map[@]}" bash -c 'cd /opt/acme && pwd && cat file && ls && readlink /proc/self/cwd &&
		cat <(cat /opt/acme/file)' >"$WORK/out" 2>&1
	diff "$WORK/out" - <<'END'
/opt/acme
text
file
/opt/acme
text
END
}
# shellcheck disable=SC2046 # words
for error in $EPERM $ENOSYS; do
	check "a profile without process_vm_readv (errno $error): traced all the same" served $(deny $error process_vm_readv)
	check "... without process_vm_writev" served $(deny $error process_vm_writev)
	check "... without either" served $(deny $error process_vm_readv process_vm_writev)
	check "... without pidfds and close_range" served $(deny $error pidfd_open pidfd_getfd close_range)
done

# Yama, in the words of a /proc of our own: it is not in every kernel, and its scope 3 stays until the machine ends.
yama() { # SCOPE CAUSE
	# shellcheck disable=SC2046 # words
	refused "$2" unshare -m sh -ec 'mount -t tmpfs yama /proc/sys/kernel; mkdir /proc/sys/kernel/yama
		echo "$0" >/proc/sys/kernel/yama/ptrace_scope; exec "$@"' "$1" $(deny $EPERM ptrace)
}
if [ "$(id -u)" = 0 ] && unshare -m mount -t tmpfs yama /proc/sys/kernel 2>/dev/null; then
	check 'Yama 1 allows it: another is to blame' yama 1 'seccomp profile'
	check 'Yama 2' yama 2 'kernel.yama.ptrace_scope is 2.*sysctl kernel.yama.ptrace_scope=1 would allow it'
	check 'Yama 3' yama 3 'kernel.yama.ptrace_scope is 3.*everybody'
else
	skip 'Yama' 'no mounts here'
fi
# A debugger inside: what is forbidden is done without, or it is refused.
debugged() { # ENGINE COMMAND...
	"${@:2}" "$SNAPREDIR" -e "$1" "${map[@]}" strace -f -o /dev/null cat /opt/acme/file >"$WORK/out" 2>&1
	[ "$(cat "$WORK/out")" = text ]
}
not_debugged() { ! debugged "$@" && grep -q 'Operation not permitted' "$WORK/out"; }
for engine in trace hybrid; do
	if command -v strace >/dev/null; then
		# shellcheck disable=SC2046 # words
		{
			check "strace inside without close_range [$engine]" debugged $engine $(deny $ENOSYS close_range)
			check "strace inside without process_vm_* [$engine]" debugged $engine $(deny $EPERM process_vm_readv process_vm_writev)
			check "strace inside without pidfd_getfd is refused [$engine]" not_debugged $engine $(deny $EPERM pidfd_getfd)
		}
	else
		skip "strace inside [$engine]" 'strace is not installed'
	fi
done
finish
