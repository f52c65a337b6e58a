#!/bin/bash
# SPDX-License-Identifier: MIT
# --stats: what is counted, for whom, and when the table is there. What a table says is compared with what a program is
# known to do. It must never wait for a moment: the end of the pipe is the end of the table.
. tests/lib.sh

mkdir -p "$T/target"
cd "$T" || exit 1
echo text >target/file
echo "bind /opt/acme $T/target" >rules
echo "bind /opt/unused $T/target" >>rules
gate=$PROGRAMS/hybrid-gate

# counted ENGINE COMMAND...: the table, in ./table; $status is the program's
counted() {
	local engine=$1
	shift
	"$SNAPREDIR" --stats -e "$engine" -r rules -- "$@" 2>&1 >out | cat >table
	status=${PIPESTATUS[0]}
}
# line PATTERN: that of the table, its columns
line() { sed -nE "s/ +/ /g; s/^ //; /$1/p" table; }
# says PATTERN NUMBERS: the numbers at the head of such a line
says() {
	local got
	got=$(line "$1" | head -1)
	case $got in "$2 "*) return 0 ;; esac
	echo "'$got' instead of '$2'"
	cat table
	return 1
}

for engine in "${ENGINES[@]}"; do
	counted "$engine" "$gate" open /opt/acme/file
	check "the program does what it does [$engine]" test "$status $(cat out)" = '0 open: ok
  100000 5'
	check "a rule and what it redirected [$engine]" says ' [^ ]*rules:1 bind \/opt\/acme$' '1 1 0 0'
	check "... and one that was not used [$engine]" grep -q '^ *1 rules were not used$' table
	check "one process, named [$engine]" test "$(line ' [0-9]+ hybrid-gate$' | wc -l)" = 1
	counted "$engine" sh -c 'rmdir /opt/acme; "$1" open /opt/acme/file; cat /opt/acme/file; kill -TERM $$' sh "$gate"
	check "what a rule refuses [$engine]" says 'bind \/opt\/acme$' '3 2 1 0'
	check "each process [$engine]" test "$(line ' [0-9]+ (sh|rmdir|hybrid-gate|cat)$' | wc -l)" = 4
	check "death by a signal [$engine]" test "$status" = 143
	counted "$engine" sh -c 'kill -KILL $$'
	check "... that cannot be held up [$engine]" sh -c "test $status = 137 && grep -q 'sh\$' table"
	counted "$engine" nothing-of-that-name
	check "nothing where nothing was run [$engine]" sh -c "test $status = 127 && test \$(wc -l <table) = 1"
	"$SNAPREDIR" --stats -e "$engine" -r rules -l log --log-format json -- cat /opt/acme/file 2>err | cat >out
	[ "$engine" != preload ] || until [ -s log ]; do sleep 0.05; done
	check "in a log, as JSON [$engine]" python3 -c '
import json, sys
lines = [json.loads(line) for line in open("log")]
kinds = {line.get("stats") for line in lines}
assert {"rule", "unused", "engine", "process"} <= kinds, kinds
rule = [line for line in lines if line.get("stats") == "rule" and "/opt/acme" in line["rule"]]
assert [(line["operations"], line["redirected"]) for line in rule] == [(1, 1)], rule
assert open("err").read() == "", open("err").read()'
	rm -f log
done

# ---- who served it ----
counted preload "$gate" open /opt/acme/file
check 'preload: the shim' says ' preload$' "$(line 'hybrid-gate$' | cut -d' ' -f1-4)"
check '... and no stops' sh -c '! grep -q "of the tracer" table'
counted trace "$gate" open /opt/acme/file
check 'trace: the tracer' says ' trace$' "$(line 'hybrid-gate$' | cut -d' ' -f1-4)"
counted hybrid "$gate" open /opt/acme/file
check 'hybrid: the shim' says ' preload$' '1 1 0 0'
check '... by a gate' test "$(line 'hybrid-gate$' | cut -d' ' -f6)" = yes
counted hybrid "$gate-static" open /opt/acme/file
check 'hybrid: the tracer for a static program' says ' preload$' '0 0 0 0'
check '... without a gate' test "$(line 'hybrid-gate-sta$' | cut -d' ' -f6)" = no
counted hybrid ls /opt /opt/acme
check 'hybrid: listings do not stop' sh -c '! grep -q getdents table && grep -q execve table'
check '... and show what they should' grep -q '^acme$' out
counted hybrid sh -c '(cd /opt/acme && "$0" open file) & wait' "$gate"
check 'hybrid: what is forked has a line, and the gate' test "$(line '(sh|hybrid-gate)$' | cut -d' ' -f6 | tr '\n' ' ')" = 'yes yes '
finish
