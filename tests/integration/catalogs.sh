#!/bin/bash
# SPDX-License-Identifier: MIT
# Catalogues of messages in a redirected directory.
. tests/lib.sh
[ -x /usr/bin/python3 ] || skip_all 'python3 is not installed'

prepare() {
	/usr/bin/python3 - <<'END'
import os, struct
os.makedirs("target/locale/de/LC_MESSAGES")
texts = [(b"", b"Content-Type: text/plain; charset=UTF-8\n"), (b"hello", b"hallo")]
place = 28 + 16 * len(texts)
heads, bodies = [[], []], b""
for which in 0, 1:
    for text in texts:
        heads[which].append(struct.pack("<II", len(text[which]), place + len(bodies)))
        bodies += text[which] + b"\0"
with open("target/locale/de/LC_MESSAGES/acme.mo", "wb") as file:
    file.write(struct.pack("<7I", 0x950412de, 0, len(texts), 28, 28 + 8 * len(texts), 0, 0))
    file.write(b"".join(heads[0] + heads[1]) + bodies)
END
}
rules <<'END'
bind /opt/acme $T/target
END
same -o hallo 'bindtextdomain' env -u LC_ALL LC_ALL=C.UTF-8 LANGUAGE=de /usr/bin/python3 -c '
import locale
locale.setlocale(locale.LC_ALL, "")
locale.bindtextdomain("acme", "/opt/acme/locale")
print(locale.dgettext("acme", "hello"))'
same 'catopen' /usr/bin/python3 -c '
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.catopen.restype = ctypes.c_ssize_t
for name in b"/opt/acme/locale/de/LC_MESSAGES/acme.mo", b"/opt/acme/none", b"none":
    ctypes.set_errno(0)
    print(libc.catopen(name, 0) == -1, ctypes.get_errno())'
finish
