#!/bin/bash
# SPDX-License-Identifier: MIT
# fts(3): a walk that starts in a rule, meets one, or leads into one by a link.
. tests/lib.sh

prepare() {
	mkdir -p target/sub/deeper target/skipped target/inner inner target/locked target/closed/sub
	echo hello >target/again
	echo deep >target/sub/deeper/deep
	echo hidden >target/skipped/hidden
	echo f >inner/f
	ln -s again target/link
	ln -s nowhere target/dangling
	ln -s loop target/loop
	ln -s .. target/sub/up
	ln -s /opt/acme/sub/deeper target/back
	ln -s /opt/acme out
	echo unseen >target/closed/unseen
	chmod 0 target/locked
	chmod 644 target/closed
}
rules <<'END'
bind /opt/acme $T/target
bind /opt/acme/inner $T/inner
END

for form in '' -32; do
	program=$PROGRAMS/preload-fts$form
	if [ ! -x "$program" ]; then
		skip "fts$form" 'not built on this machine'
		continue
	fi
	same "fts$form from a rule" "$program" /opt/acme
	same "fts$form with a slash behind" "$program" /opt/acme/
	same "fts$form by a link" "$program" out
	same "fts$form by a link and a slash" "$program" out/
	same "fts$form above a rule" "$program" /opt/acme/sub /opt/acme/inner out /opt/acme/missing
	same "fts$form of files" "$program" /opt/acme/again /opt/acme/link /opt/acme/dangling
	same "fts$form by a relative path" sh -c 'cd /opt/acme/sub && exec "$@"' sh "$program" . .. ../inner
	same -u "fts$form" "$program" /opt/acme
	same -u "fts$form into what cannot be searched" "$program" /opt/acme/closed /opt/acme/locked
	same "fts$form without rules" "$program" "$T/inner"
done
finish
