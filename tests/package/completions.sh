#!/bin/bash
# SPDX-License-Identifier: MIT
# The completions of bash, zsh and fish, asked through the shells themselves; bash and zsh on a terminal, by the tab key.
# Called by `make package-check`. It must never write outside $WORK.
. tests/lib.sh
needs bash zsh fish python3

made=${SNAPREDIR%/bin/snapredir}/completions
typist=$LIB/package/typist.py
mkdir -p "$T/dir" "$WORK/zsh"
cd "$T" || exit 1
: >dir/some.rules
: >dir/some.txt
mkdir bin
: >bin/acme-program
chmod +x bin/acme-program
PATH=$T/bin:$PATH
printf '. %s\nPS1="ready> "\n' "$made/snapredir.bash" >bashrc
printf 'fpath=(%s $fpath)\nautoload -U compinit\ncompinit -u -D\nPS1="ready> "\n' "$WORK/zsh" >"$WORK/zsh/.zshrc"
cp "$made/snapredir.zsh" "$WORK/zsh/_snapredir"

# ask WORD...: what bash would offer for the last one
ask() {
	bash --norc -c '. "$1"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _snapredir; printf "%s\n" "${COMPREPLY[@]}"' - \
		"$made/snapredir.bash" "$@" 2>/dev/null | sort
}
# offers NAME WANTED WORD...
offers() {
	local name=$1 wanted=$2
	shift 2
	if [ "$(ask "$@" | paste -sd ' ')" = "$wanted" ]; then
		ok "bash: $name"
	else
		ask "$@" >"$WORK/why"
		not_ok "bash: $name" <"$WORK/why"
	fi
}
offers 'an option' --engine snapredir --eng
offers 'options that begin alike' '--layout --learn --log --log-format' snapredir --l
offers 'engines' 'auto hybrid preload trace' snapredir -e ''
offers 'engines behind =' 'trace' snapredir --engine = tr
offers '... at once' 'auto hybrid preload trace' snapredir --engine =
offers 'formats' 'json' snapredir -v --log-format j
offers 'files' 'dir/some.rules dir/some.txt' snapredir -r dir/so
offers 'files behind the = of a map' 'dir/some.rules' snapredir -m /opt/acme = dir/some.r
offers 'the program' acme-program snapredir -r dir/some.rules acme-prog
offers 'no option behind the program' '' snapredir cat --eng
offers 'arguments of the program' 'dir/some.txt' snapredir -e trace -- cat dir/some.t
for option in $("$SNAPREDIR" --help | grep -oE -- '--[a-z-]{2,}' | sort -u); do
	check "bash: $option" grep -qxe "$option" <<<"$(ask snapredir "$option")"
done
check 'bash, by the tab key' "$typist" 'snapredir --engine ' 'snapredir --eng\t' bash --noprofile --rcfile bashrc -i
check 'zsh, by the tab key' env ZDOTDIR="$WORK/zsh" "$typist" '--engine' 'snapredir --eng\t' zsh -i
fish_offers() {
	fish --no-config -c "source $made/snapredir.fish; complete -C 'snapredir $1'" | cut -f1 | paste -sd ' '
}
check 'fish: an option' [ "$(fish_offers --eng)" = --engine ]
check 'fish: engines' [ "$(fish_offers '--engine ')" = 'auto hybrid preload trace' ]
check 'fish: the program' grep -qw cat <<<"$(fish_offers ca)"
finish
