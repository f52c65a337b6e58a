#!/bin/bash
# SPDX-License-Identifier: MIT
# exec from a thread, from vfork, by descriptor, of redirected programs and scripts, and exec that fails.
. tests/lib.sh

prepare() {
	mkdir target
	echo text >target/file
	chmod +x target/file
	printf '#!/bin/sh\necho "script $0: $*, $(cat /proc/$$/comm)"\n' >target/script
	printf '#!/opt/acme/sh -e\necho "own interpreter $0: $*, $(cat /proc/$$/comm)"\n' >target/own
	printf '#!/opt/acme/own and more\n' >target/nested
	chmod +x target/script target/own target/nested
	ln -s /bin/sh target/sh
	cp "$PROGRAMS/trace-exec$form" target/program
	cp "$PROGRAMS/trace-exec$form" target/elsewhere
	cp "$PROGRAMS/trace-exec$form" target/there
}
rules <<'END'
bind /opt/acme $T/target
bind /opt/another/name $T/target/elsewhere
bind /opt/n $T/target/there
END
for form in '' -static -musl -32; do
	if [ ! -x "$PROGRAMS/trace-exec$form" ]; then
		skip "exec$form" 'not built here'
		continue
	fi
	for name in /opt/another/name /opt/n; do
		same -e trace "exec$form by another name" "$PROGRAMS/trace-exec$form" $name /opt/acme/file /opt/acme/script
	done
	for script in script own nested; do
		same -e trace "exec$form, $script" "$PROGRAMS/trace-exec$form" /opt/acme/program /opt/acme/file /opt/acme/$script
	done
done
finish
