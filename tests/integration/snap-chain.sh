#!/bin/bash
# SPDX-License-Identifier: MIT
# In a command-chain, called by the real snap-exec: without options, elements before and after, arguments that look like
# ours, desktop-launch's LD_PRELOAD. What the program sees is what it sees without us in the chain.
# And a program that runs by the base's ld.so, whose children run by the machine's.
# shellcheck disable=SC2016 # scripts and rules hold variables
. tests/lib.sh
needs snap mksquashfs unsquashfs taskset "${CC:-gcc}"
world=$PWD/tests/snap/world
dir=$WORK/world
mkdir -p "$dir/snaps" "$dir/tree/meta/hooks" "$dir/tree/opt/probe" "$dir/tree/bin"
chmod 755 "$dir"
timeout 100 "$world" "$dir" true >"$WORK/out" 2>"$WORK/err" || [ $? != 99 ] || skip_all "no world with snaps here: $(tail -1 "$WORK/err")"

# ---- the snap ----
cp "$SNAPREDIR" "$dir/tree/bin/snapredir"
cp -r "$SNAPREDIR_BUILD/lib" "$dir/tree/lib"
for triplet in "$SNAPREDIR_BUILD"/lib/*; do
	triplet=${triplet##*/}
	case $triplet in i386*) ;; *) break ;; esac
done
cat >"$WORK/mark.c" <<'END'
#include <stdlib.h>
__attribute__((constructor)) static void mark(void)
{
	setenv("MARKED", "by a library before us", 1);
}
END
"${CC:-gcc}" -shared -fPIC -o "$dir/tree/lib/$triplet/mark.so" "$WORK/mark.c"
# as desktop-launch of core18 and core20 does it: a literal $LIB, and an empty element in front
cat >"$dir/tree/bin/before" <<'END'
#!/bin/sh
export LD_PRELOAD="$LD_PRELOAD:$SNAP/\$LIB/mark.so" BEFORE="$*"
exec "$@"
END
cat >"$dir/tree/bin/after" <<'END'
#!/bin/sh
export AFTER="$*"
exec "$@"
END
# Everything about it that our place in the chain could change. LD_PRELOAD holds ours behind the others.
cat >"$dir/tree/bin/show" <<'END'
#!/bin/bash
printf 'argument <%s>\n' "$0" "$@"
env | grep -vE '^(SNAPREDIR_.*|BEFORE|AFTER|_|SHLVL)=' | sed -E "s|(:[^:]*/lib/[^:]*)?/libsnapredir.so\$||; s|probe\.[a-z]*|probe.APP|" | sort
echo "before ${BEFORE/"$SNAP/bin/snapredir "/}; after $AFTER"
ls -l /proc/self/fd | sed -n 's|.* \([0-9]*\) -> .*|\1|p' | awk '$1 < 900' | sort -n | tr '\n' ' '
grep -cE '^(SigIgn|SigBlk):\s*0+$' /proc/self/status
umask
cat /opt/probe/file 2>&1
END
echo 'a file' >"$dir/tree/opt/probe/file"
printf 'bind /opt/probe $SNAP/opt/probe\n' >"$dir/tree/meta/snapredir.rules"
# by the base's own ld.so and libc, as snapcraft patches the programs of classic snaps; then one of the machine's
cat >"$WORK/child.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	FILE *file = fopen("/opt/probe/file", "r");
	while (maps && fgets(line, sizeof(line), maps) && !strstr(line, "/libc.so.6"))
		;
	printf("libc: %s", strchr(line, '/'));
	if (!file || !fgets(line, sizeof(line), file))
		return 1;
	printf("read %s", line);
	fflush(stdout);
	return argc > 1 ? 0 : system("cat /opt/probe/file; /usr/bin/env true");
}
END
"${CC:-gcc}" -o "$dir/tree/bin/child" "$WORK/child.c" -Wl,--dynamic-linker=/snap/core22/current/lib64/ld-linux-x86-64.so.2 \
	-Wl,--disable-new-dtags,-rpath,"/snap/core22/current/lib/$triplet"
printf '#!/bin/sh\necho "hook $* $(cat /opt/probe/file)" >$SNAP_DATA/configure\n' >"$dir/tree/meta/hooks/configure"
chmod +x "$dir"/tree/bin/* "$dir"/tree/meta/hooks/*
cat >"$dir/tree/meta/snap.yaml" <<'END'
name: probe
version: '1'
summary: what a program in a command-chain sees
description: for tests
confinement: classic
base: core22
environment: {FROM_YAML: $SNAP/x}
apps:
  with: {command: bin/show --flag $SNAP_NAME, command-chain: [bin/before, bin/snapredir, bin/after]}
  without: {command: bin/show --flag $SNAP_NAME, command-chain: [bin/before, bin/after]}
  first: {command: bin/show, command-chain: [bin/snapredir]}
  inline: {command: bin/snapredir -- $SNAP/bin/show}
  child: {command: bin/child, command-chain: [bin/snapredir]}
hooks:
  configure: {command-chain: [bin/snapredir]}
END
check 'snap pack takes it' snap pack "$dir/tree" "$dir/snaps"
tests/snap/base "$dir/base"
check 'and its base' snap pack "$dir/base" "$dir/snaps"

cat >"$dir/script" <<'END'
as() { setpriv --reuid 4242 --regid 4242 --clear-groups "$@"; }
cd /
for engine in hybrid preload; do
	export SNAPREDIR_ENGINE=$engine
	for who in root user; do
		run=
		[ $who = root ] || run=as
		say() { # TITLE COMMAND...
			local title=$1
			shift
			{
				$run "$@"
				echo "status $?"
			} >"$DIR/said.$engine.$who.$title" 2>&1
		}
		for app in with without; do
			say $app snap run probe.$app -v --help '' 'two words' -- -e trace '$HOME'
		done
		say shell snap run --shell probe.with -c 'echo "$0 $1"; cat /opt/probe/file' zero 'one  two'
		say first snap run probe.first --version
		say inline snap run probe.inline -r x
		say child snap run probe.child
		say missing env SNAPREDIR_RULES=/none snap run probe.first
		say disabled env SNAPREDIR_DISABLE=1 snap run probe.first
	done
	snap run --hook=configure probe
	cat /var/snap/probe/x1/configure >"$DIR/said.$engine.hook"
done
END
DIR=$dir timeout 200 "$world" "$dir" bash "$dir/script" >"$WORK/out" 2>"$WORK/err" </dev/null
check 'nothing is said beside' test ! -s "$WORK/err"

# said ENGINE WHO TITLE: what was said, on standard output
said() { cat "$dir/said.$1.$2.$3"; }
holds() { grep -qxF -e "$1" "$dir/said.$2.$3.$4" || { cat "$dir/said.$2.$3.$4"; return 1; }; }
for engine in hybrid preload; do
	for who in root user; do
		how="[$engine, $who]"
		sed -i '/^cat: .*No such file/d; /^a file$/d' "$dir/said.$engine.$who.without"
		cp "$dir/said.$engine.$who.with" "$WORK/with"
		check "the file is there $how" grep -qx 'a file' "$WORK/with"
		sed -i '/^a file$/d; s/^status 0$/status 1/' "$WORK/with"
		check "arguments, environment, descriptors and signals are those without us $how" \
			diff "$dir/said.$engine.$who.without" "$WORK/with"
		check "the element before us is called with ours, the one after us without $how" grep -qxF \
			'before /snap/probe/x1/bin/after /snap/probe/x1/bin/show --flag probe -v --help  two words -- -e trace $HOME; after /snap/probe/x1/bin/show --flag probe -v --help  two words -- -e trace $HOME' "$WORK/with"
		check "the library before us stays in LD_PRELOAD, as it was written $how" holds 'LD_PRELOAD=:/snap/probe/x1/$LIB/mark.so' "$engine" $who with
		check "and is loaded $how" holds 'MARKED=by a library before us' "$engine" $who with
		check "a shell in place of the program $how" diff <(printf 'zero one  two\na file\nstatus 0\n') <(said "$engine" $who shell)
		check "a program's own --version $how" holds 'argument <--version>' "$engine" $who first
		check "in command: with -- $how" holds 'argument <-r>' "$engine" $who inline
		check "switched off by its variable $how" holds 'cat: /opt/probe/file: No such file or directory' "$engine" $who disabled
		check "rules that are missing: nothing is run $how" diff <(said "$engine" $who missing) - <<'END'
snapredir: /none: cannot read these rules: No such file or directory; check the name
status 125
END
		check "the program by the base's libc, its children by the machine's $how" diff <(said "$engine" $who child) - <<END
libc: /snap/core22/x1/usr/lib/$triplet/libc.so.6
read a file
a file
status 0
END
	done
	check "a hook [$engine]" grep -qx 'hook  a file' "$dir/said.$engine.hook"
done
finish
