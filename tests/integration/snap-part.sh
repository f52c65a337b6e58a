#!/bin/bash
# SPDX-License-Identifier: MIT
# snap/snapcraft.yaml, whose snapcraft cannot be had here: its parts are built by the commands that it holds, and what
# they install together is the snap that the demo stages. The launcher of the part needs no library.
. tests/lib.sh
python=/usr/bin/python3
needs make
$python -c 'import yaml' 2>/dev/null || skip_all 'python3-yaml is not installed'
ask() { $python -c 'import sys, yaml; craft = yaml.safe_load(open("snap/snapcraft.yaml")); '"$1"; }

check 'apps, hooks, base and confinement are those of the demo' $python - <<'END'
import yaml
craft, demo = (yaml.safe_load(open(f)) for f in ("snap/snapcraft.yaml", "snap/demo/meta/snap.yaml"))
for key in demo:
    assert craft[key] == demo[key], (key, craft[key], demo[key])
END
read -r -a parameters < <(ask 'print(*craft["parts"]["snapredir"]["make-parameters"])')
export O=$SNAPREDIR_BUILD
check 'the part snapredir installs' make -s install "${parameters[@]}" DESTDIR="$WORK/snapredir"
check 'the files that it stages are there' ask '
import os
for name in craft["parts"]["snapredir"]["stage"]: assert os.path.exists(os.path.join("'"$WORK"'/snapredir", name)), name'
mkdir "$WORK/acme" "$WORK/acme/build" "$WORK/acme/install" "$WORK/staged"
ask 'print(craft["parts"]["acme"]["override-build"])' >"$WORK/script"
check 'the part acme installs' env CRAFT_PART_BUILD="$WORK/acme/build" CRAFT_PART_INSTALL="$WORK/acme/install" bash -euc ". $WORK/script"

# Together, with what snapcraft itself writes, they are the demo's snap.
mkdir "$WORK/prime"
cp -r "$WORK/snapredir/bin" "$WORK/snapredir/lib" "$WORK/acme/install/." "$WORK/prime/"
cp -r snap/hooks snap/demo/meta/snap.yaml "$WORK/prime/meta/"
snap/demo/stage "$SNAPREDIR_BUILD" "$WORK/staged"
check 'together they are what the demo stages' diff -r "$WORK/staged/snap" "$WORK/prime"
check 'the launcher needs no library' bash -c '! readelf -lW "$0" | grep -q INTERP' "$WORK/prime/bin/snapredir"
mkdir -p "$WORK/data" "$WORK/common"
cp snap/demo/acme.conf "$WORK/data/"
check 'and redirects from there' bash -c '[ "$(env -i SNAP="$0/prime" SNAP_DATA="$0/data" SNAP_COMMON="$0/common" \
	"$0/prime/bin/snapredir" /usr/bin/head -1 /etc/acme.conf)" = "# settings of acme, as the vendor ships them" ]' "$WORK"

# Launcher and shim of different builds: not a program that runs unredirected, but a word.
cp -r "$WORK/snapredir" "$WORK/mixed"
for library in "$WORK"/mixed/lib/*/*.so; do
	check "the note of $(basename "$(dirname "$library")")/$(basename "$library") is well-formed" bash -c '
		[ "$(readelf -nW "$0" 2>&1 | grep -c "^  snapredir .*0x00000004")/$(readelf -nW "$0" 2>&1 | grep -c Warning)" = 1/0 ]' "$library"
	$python - "$library" <<'END'
import sys
with open(sys.argv[1], "r+b") as file:
    at = file.read(4096).index(b"snapredir\0\0\0") + 12
    file.seek(at)
    file.write(b"\xff")
END
done
mkdir "$WORK/files"
for engine in preload hybrid; do
	status=0
	"$WORK/mixed/bin/snapredir" -e $engine -m "/opt/acme=$WORK/files" ls /opt/acme >"$WORK/out" 2>&1 || status=$?
	check "a shim of another version is not taken [$engine]" bash -c '[ "$0" = 125 ] && grep -q "engine .* needs the library .*not of this version; install" "$1" ||
		{ echo "status $0"; cat "$1"; exit 1; }' $status "$WORK/out"
done
finish
