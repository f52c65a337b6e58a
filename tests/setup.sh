#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs the Debian or Ubuntu packages that are missing, as root or through sudo. Called by `make setup`,
# `make check`, `make demo` and .ci/run with the names of groups. It must never remove a package or ask a question.
set -eu

need() {
	case $1 in
	build) echo gcc libc6-dev libseccomp-dev libcap-dev libyaml-dev python3 ;;
	demo) echo golang-go ;;
	check)
		echo libcmocka-dev musl-tools busybox-static bash-static sqlite3 perl tar tzdata rsync sudo cron strace gdb ltrace findutils util-linux procps
		echo snapd squashfs-tools bash-completion python3-yaml make mandoc
		# looks at the page of --report
		echo chromium-headless-shell
		# 32-bit programs and their shim
		if [ "$(uname -m)" = x86_64 ]; then echo gcc-multilib; fi
		;;
	bench) echo golang-go nodejs busybox-static git tar findutils make proot fakechroot bubblewrap ;;
	package) echo debhelper dpkg-dev fakeroot lintian git zsh fish bash-completion ;;
	lint) echo clang clang-format shellcheck cppcheck binutils ;;
	*)
		echo "tests/setup.sh: no group '$1' (build demo check bench package lint)" >&2
		return 1
		;;
	esac
}

[ $# -gt 0 ] || set -- build demo check
wanted=()
for group; do
	packages=$(need "$group")
	read -rd '' -a packages <<<"$packages" || true
	wanted+=("${packages[@]}")
done
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "setup: not a Debian or Ubuntu machine: the equivalents of ${wanted[*]} have to be there" >&2
	exit 0
fi

installed() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^installed //p'; }
mapfile -t missing < <(comm -13 <(installed | sort -u) <(printf '%s\n' "${wanted[@]}" | sort -u))
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "setup: missing packages, and neither root nor sudo to install them. As root:" >&2
		echo "    apt-get install ${missing[*]}" >&2
		exit 1
	fi
	as_root=(sudo)
fi
echo "setup: installing ${missing[*]}" >&2
apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}
add() { apt install -y --no-install-recommends "${missing[@]}"; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Package lists may be missing or old: they are fetched when the first try fails.
if ! add </dev/null >"$log" 2>&1 && ! { apt update && add; } </dev/null >"$log" 2>&1; then
	cat "$log" >&2
	echo "setup: apt-get could not install ${missing[*]}" >&2
	exit 1
fi
