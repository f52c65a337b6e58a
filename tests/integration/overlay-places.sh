#!/bin/bash
# SPDX-License-Identifier: MIT
# overlay: among other rules, above another overlay, with whiteouts by attribute, on file systems that lack calls, and with
# an upper layer that goes away. As a real overlayfs has it.
# shellcheck disable=SC2016 # rules and scripts hold $T
. tests/lib.sh
needs python3

tree_filter='s/ c [0-9]+ [0-9:]+ [0-9]+ $/ whiteout/'

# ---- among other rules ----

rules <<'END'
bind /opt/acme $T/tree
overlay /opt/acme/share $T/upper
bind /opt/acme/share/plug $T/plug
bind /opt/acme/share/conf $T/conf
overlay /opt/acme/low $T/low
overlay /opt/acme/low/only $T/only
overlay /opt/acme/low/above $T/above
END
prepare() {
	mkdir -p tree/share/d tree/share/plug tree/low/only upper/d upper/new plug low/above only above
	for file in tree/share/f tree/share/d/a tree/share/conf tree/share/plug/hidden tree/low/f tree/low/only/deep upper/d/b \
		upper/new/u plug/p low/g low/above/h only/o above/i conf; do
		echo "$file" >$file
	done
	ln -s ../f tree/share/d/link
	ln -s /opt/acme/share/plug/p upper/to
}
cat >"$WORK/places" <<'END'
cd /opt/acme/share
find . | sort; cat f d/a d/b d/link to plug/p conf new/u
echo more >>f; echo more >>d/a; echo more >>plug/p; echo more >>conf; echo made >plug/made
mv f plug/f 2>&1; ln new/u plug/u 2>&1; rm -r plug 2>&1; rm conf 2>&1; mv d d2 2>&1; mv new newer
cd d; pwd; cat ../plug/p ../conf; rm a; ls; cd ../plug; pwd; ls ..; cd /opt/acme/low
find . | sort; cat f g only/* above/*
echo more >>only/deep; rm only/deep; echo more >>above/h; mkdir only/x; touch above/y; rm above/i
find . | sort; mv only/o above/o 2>&1; mv f only/f 2>&1; cat above/h; rmdir only 2>&1; pwd
END
same 'beneath and above bind rules, and other overlays' bash "$WORK/places"
same -u 'beneath and above bind rules, and other overlays' bash "$WORK/places"

# ---- on both layers of another one ----

rm -rf "$T"
mkdir -p "$T/p/both" "$T/upper/both" "$T/third"
check 'a third layer is refused' bash -c '
	"$0" -o "$1/p=$1/upper" -o "$1/p/both=$1/third" true 2>&1 | grep -q "on both layers" &&
	! "$0" -o "$1/p=$1/upper" -o "$1/p/both=$1/third" true 2>/dev/null' "$SNAPREDIR" "$T"

# ---- whiteouts by attribute ----

rules <<'END'
overlay $T/p $T/upper
END
prepare() {
	mkdir -p p/d p/e upper/d
	for file in p/f p/g p/d/a p/d/b p/e/x; do echo $file >$file; done
	: >upper/d/a
	: >upper/empty
	python3 -c 'import os
def mark(path, name, value):
    for kind in "trusted", "user":
        try:
            os.setxattr(path, kind + ".overlay." + name, value)
        except OSError:
            pass
mark("upper/d/a", "whiteout", b"y")
mark("upper/d", "opaque", b"x")'
}
cat >"$WORK/marked" <<'END'
cd "$T/p"
cat d/a d/b empty 2>&1; stat d/a 2>&1; rm d/a 2>&1; echo new >d/a; cat d/a; rm d/b; cat d/b 2>&1; :
END
# Linux 6.7 understands them; before, the reference shows an empty file.
read -r major minor < <(uname -r | tr . ' ')
if [ "$major" -gt 6 ] || [ "$major.${minor%% *}" != "${major}.${minor}" ] || { [ "$major" = 6 ] && [ "${minor%%[!0-9]*}" -ge 7 ]; }; then
	same 'whiteouts by attribute' bash "$WORK/marked"
	same -u 'whiteouts by attribute' bash "$WORK/marked"
else
	skip 'whiteouts by attribute' 'this kernel does not know them'
fi

# ---- what file systems and sandboxes may lack ----

prepare() {
	mkdir -p p/d/sub p/e upper/d upper/u
	for file in p/f p/g p/d/a p/d/sub/b p/e/x upper/d/c upper/u/y; do echo $file >$file; done
}
cat >"$WORK/less" <<'END'
cd "$T/p"
rm f; mkdir f; touch f/in; ls f; rm -r f; ls; rm -r e; mkdir e; ls -a e; rmdir e
echo more >>g; mv g d/g; mv u e; ls -R; rm -r d; mkdir d; touch d/z; ls -R; echo back >g; cat g
END
same -e preload 'without renameat2 (ENOSYS)' "$PROGRAMS/process-deny" 38 renameat2 -- bash "$WORK/less"
same -e preload 'without its flags (EINVAL)' "$PROGRAMS/process-deny" 22 renameat2 -- bash "$WORK/less"
same -u -e preload 'without renameat2' "$PROGRAMS/process-deny" 38 renameat2 -- bash "$WORK/less"

cat >"$WORK/list" <<'END'
cd "$T/p" && ls -R && cat g
END
for user in '' 1; do
	as_user=$user
	[ -z "$user" ] || for_everybody
	measure preload "$PROGRAMS/process-deny" 1 mknod mknodat -- bash "$WORK/less"
	measured=$status
	cp "$WORK/preload.out" "$WORK/denied.out"
	find "$T/upper" -type c >"$WORK/devices"
	check "whiteouts where no device may be made${user:+ (ordinary user)}" test "$measured:$(wc -c <"$WORK/devices")" = 0:0
	measure preload bash "$WORK/less"
	check "... hide as well${user:+ (ordinary user)}" cmp "$WORK/preload.out" "$WORK/denied.out"
done
as_user=

# ---- the upper layer goes away ----

cat >"$WORK/away" <<'END'
cat $T/p/f
touch $T/ready
until [ -e $T/go ]; do sleep 0.05; done
cat $T/p/f; ls $T/p
echo x >>$T/p/f; echo x >$T/p/new; rm $T/p/f; mkdir $T/p/y; mv $T/p/f $T/p/g; chmod 600 $T/p/f
mkdir $T/upper; cat $T/p/f; echo more >>$T/p/f; cat $T/p/f
END
for engine in "${ENGINES[@]}"; do
	rm -rf "$T"
	mkdir -p "$T"
	(cd "$T" && prepare)
	timeout 30 "$SNAPREDIR" -e "$engine" -r "$WORK/rules" -- bash "$WORK/away" >"$WORK/away.out" 2>"$WORK/away.err" &
	until [ -e "$T/ready" ]; do sleep 0.05; done
	rm -r "$T/upper"
	touch "$T/go"
	wait $!
	check "without its upper layer the lower files are read, until it comes back [$engine]" \
		diff <(printf '%s\n' p/f p/f p/f p/f more) "$WORK/away.out"
	check "... nothing can be written [$engine]" test "$(grep -c 'No such file' "$WORK/away.err")" = 7
	check "... and nothing is changed [$engine]" test "$(cat "$T/p/f" && stat -c %a "$T/p/f" && ls -m "$T/p")" = "p/f
644
d, e, f, g"
done
finish
