# SPDX-License-Identifier: MIT
# Sourced by tests/integration/*.sh. A test states its files, its rules and its programs once:
#
#     . tests/lib.sh
#     prepare() { mkdir target; echo text >target/file; }     # in the empty directory $T, before every run
#     rules <<'END'
#     bind /opt/acme $T/target
#     END
#     same 'cat reads a file' cat /opt/acme/file
#     finish
#
# `same` runs the program with the targets really bind-mounted at the paths, then under each engine; output,
# errors, status and the files left in $T must be equal. What a program writes around the rules' paths stays in a
# private namespace and is a failure. It must never touch a path outside $WORK.
# shellcheck shell=bash

set -u
SNAPREDIR_BUILD=${SNAPREDIR_BUILD:-$PWD/build}
SNAPREDIR=$SNAPREDIR_BUILD/bin/snapredir
export PROGRAMS=$SNAPREDIR_BUILD/programs
LIB=$PWD/tests
# The programs under test have an environment as a user's.
export -n SNAPREDIR_BUILD
unset SNAPREDIR_MUST_WORK SNAPREDIR_TEST_SECONDS SNAP SNAP_DATA SNAP_COMMON SNAPREDIR_RULES SNAPREDIR_ENGINE SNAPREDIR_REQUIRE SNAPREDIR_LOG SNAPREDIR_VERBOSE
WORK=$(mktemp -d "${TMPDIR:-/tmp}/snapredir-test.XXXXXX")
chmod 755 "$WORK"
T=$WORK/run/t
export T HOME=$T LC_ALL=C TZ=UTC
umask 022
trap 'rm -rf "$WORK"' EXIT

ENGINES=(trace preload hybrid)
# SNAPREDIR_BENEATH=FILE: `same` runs everything, the reference too, beneath this seccomp filter, which is that of a strict
# snap (tests/snap/strict-filter.py): there is no other engine there.
BENEATH=${SNAPREDIR_BENEATH-}
export -n SNAPREDIR_BENEATH
[ -z "$BENEATH" ] || ENGINES=(preload)
tests=0
reference=bind
: >"$WORK/rules"

# Where mounts cannot be had, the engines are compared with each other.
mkdir "$WORK/scratch"
if ! "$LIB/mounted" bind "$WORK/scratch" /dev/null true 2>"$WORK/bind.err"; then
	reference=trace
fi

prepare() { :; }
rules() { cat >"$WORK/rules"; }

ok() { # NAME
	tests=$((tests + 1))
	echo "ok $tests - $1"
}
not_ok() { # NAME, with what is to be said about it on stdin: never at the end of a pipe, it counts
	tests=$((tests + 1))
	echo "not ok $tests - $1"
	sed 's/^/# /'
}
skip() { # NAME REASON
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}
# skip_all REASON: nothing of this file can run here
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}
# check NAME COMMAND...: the command succeeds
check() {
	local name=$1
	shift
	if "$@" >"$WORK/check" 2>&1; then ok "$name"; else not_ok "$name" <"$WORK/check"; fi
}
# needs PROGRAM...: skip the file where one is missing
needs() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip_all "$program is not installed"
	done
}
finish() {
	echo "1..$tests"
	exit 0
}

# How the engines are told the rules that `mounted` reads.
engine_rules=(-r "$WORK/rules")

# What lies in $T: kind, mode, owner, size, link text, and the contents of files but those in $unstable (patterns).
# tree_filter: what sed is to make of that.
unstable=()
tree() {
	local pattern path
	(
		cd "$T" || exit 1
		find . \( -type d -printf '%P/ %m %U:%G\n' \) -o -printf '%P %y %m %U:%G %n %l\n'
		find . -type f -print0 | while IFS= read -r -d '' path; do
			for pattern in ${unstable[@]+"${unstable[@]}"}; do
				# shellcheck disable=SC2053 # a pattern
				[[ $path == $pattern ]] && continue 2
			done
			sha256sum "$path"
		done
	) | sed -E "${tree_filter-}" | sort
}

# The launcher and its shims where any user may execute them.
for_everybody() {
	if [ ! -e "$WORK/everybody" ]; then
		mkdir "$WORK/everybody"
		cp -r "$SNAPREDIR_BUILD/bin" "$SNAPREDIR_BUILD/lib" "$WORK/everybody/"
		chmod -R a+rX "$WORK/everybody"
	fi
	SNAPREDIR=$WORK/everybody/bin/snapredir
}

# measure ENGINE COMMAND...: one run in a fresh $T; sets status and writes $WORK/ENGINE.{out,err,status,tree,stray}
measure() {
	local engine=$1 run=() drop=() guard=() scratch=$WORK/scratch
	shift
	rm -rf "$WORK/run" "$scratch" "$scratch".*
	mkdir -p "$T" "$scratch"
	: >"$scratch.stray"
	(cd "$T" && prepare) || echo '# prepare failed'
	if [ -n "${as_user-}" ] && [ "$(id -u)" = 0 ]; then
		chown -R 65534:65534 "$T"
		drop=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
	fi
	[ -z "$BENEATH" ] || drop=("$PROGRAMS/strict-load" ${drop[@]+-u 65534} "$BENEATH")
	[ $reference != bind ] || guard=("$LIB/mounted" guard "$scratch" "$WORK/rules")
	case $engine in
	bind) run=("$LIB/mounted" bind "$scratch" "$WORK/rules" ${drop[@]+"${drop[@]}"}) ;;
	native) run=(${guard[@]+"${guard[@]}"} ${drop[@]+"${drop[@]}"}) ;;
	*) run=(${guard[@]+"${guard[@]}"} ${drop[@]+"${drop[@]}"} "$SNAPREDIR" -e "$engine" "${engine_rules[@]}" --) ;;
	esac
	status=0
	(cd "$T" && exec timeout -k 5 "${seconds:-60}" ${run[@]+"${run[@]}"} "$@") <"${input:-/dev/null}" \
		>"$WORK/$engine.out" 2>"$WORK/$engine.err" || status=$?
	echo "status $status" >"$WORK/$engine.status"
	[ ! -e "$scratch.points" ] || unmake <"$scratch.points"
	if [ -n "${filter-}" ]; then
		sed -i -E "$filter" "$WORK/$engine.out" "$WORK/$engine.err"
	fi
	# the launcher's one line about a static program, said by design
	[ "$engine" != preload ] || sed -i '/^snapredir: .*static program.*preload/d' "$WORK/preload.err"
	tree >"$WORK/$engine.tree"
	sed 's/^/written outside: /' "$scratch.stray" >"$WORK/$engine.stray"
}

# Removes the mount points that `mounted` made in $T or inside the target of another rule, found there by its name.
unmake() {
	local point line words best real
	while IFS= read -r point; do
		best='' real=$point
		while IFS= read -r line; do
			eval "words=(${line%%#*})"
			[ ${#words[@]} -gt 2 ] || continue
			case $point in "${words[1]}"/*)
				if [ ${#words[1]} -gt ${#best} ]; then
					best=${words[1]} real=${words[2]}${point#"${words[1]}"}
				fi
				;;
			esac
		done <"$WORK/rules"
		case $real in "$T"/*) rm -rf "$real" ;; esac
	done
}

# compare NAME WANTED GOT: the two runs were equal
compare() {
	local part equal=1
	for part in out err status tree stray; do
		cmp -s "$WORK/$2.$part" "$WORK/$3.$part" || equal=
	done
	if [ -n "$equal" ]; then
		ok "$1"
	else
		for part in out err status tree stray; do
			diff -u --label "$2 $part" --label "$3 $part" "$WORK/$2.$part" "$WORK/$3.$part" | head -40
		done >"$WORK/why"
		not_ok "$1" <"$WORK/why"
	fi
}

# same [OPTION]... NAME COMMAND...
#   -s         a static program: under preload it runs as if without snapredir, which is what is expected then
#   -p PATH    its real name, by which it can be run without snapredir
#   -u         as an ordinary user
#   -x STATUS  the status expected of the reference (0)
#   -o TEXT    what it prints, too
#   -e ENGINE  this engine only; trace: and hybrid, which sees as much
same() {
	local static='' real='' as_user='' wanted=0 text='' has_text='' engines=("${ENGINES[@]}") name engine status
	local OPTIND=1 option launcher=$SNAPREDIR
	while getopts 'sup:x:o:e:' option; do
		case $option in
		s) static=1 ;;
		u) as_user=1 ;;
		p) real=$OPTARG ;;
		x) wanted=$OPTARG ;;
		o) text=$OPTARG has_text=1 ;;
		e)
			engines=("$OPTARG")
			[ "$OPTARG" != trace ] || engines+=(hybrid)
			;;
		*) return 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	[ -z "$BENEATH" ] || [ "${engines[0]}" = preload ] || return 0
	name=$1${as_user:+ (ordinary user)}
	shift
	[ -z "$as_user" ] || for_everybody
	measure $reference "$@"
	if [ $reference = bind ] && [ "$status" = 99 ] && grep -q '^mounted: ' "$WORK/bind.err"; then
		reference=trace
		measure $reference "$@"
	fi
	[ $reference = bind ] || skip "$name [bind]" "no mounts here: $(head -1 "$WORK/bind.err")"
	if [ "$status" != "$wanted" ]; then
		{ echo "status $status instead of $wanted"; head -40 "$WORK/$reference.out" "$WORK/$reference.err"; } >"$WORK/why"
		not_ok "$name [$reference]" <"$WORK/why"
	elif [ -n "$has_text" ] && [ "$(cat "$WORK/$reference.out")" != "$text" ]; then
		diff -u --label wanted --label got - "$WORK/$reference.out" <<<"$text" >"$WORK/why"
		not_ok "$name [$reference]" <"$WORK/why"
	else
		ok "$name [$reference]"
	fi
	for engine in "${engines[@]}"; do
		[ "$engine" != $reference ] || continue
		if [ "$engine" = preload ] && [ -n "$static" ] && [ $reference != bind ]; then
			skip "$name [preload]" 'what a static program writes beside the rules cannot be held back here'
			continue
		fi
		measure "$engine" "$@"
		if [ "$engine" = preload ] && [ -n "$static" ]; then
			measure native "${real:-$1}" "${@:2}"
			compare "$name: static, so not redirected [preload]" native preload
		else
			compare "$name [$engine]" $reference "$engine"
		fi
	done
	SNAPREDIR=$launcher
}
