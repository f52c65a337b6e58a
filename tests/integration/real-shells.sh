#!/bin/bash
# SPDX-License-Identifier: MIT
# bash, bash-static, dash and busybox-static with scripts, interpreters and files that exist only by redirection.
# A static shell under preload finds nothing itself; the dynamic programs it starts do.
. tests/lib.sh
needs bash bash-static busybox

prepare() {
	mkdir -p bin data
	printf '#!/bin/bash\necho "$0 $*"; cat /var/lib/acme/text\n' >bin/tool
	printf '#!/opt/acme/interp -x\nbody\n' >bin/nested
	printf '#!/bin/sh\necho "interp: $*"\n' >bin/interp
	printf 'echo no hash-bang "$0"; cat </var/lib/acme/text\n' >bin/plain
	printf 'sourced=yes\n' >bin/lib.sh
	printf '#!/opt/acme/missing\n' >bin/orphan
	cp "$(command -v cat)" bin/mycat
	cp "$(command -v busybox)" bin/busybox
	chmod +x bin/*
	echo text >data/text
}
rules <<'END'
bind /opt/acme $T/bin
bind /var/lib/acme $T/data
END

for shell in 'bash --norc' sh; do
	name=${shell%% *}
	same "$name: runs a script by name" $shell -c '/opt/acme/tool a b; cd /opt/acme && ./tool c'
	same "$name: finds it in PATH" $shell -c 'PATH=/nowhere:/opt/acme:$PATH; tool d; mycat /var/lib/acme/text; command -v tool'
	same "$name: an interpreter behind a rule" $shell -c '/opt/acme/nested one two'
	same "$name: sources, reads and writes" $shell -c '. /opt/acme/lib.sh; echo $sourced; while read -r l; do echo "got $l"; done </var/lib/acme/text
		echo more >>/var/lib/acme/text; cat <<-END >/var/lib/acme/here
			here $sourced
		END
		for f in /var/lib/acme/*; do echo "$f"; done; [ -r /var/lib/acme/here ] && [ ! -e /var/lib/acme/none ] && echo tests'
	same -x 126 "$name: a directory and an orphan are not executed" $shell -c '/opt/acme/orphan; echo $?; /opt/acme'
	same -x 127 "$name: what is not there" $shell -c '/opt/acme/none'
	same "$name: a script without a hash-bang" $shell -c '/opt/acme/plain'
	same "$name: pwd and cd .." $shell -c 'cd /opt/acme && pwd -P && cd .. && ls -d acme && ls acme | head -2; cd /var/lib/acme/../acme && pwd -P && cd -'
	same "$name: pipes, subshells, background jobs" $shell -c 'for i in 1 2 3 4 5 6 7 8; do (cat /var/lib/acme/text | mycat 2>/dev/null || cat /var/lib/acme/text) >/var/lib/acme/o$i & done; wait; cat /var/lib/acme/o* | wc -l'
	same "$name: env -i keeps the redirection" $shell -c 'env -i /bin/cat /var/lib/acme/text; env -i /opt/acme/tool x; unset LD_PRELOAD; cat /var/lib/acme/text; env -i sh -c "cat /var/lib/acme/text"'
done
same 'bash: process substitution, here-strings, read -a, coproc' bash --norc -c 'cat <(cat /var/lib/acme/text) <<<x; mapfile -t a </var/lib/acme/text; echo "${a[0]}"; echo "$(</var/lib/acme/text)"; exec 5<>/var/lib/acme/text; read -u 5 x; echo $x; ls -l /proc/self/fd/5 | sed "s/.*->//"'
same -u 'bash: a script by name' bash --norc -c '/opt/acme/tool a'
same 'exec of a redirected dynamic program' /opt/acme/mycat /var/lib/acme/text
same 'env and nohup in front' env A=b nohup nice /opt/acme/mycat /var/lib/acme/text

same -s 'bash-static: reads and writes by itself' bash-static --norc -c 'read -r x </var/lib/acme/text; echo "$x"; echo y >/var/lib/acme/static && [ -e /var/lib/acme/static ] && echo /var/lib/acme/*'
same 'bash-static: dynamic programs beneath it' bash-static --norc -c '/bin/cat /var/lib/acme/text && /bin/ls /opt/acme'
same -e trace 'bash-static: programs by their redirected names' bash-static --norc -c '/opt/acme/tool a; /opt/acme/mycat /var/lib/acme/text; cd /opt/acme && ./nested z && pwd -P'
same -e trace -u 'bash-static: programs by their redirected names' bash-static --norc -c '/opt/acme/tool a; /opt/acme/mycat /var/lib/acme/text'
same -s 'busybox-static: cat' busybox cat /var/lib/acme/text
same -s 'busybox-static: sh with its own tools' busybox sh -c 'busybox ls /opt/acme && busybox cp /var/lib/acme/text /var/lib/acme/copy && busybox mv /var/lib/acme/copy /var/lib/acme/moved && cd /var/lib/acme && busybox pwd -P && busybox stat -c %s moved'
same -s -p "$T/bin/busybox" 'busybox-static: a copy that exists only behind a rule' /opt/acme/busybox cat /var/lib/acme/text
finish
