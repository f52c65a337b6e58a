#!/bin/bash
# SPDX-License-Identifier: MIT
# In a strict snap: beneath the seccomp filter that the installed snapd gives to one, as root and as an ordinary user.
# Programs are redirected by the shim alone, and what cannot be had is said, once. A part of the tests of engine
# preload is run there again; `make strict` runs all of them.
. tests/lib.sh
needs snap
profile=$WORK/strict.bin
check 'the filter of a strict snap' tests/snap/strict-filter.py "$profile"
[ -s "$profile" ] || { finish; }

mkdir -p "$T/target" && cd "$T" || exit 1
echo text >target/file
map=(-m "/opt/acme=$T/target")
for_everybody

# strict USER COMMAND...
strict() {
	local user=$1 as=()
	shift
	[ "$user" = root ] || as=(-u 65534)
	"$PROGRAMS/strict-load" ${as[@]+"${as[@]}"} "$profile" "$@"
}
# says USER STATUS OUTPUT ERRORS COMMAND...: exact output, and each line of the errors by a line of ERRORS (patterns)
says() {
	local user=$1 wanted=$2 output=$3 errors=$4 status=0 line n=0
	shift 4
	strict "$user" "$@" >out 2>err || status=$?
	while IFS= read -r line; do
		n=$((n + 1))
		sed -n "${n}p" err | grep -qE -e "$line" || { n=-1; break; }
	done < <([ -z "$errors" ] || printf '%s\n' "$errors")
	[ "$status" = "$wanted" ] && [ "$(cat out)" = "$output" ] && [ "$(wc -l <err)" = $n ] && return
	echo "status $status; $n"
	cat out err
	return 1
}

users=(root)
if [ "$(id -u)" = 0 ]; then users+=(user); else skip 'as another user' 'needs root, to become one'; fi
lost='^snapredir: engine: preload, since programs cannot be traced here: ptrace gives "Operation not permitted": the seccomp profile of this container or snap forbids it; .*; static programs and direct system calls are not redirected'
for user in "${users[@]}"; do
	check "auto does with preload, and says so once [$user]" says $user 0 text "$lost" "$SNAPREDIR" "${map[@]}" sh -c 'cat /opt/acme/file'
	check "engine preload is silent [$user]" says $user 0 text '' "$SNAPREDIR" -e preload "${map[@]}" sh -c 'cat /opt/acme/file'
	for engine in trace hybrid; do
		check "engine $engine cannot be had [$user]" says $user 125 '' \
			"^snapredir: .*engine $engine cannot be had here: ptrace gives .*seccomp profile" "$SNAPREDIR" -e $engine "${map[@]}" true
	done
	if command -v bash-static >/dev/null; then
		check "a static program is named [$user]" says $user 1 '' \
			'^snapredir: .*bash-static: is a static program, which engine preload does not redirect'$'\n''bash-static: .*No such file' \
			"$SNAPREDIR" -e preload "${map[@]}" bash-static -c 'exec </opt/acme/file'
		log=$T/log.$user
		: >"$log" && chmod 666 "$log"
		check "one that is executed is named in the log [$user]" says $user 0 '' 'bash-static: .*No such file' \
			"$SNAPREDIR" -e preload -l "$log" "${map[@]}" sh -c "bash-static -c 'exec </opt/acme/file'; :"
		check "... which names nothing else [$user]" test "$(grep -cE 'preload: execve ".*bash-static" is a static program' "$log")/$(wc -l <"$log")" = 1/1
	else
		skip "a static program is named [$user]" 'no static bash here'
	fi
	# what a program sees of itself beneath the filter
	check "no privileges are given up [$user]" says $user 0 $'NoNewPrivs:\t0' '' \
		"$SNAPREDIR" -e preload "${map[@]}" grep NoNewPrivs /proc/self/status
done

cd "$LIB/.." || exit 1
for test in ops-names ops-bad preload-files real-cat; do
	# shellcheck disable=SC2317 # called by check
	beneath() { SNAPREDIR_BUILD=$SNAPREDIR_BUILD SNAPREDIR_BENEATH=$profile timeout 250 "tests/integration/$test.sh"; }
	beneath >"$WORK/beneath" 2>&1 || true
	if [ -s "$WORK/beneath" ] && grep -q '^ok .*\[preload\]' "$WORK/beneath" && ! grep -q '^not ok' "$WORK/beneath" &&
		grep -q '^1\.\.' "$WORK/beneath"; then
		ok "$test beneath the filter"
	else
		grep -A30 '^not ok' "$WORK/beneath" >"$WORK/why"
		not_ok "$test beneath the filter" <"$WORK/why"
	fi
done
finish
