# SPDX-License-Identifier: MIT
# Sourced by tests/integration/process-*.sh: what a process is to itself, to its parent, its terminal and its manager,
# natively and under each engine. A script says $RUN where the launcher stands; natively that is nothing:
#
#     each 'status of a child' '$RUN sh -c "exit 7"; echo $?'
#
# With SNAPREDIR_SOAK=1, as `make soak` sets it, $soak is not empty: take your time.
# shellcheck shell=bash
soak=${SNAPREDIR_SOAK-}
unset SNAPREDIR_SOAK
. tests/lib.sh

mkdir "$WORK/target"
echo text >"$WORK/target/file"
# What every launcher of a test is called with: without rules there would be nothing to notice.
with() { echo "$SNAPREDIR -e $1 -m /opt/acme=$WORK/target --"; }

# attempt ENGINE SCRIPT [ARG]...: one run; sets status and writes $WORK/ENGINE.{out,err}
attempt() {
	local engine=$1 run=''
	shift
	[ "$engine" = native ] || run=$(with "$engine")
	rm -rf "$T" && mkdir -p "$T"
	status=0
	(cd "$T" && ulimit -S -c "${core:-0}" && RUN=$run exec timeout -k 5 "${seconds:-60}" bash -c "$@") \
		<"${input:-/dev/null}" >"$WORK/$engine.out" 2>"$WORK/$engine.err" || status=$?
	echo "status $status" >>"$WORK/$engine.out"
	# the launcher's one line about a static program, said by design
	sed -i '/^snapredir: .*static program.*preload/d' "$WORK/$engine.err"
}

# each [-o TEXT] [-x STATUS] [-e ENGINE] NAME SCRIPT [ARG]...: output, errors and status are the same natively and
# under each engine, or only under ENGINE. What the script prints and its status may be told, too.
each() {
	local OPTIND=1 option text='' has_text='' wanted=0 engines=("${ENGINES[@]}") name engine status
	while getopts 'o:x:e:' option; do
		case $option in
		o) text=$OPTARG has_text=1 ;;
		x) wanted=$OPTARG ;;
		e) engines=("$OPTARG") ;;
		*) return 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	name=$1
	shift
	attempt native "$@"
	if [ "$status" != "$wanted" ]; then
		{ echo "status $status instead of $wanted"; head -40 "$WORK/native.out" "$WORK/native.err"; } >"$WORK/why"
		not_ok "$name [native]" <"$WORK/why"
	elif [ -n "$has_text" ] && [ "$(sed '$d' "$WORK/native.out")" != "$text" ]; then
		diff -u --label wanted --label got - <(sed '$d' "$WORK/native.out") <<<"$text" >"$WORK/why"
		not_ok "$name [native]" <"$WORK/why"
	else
		ok "$name [native]"
	fi
	for engine in "${engines[@]}"; do
		attempt "$engine" "$@"
		if cmp -s "$WORK/native.out" "$WORK/$engine.out" && cmp -s "$WORK/native.err" "$WORK/$engine.err"; then
			ok "$name [$engine]"
			continue
		fi
		for part in out err; do
			diff -u --label "native $part" --label "$engine $part" "$WORK/native.$part" "$WORK/$engine.$part" | head -40
		done >"$WORK/why"
		not_ok "$name [$engine]" <"$WORK/why"
	done
}
