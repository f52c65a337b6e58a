#!/bin/bash
# SPDX-License-Identifier: MIT
# Rules of two kinds for one path, and one beneath the other: which of them decides. What each pair does is said here;
# tests/integration/kinds-*.sh hold each kind alone against its twin.
# shellcheck disable=SC2016 # rules hold $T
. tests/lib.sh

prepare() {
	mkdir -p t/sub u/sub
	echo t >t/f
	echo tsub >t/sub/f
	echo u >u/f
	echo usub >u/sub/f
}

# What can be said of a path in one word each: what is there, what it says, can it be written, is it listed?
cat >"$WORK/ask" <<'END'
import errno, os, stat, sys
def said(call, *args):
    try: return call(*args)
    except OSError as error: return errno.errorcode[error.errno]
def kind(path):
    mode = os.lstat(path).st_mode
    return "link" if stat.S_ISLNK(mode) else "dir" if stat.S_ISDIR(mode) else "file"
def text(path): return open(path).read().strip()
def write(path): os.close(os.open(path, os.O_WRONLY)); return "writable"
def listed(path): return "listed" if os.path.basename(path) in os.listdir(os.path.dirname(path)) else "unlisted"
for path in sys.argv[1:]:
    k = said(kind, path)
    if k == "dir": print("dir", end=" ")
    elif k == "link": print("link", os.readlink(path), end=" ")
    else: print(said(text, path), said(write, path), end=" ")
    print(said(listed, path), end="; ")
print()
END
# pair NAME WANTED RULES PATH...
pair() {
	local name=$1 wanted=$2 rules=$3 engine
	shift 3
	eval "printf '%b\n' \"$rules\"" >"$WORK/rules"
	for engine in "${ENGINES[@]}"; do
		measure "$engine" python3 "$WORK/ask" "$@"
		if [ "$(cat "$WORK/$engine.out" "$WORK/$engine.err")" = "$wanted" ]; then
			ok "$name [$engine]"
		else
			{
				echo "wanted: $wanted"
				sed 's/^/got: /' "$WORK/$engine.out" "$WORK/$engine.err"
			} >"$WORK/why"
			not_ok "$name [$engine]" <"$WORK/why"
		fi
	done
}
p=/opt/acme

pair 'bind beneath hide' 'ENOENT ENOENT unlisted; ENOENT ENOENT ENOENT; ' 'hide '$p'\nbind '$p'/x $T/t' $p $p/x
pair 'hide beneath bind' 't writable listed; ENOENT ENOENT unlisted; ' 'hide '$p'/sub\nbind '$p' $T/t' $p/f $p/sub
pair 'hide and bind of one path' 'ENOENT ENOENT unlisted; ' 'hide '$p'\nbind '$p' $T/t' $p
pair 'the target of a bind is hidden by its own name' 't writable listed; ENOENT ENOENT unlisted; ' \
	'hide $T/t\nbind '$p' $T/t' $p/f "$T/t"
pair 'deny and bind of one path' 'EACCES EACCES listed; ' 'bind '$p' $T/t\ndeny '$p $p
pair 'bind beneath deny' 'EIO EIO EIO; ' 'bind '$p'/x $T/t\ndeny '$p' EIO' $p/x
pair 'deny beneath bind' 't writable listed; EIO EIO listed; ' 'bind '$p' $T/t\ndeny '$p'/sub EIO' $p/f $p/sub
pair 'deny over hide' 'EACCES EACCES unlisted; ' 'bind '$p' $T/t\nhide '$p'/f\ndeny '$p/f $p/f
pair 'hide over readonly' 'ENOENT ENOENT unlisted; t EROFS listed; ' 'bind '$p' $T/t\nreadonly '$p'\nhide '$p/sub $p/sub $p/f
pair 'readonly upon bind' 't EROFS listed; ' 'bind '$p' $T/t\nreadonly '$p $p/f
pair 'bind upon readonly' 't writable listed; ' 'readonly '$p'\nbind '$p' $T/t' $p/f
pair 'bind beneath readonly' 't EROFS listed; u writable listed; ' \
	'bind '$p' $T/t\nreadonly '$p'\nbind '$p'/sub $T/u' $p/f $p/sub/f
pair 'readonly beneath bind' 't writable listed; tsub EROFS listed; ' 'bind '$p' $T/t\nreadonly '$p/sub $p/f $p/sub/f
pair 'readonly beneath readonly' 't EROFS listed; tsub EROFS listed; ' \
	'bind '$p' $T/t\nreadonly '$p/sub'\nreadonly '$p $p/f $p/sub/f
pair 'symlink beneath bind' 'link sub/f listed; t writable listed; ' 'bind '$p' $T/t\nsymlink '$p/l' sub/f' $p/l $p/f
pair 'symlink upon bind' 'link '"$T"'/u listed; u writable listed; ' 'bind '$p' $T/t\nsymlink '$p' $T/u' $p $p/f
# mount(8) follows the link
pair 'bind upon symlink' 'link '"$T"'/u listed; t writable listed; ' 'symlink '$p' $T/u\nbind '$p' $T/t' $p $p/f
pair 'bind through symlink' 'usub writable listed; t writable listed; ' \
	'symlink '$p' $T/u\nbind '$p/x' $T/t' $p/sub/f "$T/u/x/f"
pair 'symlink to what is hidden' 'link '$p'/sub listed; ENOENT ENOENT ENOENT; ' \
	'bind '$p' $T/t\nsymlink '$p/l' '$p'/sub\nhide '$p/sub $p/l $p/l/f
pair 'symlink to what is denied' 'EIO EIO EIO; ' 'bind '$p' $T/t\nsymlink '$p/l' '$p'/sub\ndeny '$p/sub' EIO' $p/l/f
pair 'symlink to what is read-only' 'tsub EROFS listed; ' 'bind '$p' $T/t\nsymlink '$p/l' sub\nreadonly '$p/sub $p/l/f
pair 'symlink hidden' 'ENOENT ENOENT unlisted; ' 'bind '$p' $T/t\nsymlink '$p/l' sub\nhide '$p/l $p/l
pair 'prefix and hide' 'ENOENT ENOENT unlisted; ' 'prefix $T/t f\nhide $T/t/f' "$T/t/f"
pair 'prefix and bind beneath' 'u writable listed; ' 'prefix $T/t p.\nbind $T/t/new $T/u' "$T/t/new/f"
pair 'prefix and readonly' 't EROFS listed; ' 'prefix $T/t f\nreadonly $T/t' "$T/t/f"
pair 'prefix and symlink' 'link f listed; t writable listed; ' 'prefix $T/t f\nsymlink $T/t/l f' "$T/t/l" "$T/t/f"
pair 'patterns: deny over hide' 'EACCES EACCES unlisted; ' 'bind '$p' $T/t\nhide '$p'/*\ndeny '$p'/f*' $p/f
pair 'patterns: a rule without one and one with' 'ENOENT ENOENT unlisted; EIO EIO listed; ' \
	'bind '$p' $T/t\nhide '$p'/f\ndeny '$p'/sub/* EIO' $p/f $p/sub/f
pair 'tmpfs and readonly' 'dir listed; ENOENT ENOENT unlisted; ' 'tmpfs '$p'\nreadonly '$p $p $p/f
pair 'readonly of everything but the kernel'"'"'s own' 't EROFS listed;  writable listed; ' 'readonly /' "$T/t/f" /dev/null
printf '%s\n' 'bind /opt/acme /usr' 'readonly /opt/acme/**/lib' 'hide /opt/acme/bin' 'deny /opt/acme/share EIO' >"$WORK/rules"
explains() { # PATH TEXT: --explain says so
	check "--explain $1" sh -c '"$1" -r "$2" --explain "$3" | grep -qF "$4"' sh "$SNAPREDIR" "$WORK/rules" "$1" "$2"
}
explains /opt/acme/lib/x '"/opt/acme/lib/x" -> "/usr/lib/x" ('
explains /opt/acme/lib/x 'read-only: to change it is EROFS ('
explains /opt/acme/bin/x '"/opt/acme/bin/x" is not there ('
explains /opt/acme/share 'fails: errno 5 ('
finish
