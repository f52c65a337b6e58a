#!/bin/bash
# SPDX-License-Identifier: MIT
# The demo's vendor application with the demo's own rules: what a snap's user gets is what bind mounts would give.
. tests/lib.sh
[ -x "$SNAPREDIR_BUILD/acme/acme-sync" ] || skip_all 'the Go part of the demo cannot be built here'

stage=$PWD/snap/demo/stage
prepare() { "$stage" "$SNAPREDIR_BUILD" . && mkdir common/lib; }
rules <snap/demo/meta/snapredir.rules
export SNAP=$T/snap SNAP_DATA=$T/data SNAP_COMMON=$T/common
filter='s/\[[0-9]+\]/[PID]/'

same -e trace 'the whole application' /opt/acme/bin/acme
same -e trace -u 'the whole application' /opt/acme/bin/acme
same -e trace 'twice' sh -c '/opt/acme/bin/acme && /opt/acme/bin/acme'
same 'its script alone' /opt/acme/bin/acme-report
same -s -p "$SNAP/opt/acme/bin/acme-index" 'its static part alone' /opt/acme/bin/acme-index
same -s -p "$SNAP/opt/acme/bin/acme-sync" 'its Go part alone' /opt/acme/bin/acme-sync

# As a snap calls it: no options, the rules found in $SNAP/meta, the program by its real name.
snap_run() { # ENGINE
	rm -rf "$T" && mkdir -p "$T" && (cd "$T" && prepare)
	status=0
	SNAPREDIR_ENGINE=$1 "$SNAP/bin/snapredir" "$SNAP/opt/acme/bin/acme" >"$WORK/out" 2>"$WORK/err" || status=$?
}
snap_run trace
check 'as a snap calls it, trace: everything works' test $status = 0
check 'as a snap calls it, trace: each part says so' test "$(grep -cE 'FAILED' "$WORK/out")" = 0
check 'as a snap calls it, trace: nothing on stderr' test ! -s "$WORK/err"
check 'as a snap calls it, trace: files are written in the snap' test -s "$SNAP_COMMON/lib/sync.json"
snap_run preload
check 'as a snap calls it, preload: static parts fail' test $status = 1
check 'as a snap calls it, preload: they alone' test "$(grep -E 'FAILED' "$WORK/out" | grep -vcE 'acme-(index|sync)')" = 0
check 'as a snap calls it, preload: the dynamic part has written' test -s "$SNAP_COMMON/lib/runs"
check 'as a snap calls it, preload: the script has written' test -s "$SNAP_COMMON/lib/report.txt"
check 'the demo itself' snap/demo/run "$SNAPREDIR_BUILD"
for path in /opt/acme /etc/acme.conf /usr/share/acme /var/lib/acme; do
	check "$path has not been created outside" test ! -e $path
done
finish
