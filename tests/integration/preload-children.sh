#!/bin/bash
# SPDX-License-Identifier: MIT
# What a child did to links, its parent must see once it has waited for it.
# shellcheck disable=SC2016 # inner shells' variables
. tests/lib.sh
needs perl

prepare() {
	mkdir -p d plain target
	echo plain >d/f
	echo plain >plain/f
	echo redirected >target/f
}
rules <<'END'
bind /opt/acme $T/target
END

for shell in dash bash; do
	command -v $shell >/dev/null || continue
	same -o redirected "$shell: a directory becomes a link into a rule" $shell -c \
		'[ -d d ] && [ -f d/f ] && read -r x <d/f; rm -r d; ln -s /opt/acme d; read -r x <d/f; echo "$x"'
	same -o plain "$shell: and back" $shell -c \
		'rm -r d; ln -s /opt/acme d; read -r x <d/f; rm d; mv plain d; read -r x <d/f; echo "$x"'
done
for wait in 'wait' 'waitpid(-1, 0)'; do
	same -o redirected "perl: $wait" perl -e '-f "d/f" or die;
		if (!fork) { exec "rm -r d; ln -s /opt/acme d"; } '"$wait"'; open F, "d/f"; print <F>'
done
finish
