#!/bin/bash
# SPDX-License-Identifier: MIT
# Children are redirected too: by every way to start one, also after the program cleared its environment, dropped
# LD_PRELOAD or closed all descriptors.
. tests/lib.sh

prepare() {
	mkdir -p target/bin target/dir data
	echo hello >target/file
	echo deep >target/dir/file
	cp "$(command -v cat)" target/bin/acme-cat
	printf '#!/opt/acme/bin/acme-cat\nscript\n' >target/bin/script
	printf '#!/opt/acme/bin/script with an argument\nnested\n' >target/bin/nested
	printf '#!/bin/sh\nread -r x </opt/acme/file\necho "$0 $* $x"\n' >target/bin/shell
	printf 'read -r x </opt/acme/file\necho "$0 $* $x"\n' >target/bin/bare
	printf '#!/opt/acme/missing\n' >target/bin/lost
	echo text >target/bin/text
	chmod 755 target/bin/*
	chmod 644 target/bin/text
	ln -s /opt/acme/bin bin
	# each "WAY..." PROGRAM [ARG]...: all of them in one run
	cat >each <<-'END'
		ways=$1
		shift
		for way in $ways; do
			echo "== $way"
			"$starter" "$way" "$@" || echo "status $?"
		done
	END
}
rules <<'END'
bind /opt/acme $T/target
bind /var/lib/acme $T/data
END

direct='execve execv execvp execvpe execl execlp execle empty fexecve raw-execve raw-execveat'
children='spawn spawnp system popen popen-write vfork vfork-closed fork'
searching='execvp execlp execvpe spawnp system'
cat=$(command -v cat)

# each NAME "WAY..." PROGRAM [ARG]...
each() {
	local name=$1
	shift
	same "$name$form" sh "$T/each" "$@"
}

for form in '' -32; do
	export starter=$PROGRAMS/preload-exec$form
	if [ ! -x "$starter" ]; then
		skip "preload-exec$form" 'not built on this machine'
		continue
	fi
	each 'a real program' "$direct $children" "$cat" /opt/acme/file
	each 'a redirected program' "$direct $children" /opt/acme/bin/acme-cat /opt/acme/file
	for script in script nested shell; do
		each "a redirected $script" "$direct $children" /opt/acme/bin/$script /opt/acme/dir/file
	done
	for program in missing bin/lost bin/text dir file/x bin/acme-cat/ ''; do
		each "what fails: $program" 'execve execvp raw-execve spawn vfork fork' "/opt/acme/$program"
	done
	path=/opt/none:/opt/acme/bin:/usr/bin
	each 'along PATH' "$searching" "$cat" /opt/acme/file
	same "along PATH$form, redirected" env PATH=$path sh "$T/each" "$searching" acme-cat /opt/acme/file
	same "along PATH$form, through a link" sh -c 'PATH=$T/bin:/usr/bin exec sh "$@"' sh "$T/each" "$searching" shell a
	same "along PATH$form, without #!" env PATH=$path sh "$T/each" "$searching" bare a b
	same "along PATH$form, not executable" env PATH=/opt/acme/bin "$(command -v sh)" "$T/each" "$searching" text
	same "along PATH$form, nowhere" env PATH=$path sh "$T/each" "$searching" nowhere
	same "file actions$form" "$starter" actions "$cat" /opt/acme/file /opt/acme
	same "file actions$form, relative" sh -c 'cd /opt/acme && exec "$@"' sh "$starter" actions "$cat" file dir
	same "file actions$form, a relative program" "$starter" actions bin/acme-cat /opt/acme/dir/file /opt/acme
	same "file actions$form, nowhere" sh -c '"$@"; echo $?' sh "$starter" actions "$cat" /opt/acme/none /opt/acme
	for state in cleared null unset other closed cloexec full big; do
		ways=
		for way in execve execvp spawn system popen popen-write vfork; do
			ways="$ways $way,$state"
		done
		each "the program's state: $state" "$ways" "$cat" /opt/acme/file
	done
	each 'cleared and closed' popen,cleared,closed "$cat" /opt/acme/file
	each 'one within the other' system,cleared "$starter" spawn,closed,cleared /opt/acme/bin/nested /opt/acme/dir/file
	each 'through env -i' fork env -i "$cat" /opt/acme/file
	each 'through a shell that drops LD_PRELOAD' vfork env -i bash -c 'unset LD_PRELOAD; exec "$@"' - "$cat" \
		/opt/acme/file
done

# What the program sees of its environment: ours and nothing else, and never twice.
same_environment() { # NAME EXPECTED COMMAND...
	local name=$1 expected=$2 got
	shift 2
	rm -rf "$T" && mkdir "$T" && (cd "$T" && prepare)
	got=$(unset SNAPREDIR_BUILD SNAPREDIR_MUST_WORK LD_PRELOAD && "$SNAPREDIR" -e preload -r "$WORK/rules" -- "$@" 2>"$WORK/why" |
		sed -E "s|[^:=]*/lib/[^/:]*/libsnapredir.so|SHIM|g; s/IMAGE=[0-9]+:[0-9]+$/IMAGE=FD:PID/")
	if [ "$got" = "$expected" ]; then
		ok "$name"
	else
		echo "$got" >>"$WORK/why"
		not_ok "$name" <"$WORK/why"
	fi
}
mine='grep -E "^(LD_PRELOAD|SNAPREDIR)" | sort'
same_environment 'nested programs have one shim' 'LD_PRELOAD=SHIM
SNAPREDIR_IMAGE=FD:PID' sh -c "sh -c 'sh -c env' | $mine"
same_environment 'the order of LD_PRELOAD and its empty elements stay' 'LD_PRELOAD=:/usr/$LIB/none.so::SHIM' \
	sh -c "LD_PRELOAD=':/usr/\$LIB/none.so:' env | grep ^LD_PRELOAD"
same_environment 'a script that was unrolled leaves no trace' 'SNAPREDIR_IMAGE=FD:PID' \
	sh -c 'cp "$(command -v sh)" /opt/acme/bin/sh
		printf "#!/opt/acme/bin/sh\nenv\n" >/var/lib/acme/x
		chmod 755 /var/lib/acme/x; /var/lib/acme/x | grep ^SNAPREDIR'
finish
