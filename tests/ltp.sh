#!/bin/bash
# SPDX-License-Identifier: MIT
# Compares the verdicts of the Linux Test Project's syscall tests with and without us. For people, as root; not a part
# of `make check`, since LTP is no part of this project. docs/ltp.md says how to get it and what was found.
#
#     tests/ltp.sh [-e ENGINE]... [-o DIR] LTP [TAG]...
#
# LTP is a checkout in which some of testcases/kernel/syscalls are built. Every such test of runtest/syscalls (or those
# named) runs in an empty directory: natively it is bind-mounted at /opt/ltp, under an engine a rule leads there. A
# line for each test whose verdict differs: its name, the native verdict, the engine and its verdict, as status and
# numbers of TPASS, TFAIL, TBROK, TCONF. A test that differs is tried again, natively too. Outputs are kept in DIR.
# Everything but the test's own directory is read-only, and each test has namespaces of its own.
set -u

if [ "${1-}" = --inside ]; then
	# In fresh namespaces of mounts and processes: /mnt holds the test's directory, all else is read-only.
	shift
	mount --make-rprivate /
	mount -t tmpfs -o mode=1777 ltp /mnt
	mount -t tmpfs -o mode=1777 ltp /dev/shm
	awk '$5 !~ "^/(proc|sys|dev|mnt)(/|$)" { print $5 }' /proc/self/mountinfo |
		while read -r point; do mount -o remount,bind,ro "$point" 2>/dev/null; done
	mkdir -m 1777 /mnt/target
	run=()
	if [ "$1" = native ]; then
		mount -t tmpfs -o mode=755 ltp /opt
		mkdir /opt/ltp
		mount --bind /mnt/target /opt/ltp
	else
		run=("$SNAPREDIR" -e "$1" -m /opt/ltp=/mnt/target -l "/mnt/log" --)
	fi
	cd "$2" || exit 99
	shift 2
	export PATH=$PWD:$PATH TMPDIR=/opt/ltp LTP_COLORIZE_OUTPUT=n LTP_RUNTIME_MUL=0.2
	ulimit -c 0
	status=0
	timeout -k 5 "${LTP_SECONDS:-60}" ${run[@]+"${run[@]}"} "$@" </dev/null || status=$?
	# what the tracer had to say about its own trouble
	grep -h 'it is killed' /mnt/log 2>/dev/null
	exit $status
fi

usage() {
	sed -n 's/^#     //p' "$0" >&2
	exit 2
}
engines=() out=''
while getopts 'e:o:' option; do
	case $option in
	e) engines+=("$OPTARG") ;;
	o) out=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ -r "${1-}/runtest/syscalls" ] || usage
ltp=$(readlink -f "$1")
shift
[ "$(id -u)" = 0 ] || { echo "$0: must be run as root: it makes namespaces and mounts" >&2; exit 2; }
[ ${#engines[@]} -gt 0 ] || engines=(trace preload)
build=${SNAPREDIR_BUILD:-$(dirname "$0")/../build}
SNAPREDIR=$(readlink -f "$build/bin/snapredir") || { echo "$0: build snapredir first: make" >&2; exit 2; }
export SNAPREDIR
[ -n "$out" ] || out=$(mktemp -d)
mkdir -p "$out"
echo "outputs are in $out" >&2

# verdict ENGINE TAG DIRECTORY COMMAND...
verdict() {
	local engine=$1 file="$out/$2.$1" status=0
	shift 2
	unshare -m -p -f --mount-proc --kill-child "$0" --inside "$engine" "$@" >"$file" 2>&1 || status=$?
	printf '%s' "$status"
	for word in TPASS TFAIL TBROK TCONF; do
		printf ' %s' "$(grep -c "[ :]${word}[ :]" "$file")"
	done
}

# Threads and processes may come in any order, and times differ: what differs is asked once more.
compare() { # TAG DIRECTORY COMMAND...
	local native other engine try
	native=$(verdict native "$@")
	for engine in "${engines[@]}"; do
		for try in 1 2 3; do
			other=$(verdict "$engine" "$@")
			[ "$other" != "$native" ] || continue 2
			[ $try = 3 ] || native=$(verdict native "$@")
			[ "$other" != "$native" ] || continue 2
		done
		printf '%s\t%s\t%s\t%s\n' "$1" "$native" "$engine" "$other"
		differ=$((differ + 1))
	done
	ran=$((ran + 1))
}

ran=0 differ=0
printf 'test\tnative\tengine\tverdict\n'
while read -r tag command words; do
	case $tag in '' | '#'*) continue ;; esac
	[ $# = 0 ] || [[ " $* " == *" $tag "* ]] || continue
	program=("$ltp"/testcases/kernel/syscalls/*/"$command" "$ltp"/testcases/kernel/syscalls/*/*/"$command")
	for program in "${program[@]}"; do
		[ -x "$program" ] || continue
		eval "words=($words)"
		# shellcheck disable=SC2128 # an array by eval
		compare "$tag" "$(dirname "$program")" "$command" ${words[@]+"${words[@]}"} </dev/null
		words=''
		break
	done
done <"$ltp/runtest/syscalls"
echo "$ran tests, $differ verdicts differ"
[ "$differ" = 0 ]
