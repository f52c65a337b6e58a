#!/bin/bash
# SPDX-License-Identifier: MIT
# Files that libc reads by itself, far beneath its functions: hosts, services, resolv.conf, locales, character sets,
# time zones, logins, the log's socket, and what wordexp finds.
. tests/lib.sh
needs python3

# message_catalog FILE TEXT TRANSLATION...: a .mo file
message_catalog() {
	mkdir -p "$(dirname "$1")"
	python3 - "$@" <<'END'
import struct, sys
texts = [(b"", b"Content-Type: text/plain; charset=UTF-8\n")]
texts += sorted(zip(*[iter(text.encode() for text in sys.argv[2:])] * 2))
place, heads, bodies = 28 + 16 * len(texts), [[], []], b""
for which in 0, 1:
    for text in texts:
        heads[which].append(struct.pack("<II", len(text[which]), place + len(bodies)))
        bodies += text[which] + b"\0"
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<7I", 0x950412de, 0, len(texts), 28, 28 + 8 * len(texts), 0, 0))
    file.write(b"".join(heads[0] + heads[1]) + bodies)
END
}

# form NAME...: each group of the program's, in each form
each_form() {
	local form
	for form in '' -32; do
		if [ ! -x "$PROGRAMS/preload-files$form" ]; then
			skip "preload-files$form $*" 'not built on this machine'
			continue
		fi
		same "$*$form" "$PROGRAMS/preload-files$form" "$@"
	done
}

# ---- /etc/hosts and its kind, rule by rule ----
prepare() {
	mkdir etc
	cat >etc/nsswitch.conf <<-END
		hosts: files
		networks: files
		services: files
		protocols: files
		rpc: files
		ethers: files
		netgroup: files
		gshadow: files
	END
	printf '127.9.8.7 acmehost acmealias\n::7 acmesix\n' >etc/hosts
	printf 'acmesvc 4711/tcp\nacmeother 4712/udp\n' >etc/services
	printf 'acmeproto 250 ACME\n' >etc/protocols
	printf 'acmenet 10.9.0.0\n' >etc/networks
	printf 'acmerpc 4242 acme\n' >etc/rpc
	printf '02:00:00:00:00:07 acmehost\n' >etc/ethers
	printf 'acmegroup (acmehost,,)\n' >etc/netgroup
	printf 'acmes:secret::acme\n' >etc/gshadow
	printf '/dev/acme /opt/acme/disk ext4 rw 0 0\n' >etc/fstab
	printf '/bin/acmesh\n# none\n/bin/sh\n' >etc/shells
	printf 'nameserver 127.0.0.77\nsearch acme.test other.test\noptions ndots:3\n' >etc/resolv.conf
	printf 'root:x:0:0:root:/root:/bin/sh\n' >etc/passwd
	printf 'root:x:0:\n' >etc/group
	: >etc/.pwd.lock
}
# Those that a machine may lack are first: what `mounted` lays over /etc to make them covers what is mounted before.
for file in netgroup ethers networks rpc gshadow fstab shells nsswitch.conf hosts services protocols resolv.conf; do
	echo "bind /etc/$file \$T/etc/$file"
done | rules
each_form hosts
each_form databases
each_form etc
each_form resolver
same 'getent' getent hosts acmehost acmealias
same -x 2 'getent: not there' getent hosts localhost

# ---- the whole of /etc ----
rules <<'END'
bind /etc $T/etc
END
each_form hosts databases etc resolver lock

# ---- time zones ----
prepare() {
	mkdir -p etc zones/Acme acme
	cp /usr/share/zoneinfo/Asia/Tokyo etc/localtime
	cp /usr/share/zoneinfo/America/New_York zones/Acme/Other
	cp /usr/share/zoneinfo/Asia/Kolkata acme/zone
}
rules <<'END'
bind /etc $T/etc
bind /usr/share/zoneinfo $T/zones
bind /opt/acme $T/acme
END
unset TZ
if [ -e /usr/share/zoneinfo/Asia/Kolkata ]; then
	each_form zone
	same 'date' date -d @1000000000
	rules <<-'END'
		bind /opt/acme $T/acme
	END
	TZ=/opt/acme/zone same 'by the variable alone' date -d @1000000000
	TZDIR=/opt/acme TZ=zone same 'TZDIR' date -d @1000000000
else
	skip 'time zones' 'tzdata is not installed'
fi
export TZ=UTC

# ---- locales, character sets, messages ----
gconv=$(dirname "$(find /usr/lib/*/gconv /usr/lib*/gconv -name ISO8859-15.so 2>/dev/null | grep -v /usr/lib32 | head -1)")
prepare() {
	mkdir -p locale gconv
	cp -r /usr/lib/locale/C.utf8 locale/acme.utf8
	cp -r /usr/lib/locale/C.utf8 locale/acme2.utf8
	message_catalog messages/xx/LC_MESSAGES/libc.mo 'No such file or directory' 'nichts' 'Permission denied' 'nein'
	message_catalog messages/xx/LC_MESSAGES/acme.mo hello hallo
	printf 'alias ACME// ISO-8859-15//\nmodule ISO-8859-15// INTERNAL acme 1\nmodule INTERNAL ISO-8859-15// acme 1\n' \
		>gconv/gconv-modules
	[ ! -e "$gconv/ISO8859-15.so" ] || cp "$gconv/ISO8859-15.so" gconv/acme.so
}
rules <<'END'
bind /usr/lib/locale $T/locale
bind /usr/share/locale $T/messages
END
if [ -d /usr/lib/locale/C.utf8 ]; then
	LANGUAGE=xx each_form locale
else
	skip 'locales' 'C.utf8 is not a directory here'
fi
if [ -e "$gconv/ISO8859-15.so" ]; then
	echo "bind $gconv \$T/gconv" | rules
	same 'iconv_open' "$PROGRAMS/preload-files" iconv
else
	skip 'iconv_open' 'no modules of character sets here'
fi

# ---- logins ----
prepare() {
	mkdir -p run log acme
	: >run/utmp
	: >log/wtmp
	: >acme/utmp
}
rules <<'END'
bind /run/utmp $T/run/utmp
bind /var/log $T/log
bind /opt/acme $T/acme
END
# its last record has the time in it
unstable=('*/wtmp')
each_form logins
unstable=()

# ---- the log's socket: someone listens, and writes down what comes without its time ----
prepare() {
	mkdir dev
	python3 -c '
import os, socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("dev/log")
log.settimeout(20)
if os.fork() == 0:
    os.setsid()
    for fd in 0, 1, 2:
        os.dup2(os.open("/dev/null", os.O_RDWR), fd)
    text = log.recv(4096).decode()
    os.unlink("dev/log")
    with open("dev/new", "w") as file:
        file.write(text[:4] + text[20:] + "\n")
    os.rename("dev/new", "dev/messages")
'
}
rules <<'END'
bind /dev/log $T/dev/log
END
for form in '' -32; do
	[ -x "$PROGRAMS/preload-files$form" ] || continue
	same "syslog$form" sh -c '"$0" syslog && for i in $(seq 200); do [ -e dev/messages ] && exit 0; sleep 0.05; done; exit 1' \
		"$PROGRAMS/preload-files$form"
done

# ---- words ----
prepare() {
	mkdir -p acme etc
	echo a >acme/a.txt
	echo b >acme/b.txt
	printf 'root:x:0:0:root:/root:/bin/sh\nacme:x:4242:4243:Acme:/opt/acme:/bin/sh\n' >etc/passwd
}
rules <<'END'
bind /opt/acme $T/acme
bind /etc/passwd $T/etc/passwd
END
each_form words
finish
