#!/bin/bash
# SPDX-License-Identifier: MIT
# The layouts of a snap.yaml as rules: what a program sees is what mounts of the same meaning give; where they are read
# from, and what is said of wrong ones. Which of them are right: layout-validation.py.
# shellcheck disable=SC2016 # YAML and rules hold variables
. tests/lib.sh
export SNAP=$T/snap SNAP_DATA=$T/data SNAP_COMMON=$T/common

# yaml CONFINEMENT: a snap.yaml with the layouts on standard input
yaml() {
	printf 'name: acme\nversion: 1\nsummary: s\ndescription: d\nconfinement: %s\nlayout:\n' "$1"
	sed 's/^/  /'
}
made=''
prepare() {
	mkdir -p $made snap/meta snap/opt/acme/bin snap/share data common snap/x
	echo text >snap/opt/acme/file
	ln -s /usr/share/acme/theme snap/opt/acme/theme
	printf '#!/bin/sh\npwd\ncat /etc/acme.conf\n' >snap/opt/acme/bin/tool
	chmod +x snap/opt/acme/bin/tool
	echo dark >snap/share/theme
	echo 'edition = 1' >data/acme.conf
	yaml classic >snap/meta/snap.yaml <<'END'
/opt/acme:
  bind: $SNAP/opt/acme
/etc/acme.conf: {bind-file: $SNAP_DATA/acme.conf}
/usr/share/acme: {bind: "$SNAP/share", mode: 0755, user: root}
/var/lib/acme:
  bind: $SNAP_COMMON/state/lib
$SNAP/x: {bind: $SNAP_COMMON}
/var/cache/acme: {type: tmpfs, mode: 1770}
/usr/share/acme-theme: {symlink: $SNAP/share/theme}
/usr/share/acme-none: {symlink: $SNAP_DATA/none}
END
}
rules <<'END'
bind /opt/acme $T/snap/opt/acme
bind /etc/acme.conf $T/data/acme.conf
bind /usr/share/acme $T/snap/share
bind /var/lib/acme $T/common/state/lib create=dir
bind $T/snap/x $T/common
tmpfs /var/cache/acme mode=1770
symlink /usr/share/acme-theme $T/snap/share/theme
symlink /usr/share/acme-none $T/data/none
END
engine_rules=("--layout=$SNAP/meta/snap.yaml")

same 'a directory of the snap' sh -c 'cat /opt/acme/file && ls /opt/acme /usr/share/acme && ls -d /opt/*'
same 'a link in it to another layout' cat /opt/acme/theme
same -x 1 'a file' sh -c 'cat /etc/acme.conf && stat -c %F /etc/acme.conf && rm /etc/acme.conf'
same 'a directory that is made' sh -c 'echo state >/var/lib/acme/file && ls /var/lib/acme && mv /var/lib/acme /var/lib/other; :'
same 'a path in the snap' sh -c 'echo more >$SNAP/x/file && ls $SNAP/x && cat $SNAP_COMMON/file'
same 'a directory of this run' sh -c 'stat -c "%F %a" /var/cache/acme && ls -A /var/cache/acme && echo x >/var/cache/acme/x && cat /var/cache/acme/x'
same 'links' sh -c 'cd /usr/share && cat acme-theme && readlink acme-theme acme-none && stat -c %F acme-none && ls -d acme*; cat acme-none; :'
same 'programs' sh -c 'cd /opt/acme/bin && ./tool'
# what the launcher makes is its user's, what a mount needs is root's
made=common/state/lib
# links and directories of a run lie in one of the user's there
mkdir -m 1777 "$WORK/tmp"
export TMPDIR=$WORK/tmp
same -u 'programs' sh -c 'cd /opt/acme/bin && ./tool; ls /var/lib/acme'

# ---- where layouts are read from ----
rm -rf "$T" && mkdir -p "$T" && cd "$T" && made='' && prepare || exit 1
yaml=$SNAP/meta/snap.yaml

# says NAME STATUS PATTERN COMMAND...: status, and an extended regular expression that output or errors hold
says() {
	local name=$1 wanted=$2 pattern=$3 status=0
	shift 3
	"$@" >"$WORK/said" 2>&1 </dev/null || status=$?
	if [ "$status" = "$wanted" ] && grep -qE -e "$pattern" "$WORK/said"; then
		ok "$name"
	else
		{ echo "status $status instead of $wanted, and no '$pattern' in:"; cat "$WORK/said"; } >"$WORK/why"
		not_ok "$name" <"$WORK/why"
	fi
}
run=("$SNAPREDIR" cat /opt/acme/file)

says 'a classic snap: by itself' 0 '^text$' "${run[@]}"
says '... and -v names the file' 0 "engine .*, 8 rules \($yaml\)" "$SNAPREDIR" -v cat /opt/acme/file
sed -i 's/classic/strict/' "$yaml"
says 'a strict snap: snapd has mounted them' 1 'No such file' "${run[@]}"
says '... and -v says where rules were looked for' 1 'no rules found' "$SNAPREDIR" -v cat /opt/acme/file
says '... unless somebody asks' 0 '^text$' "$SNAPREDIR" -L cat /opt/acme/file
mkdir -p other/opt/acme other/share other/x && echo elsewhere >other/opt/acme/file
says '--layout=FILE: the variables are those of now' 0 '^elsewhere$' env SNAP="$T/other" "$SNAPREDIR" --layout="$yaml" cat /opt/acme/file
says '-L outside of a snap' 125 '--layout: \$SNAP is not set.*--layout=FILE' env -u SNAP "$SNAPREDIR" -L true
says '--layout= without a name' 125 '--layout: the file name is empty' "$SNAPREDIR" --layout= true
says 'a variable that is not set' 125 "snap.yaml:12:11: \\\$SNAP_COMMON is not set" env -u SNAP_COMMON "$SNAPREDIR" -L true
says 'a file that is not there' 125 "none.yaml: cannot read these rules: No such file.*check the name" "$SNAPREDIR" --layout=none.yaml true
says 'a directory' 125 'cannot read these rules: Is a directory' "$SNAPREDIR" --layout="$SNAP" true
echo 'layout snap.yaml' >"$SNAP/meta/snapredir.rules"
says 'a rules file names it, beside itself' 0 '^text$' "${run[@]}"
echo 'layout none.yaml' >"$SNAP/meta/snapredir.rules"
says '... one that is not there' 125 'snapredir.rules:1:8: cannot include .*none.yaml: No such file' "${run[@]}"
echo 'layout' >"$SNAP/meta/snapredir.rules"
says '... none at all' 125 'snapredir.rules:1:1: layout needs one file; write: layout' "${run[@]}"
echo 'bind /opt/acme $SNAP/x' >"$SNAP/meta/snapredir.rules"
sed -i 's/strict/classic/' "$yaml"
says 'the layouts come last, and win' 0 '^text$' "${run[@]}"
says '... which --check says' 0 "snapredir.rules:1:1: warning: this rule for /opt/acme is replaced by that of $yaml:7" "$SNAPREDIR" --check
says '--explain names the line of the layout' 0 "^\"/etc/acme.conf\" -> \"$SNAP_DATA/acme.conf\" \($yaml:9 bind /etc/acme.conf\)" \
	"$SNAPREDIR" --explain /etc/acme.conf
rm "$SNAP/meta/snapredir.rules"

# ---- what is no snap.yaml ----
bad() { # NAME PATTERN, YAML on standard input
	cat >bad.yaml
	says "$1" 125 "^(snapredir: )?bad.yaml:$2" "$SNAPREDIR" --layout=bad.yaml true
}
bad 'no YAML' '3:1: this is no YAML: .*; correct the file' <<<$'layout: {\nx'
bad 'no mapping' ' this is no snap.yaml' <<<'- a list'
bad 'a list of layouts' '1:9: layout is no mapping; write PATH: ' <<<'layout: [/opt/a]'
bad 'a layout that is a word' '2:11: this layout is no mapping; write for example' <<<$'layout:\n  /opt/a: $SNAP/a'
bad 'a source that is a list' '1:25: this is a list or a mapping' <<<'layout: {/opt/a: {bind: [a]}}'
bad 'a key that snapd knows not' "1:10: snapd knows no key 'layouts'; write 'layout'" <<<'layouts: {}'
bad 'a merge key' '2:19: a merge key is not read' <<<$'x: &x {bind: $SNAP}\nlayout: {/opt/a: {<<: *x}}'
bad 'a NUL in a path' '1:10: a NUL byte' <<<'layout: {"/opt/\0": {}}'
bad 'bytes that are no text' '' < <(printf 'layout: {/opt/\377: {}}\n')
several() {
	printf 'layout: {/opt/a: {}, /new: {bind: a}, /tmp/x: {type: tmpfs, mode: 8}}\n' >bad.yaml
	"$SNAPREDIR" --layout=bad.yaml true 2>several
	cut -d: -f2,3 several | diff - <(printf '%s\n' 1:10 1:22 1:35 1:39 1:67) || { cat several; return 1; }
}
check 'several problems: each is told' several
check 'an alias is what it stands for' env SNAP=/ "$SNAPREDIR" --check --layout=/dev/stdin <<<$'x: &x {bind: $SNAP/x}\nlayout: {/opt/a: *x, /opt/b: *x}'
: >bad.yaml
says 'an empty file' 125 '^snapredir: bad.yaml: this is no snap.yaml' "$SNAPREDIR" --layout=bad.yaml true
finish
