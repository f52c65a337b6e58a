#!/bin/bash
# SPDX-License-Identifier: MIT
# Names of AF_UNIX sockets in every call that takes or gives one, under every engine.
. tests/lib.sh

deep=a-directory-with-a-long-name/that-holds-another-one/whose-name-is-long-too/so-that-no-socket-fits
prepare() {
	mkdir -p target "deep/$deep"
}
rules <<END
bind /opt/acme \$T/target
bind /opt/deep \$T/deep/$deep
END
for form in '' -static -musl -32; do
	program=$PROGRAMS/trace-sockets$form
	engine=()
	case $form in -static | -musl) engine=(-e trace) ;; esac
	if [ -x "$program" ]; then
		same ${engine[@]+"${engine[@]}"} "sockets$form" "$program" /opt/acme /opt/deep
		same ${engine[@]+"${engine[@]}"} -u "sockets$form" "$program" /opt/acme /opt/deep
	elif [ "$form" != -musl ]; then
		skip "sockets$form" 'not built here'
	fi
done
finish
