#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian package: builds with dpkg-buildpackage from the committed files, holds what it should, installs by dpkg in
# a root of its own (an overlay that only this mount namespace sees), and redirects there.
# Called by `make package-check`. It must never write outside $WORK.
# shellcheck disable=SC2016,SC2329 # a program of bash -c; functions that `check` calls
. tests/lib.sh
needs dpkg-buildpackage dh git unshare

triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
mkdir -p "$WORK/source"
git archive HEAD | tar -x -C "$WORK/source"
build() { cd "$WORK/source" && env -u MAKEFLAGS DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -b -us -uc; }
if ! build >"$WORK/build.log" 2>&1; then
	tail -40 "$WORK/build.log" >"$WORK/why"
	not_ok 'dpkg-buildpackage' <"$WORK/why"
	finish
fi
ok 'dpkg-buildpackage'
deb=$(echo "$WORK"/snapredir_*.deb)
dpkg-deb -c "$deb" | sed -n 's|.* \./||p' >"$WORK/list"
holds() { grep -qxF "$1" "$WORK/list" || { cat "$WORK/list"; return 1; }; }
for file in usr/bin/snapredir "usr/lib/$triplet/libsnapredir.so" "usr/lib/$triplet/libsnapredir-audit.so" \
	usr/share/man/man1/snapredir.1.gz usr/share/man/man5/snapredir-rules.5.gz usr/share/man/man7/snapredir.7.gz \
	usr/share/bash-completion/completions/snapredir; do
	check "$file is in it" holds "$file"
done
if [ "$(uname -m)" = x86_64 ]; then
	check 'the shim for 32-bit programs is in it' holds usr/lib/i386-linux-gnu/libsnapredir.so
fi
check 'nothing of this machine is in it' bash -c '! dpkg-deb --fsys-tarfile "$1" | tar -xO | grep -qF "$2"' - "$deb" "$WORK"
if command -v lintian >/dev/null; then
	check 'lintian finds no error' lintian --fail-on error --suppress-tags bogus-mail-host "$deb"
else
	skip 'lintian finds no error' 'lintian is not installed'
fi

# ---- in a root of its own ----
cat >"$WORK/inside" <<'END'
set -e
root=$1 deb=$2
mkdir "$root" "$root/upper" "$root/work" "$root/all"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/all"
mount -t proc proc "$root/all/proc"
mount --rbind /dev "$root/all/dev"
mkdir -p "$root/all/tmp/smoke/target"
cp "$deb" "$root/all/tmp/smoke/snapredir.deb"
shift 2
exec chroot "$root/all" "$@"
END
cat >"$WORK/smoke" <<'END'
set -e
unset SNAPREDIR_BUILD
cd /tmp/smoke
dpkg -i snapredir.deb >log 2>&1 || { cat log; exit 1; }
[ "$(command -v snapredir)" = /usr/bin/snapredir ]
echo found >target/file
for engine in auto preload trace hybrid; do
	[ "$(snapredir -e $engine -m /opt/deb-smoke=/tmp/smoke/target cat /opt/deb-smoke/file)" = found ]
	echo "engine $engine"
done
man -l /usr/share/man/man1/snapredir.1.gz >page 2>/dev/null || zcat /usr/share/man/man1/snapredir.1.gz >page
[ -s page ]
dpkg -r snapredir >log 2>&1 || { cat log; exit 1; }
[ ! -e /usr/bin/snapredir ]
echo removed
END
mkdir -p "$WORK/probe"
if [ "$(id -u)" != 0 ] || ! unshare -m --propagation private mount -t tmpfs tmpfs "$WORK/probe" 2>"$WORK/why"; then
	skip 'installs, redirects, goes' 'no mounts here'
else
	# an overlay's upper directory cannot lie on every file system: a tmpfs can hold it
	check 'installs, redirects, goes' unshare -m --propagation private bash -c \
		'mount -t tmpfs tmpfs "$1/probe" && bash "$1/inside" "$1/probe/root" "$2" bash -c "$(cat "$1/smoke")"' - "$WORK" "$deb"
fi
finish
