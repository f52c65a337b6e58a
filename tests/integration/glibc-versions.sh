#!/bin/bash
# SPDX-License-Identifier: MIT
# The shim in programs of an older and of a newer glibc than this machine's, each started through its own ld.so, and
# beside musl. Packages of other releases come from where this machine's apt gets its own, into the build directory;
# apt's own state and the system are never touched. Where none can be reached, nothing is tried.
. tests/lib.sh

needs apt-get dpkg-deb
cache=$SNAPREDIR_BUILD/glibc
mkdir -p "$T/target"
cd "$T" || exit 1

# Names of releases, older first; their packages of libc6 are found in the same place.
case $(. /etc/os-release && echo "$ID") in
debian) older=(bullseye buster stretch) newer=(trixie forky sid) ;;
ubuntu) older=(focal bionic jammy) newer=(plucky questing noble) ;;
*) skip_all 'neither Debian nor Ubuntu: no packages of other releases are known' ;;
esac
codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
version_of() { dpkg-query -W -f '${Version}' libc6; }

# private_apt COMMAND...: apt-get with directories and sources of its own
private_apt() {
	mkdir -p "$WORK/apt/lists/partial" "$WORK/apt/archives/partial"
	timeout 60 apt-get -q -o Dir::State="$WORK/apt" -o Dir::State::status=/dev/null -o Dir::Cache="$WORK/apt" \
		-o Dir::Etc::sourcelist="$WORK/apt/list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferences=- \
		-o Dir::Etc::preferencesparts=- -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none \
		-o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 "$@"
}

# fetch RELEASE: its packages into $cache/RELEASE. They are fetched once, and then lie in the build directory.
fetch() {
	local release=$1 place signed=''
	[ ! -e "$cache/$release/complete" ] || return 0
	place=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 2>/dev/null | sed -n "s/^$codename //p" | head -1)
	[ -n "$place" ] || return 1
	[ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
		signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
	rm -rf "$WORK/apt" "${cache:?}/$release"
	mkdir -p "$WORK/apt" "$cache/$release"
	echo "deb $signed $place $release main" >"$WORK/apt/list"
	private_apt update >"$WORK/apt.log" 2>&1 || return 1
	(cd "$cache/$release" && private_apt download libc6 coreutils dash) >>"$WORK/apt.log" 2>&1 || return 1
	rm -rf "$WORK/apt"
	touch "$cache/$release/complete"
}

# try RELEASE: programs of it, by its own ld.so
try() {
	local release=$1 root=$WORK/$1 package version loader path
	mkdir -p "$root"
	for package in "$cache/$release"/*.deb; do
		dpkg-deb -x "$package" "$root"
	done
	version=$(dpkg-deb -f "$cache/$release"/libc6_*.deb Version)
	for loader in "$root"/lib/*/ld-2*.so "$root"/lib/*/ld-linux*.so.* "$root"/usr/lib/*/ld-linux*.so.*; do
		# a link to an absolute name would lead to this machine's
		[ ! -f "$loader" ] || [ -L "$loader" ] || break
	done
	path=$(dirname "$loader")
	program_of() { # NAME, of one in /bin or /usr/bin
		if [ -x "$root/bin/$1" ]; then echo "$root/bin/$1"; else echo "$root/usr/bin/$1"; fi
	}
	run() { # ENGINE PROGRAM [ARG]...
		local engine=$1 program
		program=$(program_of "$2")
		shift 2
		"$SNAPREDIR" -e "$engine" -m "/opt/acme=$T/target" -- "$loader" --library-path "$path" "$program" "$@" \
			>"$WORK/out" 2>"$WORK/err" </dev/null
	}
	# stdio's own read and write, far inside libc, which a rule makes fail
	faulted() { # ENGINE
		local program
		program=$(program_of sort)
		printf 'bind /opt/acme %s\nfault /opt/acme/file read EIO\nfault /opt/acme/new write ENOSPC\n' "$T/target" >"$WORK/faults"
		"$SNAPREDIR" -e "$1" -r "$WORK/faults" -- "$loader" --library-path "$path" "$program" /opt/acme/file 2>"$WORK/err"
		"$SNAPREDIR" -e "$1" -r "$WORK/faults" -- "$loader" --library-path "$path" "$program" -o /opt/acme/new /opt/acme/link2 \
			2>>"$WORK/err"
		cat "$WORK/err"
		grep -q 'Input/output error' "$WORK/err" && grep -q 'No space left' "$WORK/err"
	}
	expect() { # NAME TEXT COMMAND...
		local name="glibc $version: $1" text=$2
		shift 2
		if "$@" && [ "$(cat "$WORK/out")" = "$text" ] && [ ! -s "$WORK/err" ]; then
			ok "$name"
		else
			not_ok "$name" < <(echo "wanted: $text"; cat "$WORK/out" "$WORK/err")
		fi
	}
	# Names that an older libc lacks are seen all the same by programs that ask for them: they must work.
	cat >probe.c <<'END'
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
__attribute__((force_align_arg_pointer)) void _start(void)
{
	int (*find)(const char *, struct stat *) = (int (*)(const char *, struct stat *))dlsym(RTLD_DEFAULT, "stat");
	int (*move)(int, const char *, int, const char *, unsigned) =
		(int (*)(int, const char *, int, const char *, unsigned))dlsym(RTLD_DEFAULT, "renameat2");
	struct stat st = {.st_size = -1};

	printf("%d ", find ? find("/opt/acme/file", &st) : 0);
	printf("%d ", find ? (int)st.st_size : 6);
	printf("%d\n", move ? move(AT_FDCWD, "/opt/acme/file", AT_FDCWD, "/opt/acme/file2", 0) : 0);
	exit(0);
}
END
	mkdir -p "$root/bin"
	libs=("$path"/libc.so.6 "$path"/libdl.so.[2])
	gcc -nostdlib -Wl,--allow-shlib-undefined -o "$root/bin/probe" probe.c "${libs[@]}"
	for engine in preload trace hybrid; do
		rm -rf target
		mkdir -p target/sub
		echo hello >target/file
		ln -s /opt/acme/file target/link
		expect "cat [$engine]" hello run $engine cat /opt/acme/file
		expect "cat through a link [$engine]" hello run $engine cat /opt/acme/link
		expect "realpath [$engine]" /opt/acme/file run $engine realpath /opt/acme/sub/../link
		expect "wc [$engine]" '6 /opt/acme/file' run $engine wc -c /opt/acme/file
		expect "a shell [$engine]" '/opt/acme/sub
hello
new' run $engine dash -c 'cd /opt/acme/sub && pwd -P && read x <../file && echo $x && echo new >n && read x <n && echo $x'
		# its children use this machine's glibc
		expect "a child of a shell [$engine]" 'hello
/opt/acme/sub' run $engine dash -c 'cat /opt/acme/file; cd /opt/acme/sub; exec sh -c "pwd -P"'
		expect "touch, ln, rm [$engine]" '' run $engine dash -c \
			'cd /opt/acme && touch a && ln a b && test -f b && rm a && test ! -e a'
		expect "functions that it may lack [$engine]" '0 6 0' run $engine probe
		check "glibc $version: ... and there it is [$engine]" [ -e target/b ]
		echo text >target/file; echo text >target/link2
		check "glibc $version: faults [$engine]" faulted $engine
	done
}

# one_of KIND COMPARISON RELEASE...: the first that can be had and is what it should be
one_of() {
	local kind=$1 comparison=$2 release
	shift 2
	for release; do
		[ "$release" != "$codename" ] && fetch "$release" || continue
		dpkg --compare-versions "$(dpkg-deb -f "$cache/$release"/libc6_*.deb Version)" "$comparison" "$(version_of)" ||
			continue
		try "$release"
		return
	done
	# What cannot be reached is no fault of ours, even where nothing may be skipped.
	if [ -n "${SNAPREDIR_MUST_WORK-}" ]; then
		ok "a glibc $kind than this machine's: its packages cannot be reached, nothing to try"
	else
		skip "a glibc $kind than this machine's" 'its packages cannot be reached'
	fi
}

# Only what this machine was given: the symbols that the shims need.
needed() {
	objdump -T "$1" | grep -oE '\(?GLIBC_[0-9.]+\)?' | tr -d '()' | sed 's/GLIBC_//' | sort -uV | tail -1
}
for shim in "$SNAPREDIR_BUILD"/lib/*/libsnapredir.so; do
	if command -v objdump >/dev/null; then
		newest=$(needed "$shim")
		check "$(basename "$(dirname "$shim")"): no symbol newer than glibc 2.17 (is: $newest)" \
			[ "$(printf '%s\n' 2.17 "$newest" | sort -V | tail -1)" = 2.17 ]
	fi
done
one_of older lt "${older[@]}"
one_of newer gt "${newer[@]}"

# A program of musl: the shim is not for it, and nothing is said about that by its loader.
echo hello >target/file
musl=$(command -v "${MUSLCC:-musl-gcc}")
cat >musl.c <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	FILE *file = fopen("/opt/acme/file", "r");

	printf("musl: %s, LD_PRELOAD %s\n", file ? "found" : "not found", getenv("LD_PRELOAD") ? "set" : "not set");
	return 0;
}
END
if [ -n "$musl" ] && "$musl" -o musl musl.c 2>/dev/null && ./musl >/dev/null 2>&1; then
	silent() { # TEXT COMMAND...: prints TEXT, and nothing on standard error
		local text=$1
		shift
		"$@" >out 2>err </dev/null && [ "$(cat out)" = "$text" ] && [ ! -s err ] || {
			cat out err
			return 1
		}
	}
	redirected=("$SNAPREDIR" -m "/opt/acme=$T/target")
	check 'musl: a child of a shell is left alone [preload]' silent 'musl: not found, LD_PRELOAD not set
hello' "${redirected[@]}" -e preload -- sh -c './musl; cat /opt/acme/file'
	check 'musl: its own child is redirected again [trace]' silent 'musl: found, LD_PRELOAD not set' \
		"${redirected[@]}" -e trace -- ./musl
	"${redirected[@]}" -e preload -- ./musl >out 2>err
	check 'musl: the launcher says that it is not redirected' grep -q 'uses another libc than glibc' err
	loader=$(echo /lib/ld-musl-*.so.1)
	if [ -x "$loader" ]; then
		check "musl: run by its loader [preload]" silent 'musl: not found, LD_PRELOAD not set' \
			"${redirected[@]}" -e preload -- sh -c "'$loader' ./musl"
	fi
else
	skip 'musl' 'no musl-gcc that makes dynamic programs'
fi
finish
