#!/bin/bash
# SPDX-License-Identifier: MIT
# Libraries that are there only by a rule: what a program needs, RUNPATH, RPATH, $ORIGIN, plugins.
# shellcheck disable=SC2016 # rules hold $T, and ld.so knows $ORIGIN
. tests/lib.sh
read -ra CC <<<"${CC:-gcc}"
needs "${CC[0]}"

lib() { # NAME FUNCTION TEXT [OPTION]...
	local name=$1
	printf '#include <stdio.h>\nvoid %s(void); void %s(void) { puts("%s"); }\n' "$2" "$2" "$3" >"$WORK/src.c"
	shift 3
	"${CC[@]}" "$bits" -shared -fPIC -Wl,-soname,"$(basename "$name")" -o "$built/$name" "$WORK/src.c" "$@"
}
program() { # NAME OPTION...
	"${CC[@]}" "$bits" -o "$built/$1" "$WORK/main.c" "${@:2}"
}
# Everything for the word size in $bits, in $built.
build() {
	mkdir -p "$built"/{bin,lib,plugins,near,elsewhere}
	lib lib/libacme.so acme 'acme of the rule'
	lib elsewhere/libacme.so acme 'acme from elsewhere'
	lib plugins/libplug.so plug 'a plugin'
	lib near/libnear.so plug 'a plugin beside'
	printf '%s\n' '#include <dlfcn.h>' '#include <math.h>' '#include <stdio.h>' 'void acme(void);' \
		'int main(int argc, char **argv) {' \
		'	volatile double x = argc; void (*plug)(void); void *h;' \
		'	acme(); printf("%.1f\n", cos(x - argc));' \
		'	for (int i = 1; i < argc; i++) { h = dlopen(argv[i], RTLD_NOW);' \
		'		plug = h ? (void (*)(void))dlsym(h, "plug") : 0;' \
		'		if (plug) plug(); else puts("none"); } }' >"$WORK/main.c"
	# One that needs another, and one whose thread-local data must lie in the first block.
	printf 'void acme(void); void plug(void) { acme(); }\n' >"$WORK/needy.c"
	"${CC[@]}" "$bits" -shared -fPIC -o "$built/plugins/libneedy.so" "$WORK/needy.c" -L"$built/lib" -lacme \
		-Wl,--enable-new-dtags,-rpath,/opt/acme/lib
	cp "$built/plugins/libneedy.so" "$built/near"
	printf '%s\n' '#include <stdio.h>' '__attribute__((tls_model("initial-exec"))) __thread char area[3000] = "static";' \
		'void plug(void) { puts(area); }' >"$WORK/static.c"
	"${CC[@]}" "$bits" -shared -fPIC -o "$built/elsewhere/libstatic.so" "$WORK/static.c"
	local libs=("-Wl,--no-as-needed" -lm -L"$built/lib" -lacme -ldl)
	program bin/runpath "${libs[@]}" -Wl,--enable-new-dtags,-rpath,/opt/acme/lib:/opt/acme/plugins
	program bin/rpath "${libs[@]}" -Wl,--disable-new-dtags,-rpath,/opt/acme/lib:/opt/acme/plugins
	program bin/origin "${libs[@]}" -Wl,--enable-new-dtags,-rpath,'$ORIGIN/../lib:${ORIGIN}/inner'
	program bin/first "${libs[@]}" -Wl,--enable-new-dtags,-rpath,"$T/other:/opt/acme/lib"
	program bin/plain "${libs[@]}"
	program bin/static "${libs[@]}" -L"$built/elsewhere" -lstatic -Wl,--enable-new-dtags,-rpath,"$T/elsewhere"
	program bin/static-runpath "${libs[@]}" -L"$built/elsewhere" -lstatic \
		-Wl,--enable-new-dtags,-rpath,"/opt/acme/lib:$T/elsewhere"
}
built=$WORK/64 bits=-O1
build 2>"$WORK/why" || skip_all "no compiler works here: $(head -1 "$WORK/why")"
sizes=(64)
bits=-m32 built=$WORK/32
if build 2>/dev/null; then sizes+=(32); else skip '32 bit' 'the compiler cannot'; fi

prepare() {
	cp -r "$WORK/$size" target
	mv target/near near
	mkdir other
	mv target/elsewhere elsewhere
}
rules <<'END'
bind /opt/acme $T/target
bind /opt/acme/bin/inner $T/near
bind /opt/single/libacme.so $T/target/lib/libacme.so
END
for size in "${sizes[@]}"; do
	same "RUNPATH ($size)" /opt/acme/bin/runpath libplug.so /opt/acme/plugins/libplug.so libnone.so
	same "RPATH ($size)" /opt/acme/bin/rpath libplug.so libnear.so
	same "\$ORIGIN, also where a rule lies within ($size)" /opt/acme/bin/origin libnear.so
	same "not by its redirected name ($size)" target/bin/runpath libplug.so
	same "a directory that is empty before it ($size)" /opt/acme/bin/first
	same "LD_LIBRARY_PATH ($size)" env LD_LIBRARY_PATH=/none:/opt/acme/lib /opt/acme/bin/plain libnone.so
	same "LD_LIBRARY_PATH before RUNPATH ($size)" env LD_LIBRARY_PATH="$T/elsewhere" /opt/acme/bin/runpath
	same "RPATH before LD_LIBRARY_PATH ($size)" env LD_LIBRARY_PATH="$T/elsewhere" /opt/acme/bin/rpath
	same "a rule on the file ($size)" env LD_LIBRARY_PATH=/opt/single /opt/acme/bin/plain
	same "LD_PRELOAD ($size)" env LD_PRELOAD=/opt/acme/lib/libacme.so target/bin/runpath
	same "a plugin that needs another ($size)" env LD_LIBRARY_PATH="$T/elsewhere" /opt/acme/bin/plain \
		/opt/acme/plugins/libneedy.so
	same "a plugin elsewhere that needs one under a rule ($size)" env LD_LIBRARY_PATH="$T/elsewhere" \
		target/bin/plain near/libneedy.so
	same "static TLS ($size)" target/bin/static
	same "static TLS, and LD_LIBRARY_PATH under a rule ($size)" env LD_LIBRARY_PATH="/opt/acme/lib:$T/elsewhere" \
		/opt/acme/bin/static
	same "static TLS, and libraries under rules ($size)" target/bin/static-runpath
	same "through a shell ($size)" sh -c 'cd / && env -i /opt/acme/bin/runpath; exec /opt/acme/bin/origin'
	same -x 127 "missing for all ($size)" sh -c '/opt/acme/bin/plain 2>/dev/null'
done
size=64
same 'what programs see of it' sh -c 'echo "${LD_AUDIT-none}" | sed "s|[^:]*/libsnapredir-audit.so|none|"'
same 'LD_LIBRARY_PATH is what it was' env LD_LIBRARY_PATH=/opt/acme/lib: sh -c \
	'echo $LD_LIBRARY_PATH; unset LD_LIBRARY_PATH; env | grep -c ^LD_LIB; true'
rules </dev/null
finish
