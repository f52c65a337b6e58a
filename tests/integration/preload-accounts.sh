#!/bin/bash
# SPDX-License-Identifier: MIT
# libc's own files under rules: users, groups, shadow passwords, tables of mounts and logins.
. tests/lib.sh

prepare() {
	mkdir etc
	cat >etc/passwd <<-END
		root:x:0:0:root:/acme-root:/bin/sh
		# a comment
		acme:x:4242:4243:Acme:/opt/acme:/bin/acmesh
		broken line
		long:x:7:7:$(printf '%2000s' '' '' | tr ' ' x):/:/bin/sh
	END
	printf 'root:x:0:\nacmes:x:4243:acme,other\nstaff:x:50:acme\nmore:x:51:other,acme\n' >etc/group
	printf 'root:*:1:0:99999:7:::\nacme:secret:1:0:99999:7:::\n' >etc/shadow
	printf '/dev/acme /opt/acme ext4 rw 0 0\n' >etc/fstab
	: >etc/utmp
	mkdir v
}
rules <<'END'
bind /etc/passwd $T/etc/passwd
bind /etc/group $T/etc/group
bind /etc/shadow $T/etc/shadow
bind $T/v $T/etc
END
unstable=(etc/utmp)
for form in '' -32; do
	if [ ! -x "$PROGRAMS/preload-accounts$form" ]; then
		skip "preload-accounts$form" 'not built on this machine'
		continue
	fi
	same "every function$form" "$PROGRAMS/preload-accounts$form" "$T/v/fstab" "$T/v/utmp"
done
same 'id, getent, ~user' bash -c 'id acme; getent passwd acme root; getent group acmes; getent passwd daemon; echo ~acme'
# shellcheck disable=SC2088
same 'ls -l shows names' bash -c 'chown 4242:4243 etc/fstab; ls -ln etc/fstab | wc -l; stat -c "%U %G" etc/fstab'
rules </dev/null
# shellcheck disable=SC2034 # of tests/lib.sh
same 'no rule applies' bash -c 'id root; getent passwd root >/dev/null; echo ~root'
finish
