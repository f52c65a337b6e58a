# SPDX-License-Identifier: MIT
# Sourced by tests/integration/ops-*.sh: one program per group of operations, in every form that this machine can
# build, each through libc, through syscall(2) and by the system call instruction itself (which only a tracer sees).
# It must never touch a path outside $WORK.
# shellcheck shell=bash disable=SC2016 # rules hold $T
. tests/lib.sh

rules <<'END'
bind /opt/acme $T/target
bind /opt/acme/inner $T/inner
bind /opt/acme/one.conf $T/one
END

# What there is under the rules: files, links of every kind, a rule within a rule, a directory without rights.
ops_world() {
	mkdir -p target/sub target/locked target/inner inner outside
	touch target/one.conf
	echo hello >target/file
	echo deep >target/sub/deep
	echo f >inner/f
	echo one >one
	echo plain >outside/plain
	chmod 640 target/sub/deep
	ln -s file target/link
	ln -s /opt/acme/sub/deep target/back
	ln -s nowhere target/dangling
	ln -s loop target/loop
	ln -s .. target/sub/up
	ln -s "$T/outside" target/home
	ln -s /opt/acme out
	touch target/locked/x
	chmod 600 target/locked
}

# The forms of a program: suffix of its name, and the ways it can make a call that preload serves.
ops_forms=('' -static -32 -32-static)
ops_options=() # of same

# What a seccomp filter refuses it refuses before the rules are asked: an error that comes of the rules is seen instead.
# libc's accept on i386 is socketcall, which the filter lets through, by syscall(2) it is one that it does not.
[ -z "$BENEATH" ] || filter='/^(chown(32)? loop|fchownat loop|accept4?[ ,]|getpeername of the other)/d'

# ops_run PROGRAM [ARG]...: over bind mounts and under each engine. A static program and one that makes its calls by
# the instruction are the tracer's alone.
ops_run() {
	local program=$1 form way path engine
	shift
	for form in "${ops_forms[@]}"; do
		path=$PROGRAMS/$program$form
		if [ ! -x "$path" ]; then
			skip "$program$form" 'not built on this machine'
			continue
		fi
		for way in libc syscall direct; do
			engine=()
			case $form/$way in
			*static/syscall) continue ;; # the same instruction
			*static/* | */direct) engine=(-e trace) ;;
			esac
			same ${engine[@]+"${engine[@]}"} ${ops_options[@]+"${ops_options[@]}"} "$program$form by $way" \
				"$path" $way "${ops_base:-/opt/acme}" "$@"
		done
	done
}
