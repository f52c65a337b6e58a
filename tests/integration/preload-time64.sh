#!/bin/bash
# SPDX-License-Identifier: MIT
# Names of libc for 64-bit times on 32 bit, the mount API's functions, and the names that libc makes up in /tmp.
. tests/lib.sh
[ -z "$BENEATH" ] || filter='/^openat2 /d' # refused there, whoever makes it

prepare() {
	mkdir -p target/sub temporary
	chmod 1777 temporary
	echo hello >target/file
	echo deep >target/sub/deep
	touch -d @1000 target/file target/sub/deep
	ln -s file target/link
	ln -s /opt/acme/sub/deep target/back
	ln -s nowhere target/dangling
	ln -s /opt/acme out
}
rules <<'END'
bind /opt/acme $T/target
END
for form in '' -32; do
	program=$PROGRAMS/preload-time64$form
	if [ ! -x "$program" ]; then
		skip "time64$form" 'not built on this machine'
		continue
	fi
	same "time64$form" "$program" /opt/acme
	same "time64$form through a link" "$program" out
	same "time64$form by a relative path" sh -c 'cd /opt/acme/sub && exec "$@"' sh "$program" ..
	same -u "time64$form" "$program" /opt/acme
done

# Under /tmp: no bind mount there, since the test's own directory may lie in it.
work=$(readlink -f "$WORK")
mkdir -m 1777 "$work/temporary"
echo "bind /tmp $work/temporary" >"$WORK/rules"
for form in '' -32; do
	program=$PROGRAMS/preload-tmp$form
	if [ ! -x "$program" ]; then
		skip "tmp$form" 'not built on this machine'
		continue
	fi
	"$program" >"$WORK/wanted" 2>&1
	for engine in "${ENGINES[@]}"; do
		cp "$program" "$work/temporary/program"
		(cd / && "$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- /tmp/program leave) >"$WORK/got" 2>&1
		check "names in /tmp$form [$engine]" diff "$WORK/wanted" "$WORK/got"
		rm "$work/temporary/program"
		check "files in /tmp$form [$engine]" test "$(find "$work/temporary" -type f -empty | wc -l)" = 8
		find "$work/temporary" -type f -delete
	done
done
finish
