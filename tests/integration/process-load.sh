#!/bin/bash
# SPDX-License-Identifier: MIT
# Load: 10,000 short processes, 64 at once, without the tracer growing; a fork bomb within ulimit -u; a crowd that dies
# with its tracer within a second. `make soak` takes 100,000 processes, and builds this project beneath us.
# shellcheck disable=SC2016 # for the inner shells
. tests/process.sh

count=10000
[ -z "$soak" ] || count=100000
many='$RUN "$0" many "${RUN:+/opt/acme/}file" '$count' 64'
prepare='echo text >file; '
seconds=250 each -e trace -o "$count processes, 64 at once: 0 failed
the tracer's memory: flat" "$count short processes, 64 at once" "$prepare$many" "$PROGRAMS/process-load-static"
for engine in "${ENGINES[@]}"; do
	[ "$engine" != trace ] || continue
	seconds=250 each -e "$engine" "$count short processes, 64 at once, dynamic" "$prepare$many" "$PROGRAMS/process-load"
done

if [ "$(id -u)" = 0 ]; then
	for_everybody
	cp "$PROGRAMS/process-load" "$WORK/program"
	each -o 'fork bomb: refused at some point, then: found' 'a fork bomb within ulimit -u' \
		'echo text >file; chmod 644 file; exec setpriv --reuid=64999 --regid=64999 --clear-groups \
			bash -c "ulimit -u 150; exec $RUN $0 bomb ${RUN:+/opt/acme/}file 2000"' "$WORK/program"
else
	skip 'a fork bomb within ulimit -u' 'needs root, to be a user without processes'
fi

crowd_dies() {
	local pid tracer left i
	cp "$PROGRAMS/process-load-static" "$WORK/crowd"
	# shellcheck disable=SC2046 # words
	$(with trace) "$WORK/crowd" crowd /opt/acme/file 100 >"$WORK/up" &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$WORK/up" ] || break
		sleep 0.05
	done
	tracer=$(sed -n 's/^TracerPid:\t//p' /proc/$pid/status)
	kill -KILL "$tracer"
	wait $pid
	[ $? = 137 ] || return 1
	for ((i = 0; i < 20; i++)); do
		left=$(pgrep -c -f "$WORK/crowd crowd" || true)
		[ "$left" != 0 ] || return 0
		sleep 0.05
	done
	echo "$left of them are left after a second"
	return 1
}
check 'without their tracer 100 processes end within a second' crowd_dies 2>/dev/null

if [ -n "$soak" ]; then
	builds() {
		local log=$WORK/make
		# shellcheck disable=SC2046 # words
		(unset MAKEFLAGS MAKELEVEL; $(with "$1") make -j4 O="$WORK/built.$1" all) >"$log" 2>&1 ||
			{ tail -20 "$log"; return 1; }
		"$WORK/built.$1/bin/snapredir" --version
	}
	for engine in "${ENGINES[@]}"; do
		check "make -j4 of this project [$engine]" builds "$engine"
	done
fi
finish
