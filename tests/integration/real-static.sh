#!/bin/bash
# SPDX-License-Identifier: MIT
# One program of path operations, dynamic, static, with musl and in Go: the same answers as over bind mounts.
. tests/lib.sh

prepare() {
	mkdir -p target/sub data
	echo hello >target/file
	echo conf >conf
	echo text >data/text
	ln -s /etc/acme.conf target/out
	ln -s sub target/dir
	printf '#!/bin/sh\nexit 7\n' >target/seven
	chmod +x target/seven
	cp "$PROGRAMS/paths" target/paths
	cp "$PROGRAMS/paths-static" target/paths-static
}
rules <<'END'
bind /opt/acme $T/target
bind /etc/acme.conf $T/conf
bind /var/lib/acme $T/data
END
operations=(read /opt/acme/file read /etc/acme.conf read /opt/acme/out stat /opt/acme lstat /opt/acme/out
	at /opt/acme/file at /etc/acme.conf at /opt/acme list /opt/acme list /opt/acme/dir readlink /opt/acme/out
	realpath /opt/acme/dir/../out write /var/lib/acme/new access /var/lib/acme/new chmod /var/lib/acme/new
	truncate /var/lib/acme/new mkdir /var/lib/acme/d rename /var/lib/acme/new /var/lib/acme/d/moved
	link /var/lib/acme/d/moved /var/lib/acme/hard symlink /etc/acme.conf /var/lib/acme/soft read /var/lib/acme/soft
	chdir /var/lib/acme/d stat moved read ../soft list .. rename moved ../back chdir .. rmdir d unlink hard
	rename /opt/acme/file /var/lib/acme/file link /opt/acme/file /var/lib/acme/file
	run /opt/acme/seven run /opt/acme/paths run /opt/acme/paths-static run /opt/acme/none run /opt/acme
	stat /opt/acme/none stat /opt/acme/file/x stat /opt/acme/file/ mkdir /opt/acme rmdir /opt/acme
	unlink /etc/acme.conf rename /etc/acme.conf /etc/acme.other stat /opt/acmeX stat "" read /opt/acme)

sockets=(socket /var/lib/acme/socket list /var/lib/acme unlink /var/lib/acme/socket chdir /opt/acme/sub
	socket ../relative lstat ../relative socket /etc/acme.conf)

same 'dynamic' "$PROGRAMS/paths" "${operations[@]}"
same -s 'static glibc' "$PROGRAMS/paths-static" "${operations[@]}"
same -e trace 'sockets, dynamic' "$PROGRAMS/paths" "${sockets[@]}"
same -s 'sockets, static' "$PROGRAMS/paths-static" "${sockets[@]}"
same -u 'dynamic' "$PROGRAMS/paths" "${operations[@]}"
same -s -u 'static glibc' "$PROGRAMS/paths-static" "${operations[@]}"
if [ -x "$PROGRAMS/paths-musl" ]; then
	same -s 'static musl' "$PROGRAMS/paths-musl" "${operations[@]}"
else
	skip 'static musl' 'no musl-gcc'
fi
if [ -x "$PROGRAMS/files-go" ]; then
	same -s 'static Go' "$PROGRAMS/files-go" /var/lib/acme /etc/acme.conf
	same -e trace 'static Go and its children' "$PROGRAMS/files-go" /var/lib/acme /etc/acme.conf cat /bin/busybox
	same -s -u 'static Go' "$PROGRAMS/files-go" /var/lib/acme /etc/acme.conf
else
	skip 'static Go' 'no go'
fi
same 'started by its redirected name' /opt/acme/paths read /etc/acme.conf realpath /proc/self/exe readlink /proc/self/exe
same -s -p "$T/target/paths-static" 'static, started by its redirected name' /opt/acme/paths-static read /etc/acme.conf readlink /proc/self/exe
finish
