#!/bin/bash
# SPDX-License-Identifier: MIT
# Bad input: each a clear message that names the place and the remedy, the right status, and the program not started.
# It must never need an engine to work.
# shellcheck disable=SC2016 # rules hold $NAME
. tests/lib.sh

mkdir -p "$T/target"
cd "$T" || exit 1
unset UNSET

# refused NAME STATUS PATTERN [ARG]...: rules on stdin; `snapredir -r rules ARG... touch started` ends with STATUS, says
# something that matches PATTERN (extended regular expression) on standard error alone, and has started nothing.
refused() {
	local name=$1 wanted=$2 pattern=$3 status=0
	shift 3
	cat >rules
	rm -f started
	"$SNAPREDIR" -r rules "$@" touch started >out 2>err </dev/null || status=$?
	if [ "$status" = "$wanted" ] && grep -qE -e "$pattern" err && [ ! -s out ] && [ ! -e started ]; then
		ok "$name"
	else
		{
			echo "status $status instead of $wanted; wanted to read: $pattern"
			[ ! -e started ] || echo 'the program was started'
			cat out err
		} >why
		not_ok "$name" <why
	fi
}

refused 'an unset variable' 125 '^rules:2:17: \$UNSET is not set; set it, or write \$\{UNSET:-DEFAULT\}$' <<'END'
# a comment
bind /opt/acme  $UNSET/acme
END
refused 'an unknown kind' 125 "^rules:1:1: unknown kind 'bnid'; did you mean 'bind'\?" <<'END'
bnid /opt/acme /x
END
refused 'an unknown option' 125 "^rules:1:19: unknown option 'optoinal'; did you mean 'optional'\?" <<'END'
bind /opt/acme /x optoinal
END
refused 'a relative path' 125 "^rules:1:6: the path 'opt/acme' is relative; write it from the root" <<'END'
bind opt/acme /x
END
refused 'a relative target' 125 "^rules:1:16: the target 'x' is relative; write it from the root" <<'END'
bind /opt/acme x
END
refused 'a quote that is not closed' 125 '^rules:1:6: this quote is not closed on its line; add a " at its end$' <<'END'
bind "/opt/acme /x
END
long=$(printf '/%0255d' {1..16})
refused 'a path over PATH_MAX' 125 '^rules:1:6: the path is 4098 bytes long, and the kernel takes at most 4095; shorten it$' \
	<<<"bind $long/x /x"
refused 'a name over 255 bytes' 125 '^rules:1:6: .* has a name of more than 255 bytes; ' \
	<<<"bind /$(printf '%0256d' 1) /x"
refused 'a bind for the root' 125 "^rules:1:6: '/' is the root directory, which no rule of this kind can replace; name the dir" <<'END'
bind / /x
END
refused 'an empty path' 125 '^rules:1:6: the path is empty; ' <<'END'
bind "" /x
END
refused 'an include that is missing' 125 '^rules:1:9: cannot include none: No such file or directory; ' <<'END'
include none
END
refused 'an include of itself' 125 '^rules:1:9: rules includes itself by this line; ' <<'END'
include rules
END
refused 'an unknown engine' 125 "^rules:1:8: 'fast' is no engine to choose; name one of" <<'END'
engine fast
END
refused 'a target that cannot be made' 125 '^rules:1:16: cannot make /proc/none/x: .*; make it yourself' <<'END'
bind /opt/acme /proc/none/x create=dir
END
seq -f 'bind /opt/acme/%.0f /x' 65537 >many
refused '65,537 rules' 125 '^rules:65537:1: more than 65536 rules; ' <many
printf 'bind /opt/acme /x\nbind \0' >binary
refused 'a binary rules file' 125 '^rules:2:6: a NUL byte: this is no text file; ' <binary

# Many problems of one file, all told at once, in order.
refused 'all problems in one run' 125 '^rules:4:12: ' <<'END'
bind /a $UNSET/x ${UNSET}
what is this
bind rel /x
bind /b /c mode=999
END
check '... each of them' [ "$(sed -E 's/^(rules:[0-9]+:[0-9]+): .*/\1/' err | tr '\n' ' ')" = \
	'rules:1:9 rules:1:18 rules:2:1 rules:3:6 rules:4:12 ' ]
refused 'one bad rule among good ones stops all' 125 '^rules:3:1: ' <<'END'
bind /opt/acme /x
bind /opt/acme2 $T/made create=dir
wrong
END
check '... and nothing was made' [ ! -e made ]

refused 'a -m without a target' 125 "^snapredir: -m: '/opt/acme' has no '='; write -m PATH=TARGET$" -m /opt/acme </dev/null
refused 'a -m with a relative path' 125 "^snapredir: -m: the path 'a' is relative; " -m a=/x </dev/null
refused 'a rules file that is missing' 125 '^snapredir: none: cannot read these rules: No such file or directory; check the name$' \
	-r none </dev/null
refused 'a directory as rules file' 125 '^snapredir: target: cannot read these rules: Is a directory; ' -r target </dev/null
refused 'a log that cannot be opened' 125 '^snapredir: none/log: the log cannot be opened: ' -l none/log </dev/null
refused 'a requirement against the wish' 125 '^snapredir: --require: engine trace is required, but -e asks for preload' \
	-e preload --require trace <<'END'
bind /opt/acme /x
END
refused 'a requirement of the rules file' 125 '^snapredir: rules:2: engine trace is required, but -e asks for preload' \
	-e preload <<'END'
bind /opt/acme /x
require trace
END

if [ "$(id -u)" = 0 ]; then
	touch secret
	chmod 600 secret
	chmod 777 "$T"
	for_everybody
	status=0
	setpriv --reuid=65534 --regid=65534 --clear-groups -- "$SNAPREDIR" -r secret touch started 2>err || status=$?
	check 'an unreadable rules file' grep -qx \
		'snapredir: secret: cannot read these rules: Permission denied; make it readable for this user' err
	check '... is status 125, and nothing starts' eval '[ "$status" = 125 ] && [ ! -e started ]'
else
	skip 'an unreadable rules file' 'root is needed to become another user'
fi

# A missing target is no error, but --check warns of it, and says it with its place.
echo 'bind /opt/acme /nowhere/at/all' >rules
"$SNAPREDIR" --check -r rules >out 2>err
check 'a missing target: --check says 0' [ $? = 0 ]
check '... and warns' grep -qE '^rules:1:16: warning: target /nowhere/at/all is not there, .*; add create=dir' err

finish
