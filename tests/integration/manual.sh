#!/bin/bash
# SPDX-License-Identifier: MIT
# The manual pages are well-formed, and speak of just the options, variables and kinds of rules that there are. What
# there is comes from the launcher itself: launcher/options.def by --help, the names that options.c reads, the parser's list.
. tests/lib.sh
needs mandoc

man=$LIB/../docs/man
for page in "$man"/*.[1-8]; do
	check "${page##*/} is well-formed" mandoc -Tlint -W error "$page"
done

# same_set NAME WANTED GOT: two files of lines
same_set() {
	sort -u -o "$2" "$2"
	sort -u -o "$3" "$3"
	check "$1" diff -u "$2" "$3"
}
"$SNAPREDIR" --help | sed -nE 's/^ {2}(-[a-z], )? *(--[a-z-]+).*/\1 \2/Ip' | grep -oE -- '--?[A-Za-z-]+' >"$WORK/options"
# -vv is -v twice
sed -nE 's/^\.(It )?Fl (.*)/\2/p' "$man/snapredir.1" | grep -oE '(^|, )(Fl )?-?[A-Za-z-]+' |
	sed -E 's/^(, )?(Fl )?/-/; /^(-vv|--)$/d' >"$WORK/documented"
check 'options were found' grep -qx -- --rules "$WORK/options"
same_set 'the options of --help are those of snapredir(1)' "$WORK/options" "$WORK/documented"

grep -ohE '"SNAPREDIR_[A-Z_]+"' "$LIB/../launcher/options.c" | tr -d '"' >"$WORK/variables"
sed -n 's/^\.It Ev \(SNAPREDIR_[A-Z_]*\)$/\1/p' "$man/snapredir.1" >"$WORK/documented"
check 'variables were found' grep -qx SNAPREDIR_RULES "$WORK/variables"
same_set 'the variables that are read are those of snapredir(1)' "$WORK/variables" "$WORK/documented"
check '... and of --help' bash -c 'while read -r name; do [[ $1 == *$name* ]] || { echo "$name"; exit 1; }; done' - \
	"$("$SNAPREDIR" --help)" <"$WORK/variables"

echo nonsense >"$WORK/rules"
"$SNAPREDIR" --check -r "$WORK/rules" 2>&1 >/dev/null | sed -n 's/.*the kinds are //p' | grep -oE '[a-z]+' >"$WORK/kinds"
sed -nE 's/^\.It Li ([a-z]+)( .*)?$/\1/p' "$man/snapredir-rules.5" >"$WORK/documented"
check 'kinds were found' grep -qx bind "$WORK/kinds"
check 'snapredir-rules(5) speaks of every kind' bash -c 'while read -r kind; do grep -qx "$kind" "$1" || { echo "$kind"; exit 1; }; done' - \
	"$WORK/documented" <"$WORK/kinds"
finish
