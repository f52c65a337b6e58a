#!/bin/bash
# SPDX-License-Identifier: MIT
# Tools at the border of a rule, where rename and link say EXDEV and removal says EBUSY: they copy instead, or give up,
# as over mounts.
. tests/lib.sh
needs tar rsync

prepare() {
	mkdir -p target/dir/deep v/beside v/holder/sub plain
	echo text >target/file
	echo deep >target/dir/deep/f
	ln -s deep/f target/dir/link
	ln target/file target/hard
	mkfifo target/dir/fifo
	chmod 750 target/dir
	echo one >one
	echo beside >v/beside/f
	echo sub >v/holder/sub/f
	mkdir v/holder/mount
	echo hidden >v/holder/mount/hidden
	echo plain >plain/f
	mkdir -p plain/app/dir
	echo new >plain/app/file
	echo other >plain/app/dir/other
	find . -exec touch -h -d @1000000000 {} +
	tar -C plain -cf app.tar app
}
rules <<'END'
bind $T/v/app $T/target
bind $T/v/holder/mount $T/target/dir
bind $T/v/one.conf $T/one
END
unstable=('*.tar')
filter='s/(sed)[A-Za-z0-9]{6}/\1/'

same 'mv of a file out of a rule' mv v/app/file plain/moved
same 'mv of a file into a rule' mv v/beside/f v/app/dir/
same 'mv of a directory out of a rule' mv v/app/dir plain/
same 'mv of a directory into a rule' mv v/beside v/app/
same 'mv over a file of another side' mv -f plain/f v/app/file
same 'mv of a file from one rule to another' mv v/app/file v/holder/mount/here
same -x 1 'mv of a rule' mv v/app v/gone
same -x 1 'mv over a rule' mv -T plain v/app
same 'mv within a rule' mv v/app/dir/deep v/app/up
same -x 1 'cp -l out of a rule' cp -l v/app/file plain/
same 'cp -l within a rule' cp -rl v/app/dir/deep v/app/copy
same -x 1 'ln into a rule' ln plain/f v/app/f
same 'ln -s into a rule' sh -c 'ln -s ../app/file v/app/dir/soft && cat v/holder/mount/deep/f && ls v/app/dir'
same 'cp -a of a directory that holds rules' sh -c 'cp -a v copy && find copy | sort && cat copy/one.conf'
same 'cp -ax stays on its side' sh -c 'cp -ax v copy && find copy | sort'
same -x 1 'rm -rf of a directory that holds a rule' rm -rf v/holder
same -x 1 'rm -rf of a rule' rm -rf v/app
same -x 1 'rm of a rule that is a file' rm -f v/one.conf
same -x 1 'rmdir of a rule' rmdir v/holder/mount
same 'rm -rf within a rule' rm -rf v/app/dir/deep
same 'find -xdev and -mount' sh -c 'find v -xdev | sort; find v -mount -type f | sort'
same -x 1 'find -delete' sh -c 'find v/holder -delete'
same 'tar -x over a rule' sh -c 'mkdir t && cd v && tar -xf ../app.tar && find . | sort'
same -x 2 'tar -x --unlink-first into a rule' tar -C v -xf app.tar --unlink-first
same -x 2 'tar -x --recursive-unlink over a rule' tar -C v -xf app.tar --recursive-unlink
same 'tar -c --one-file-system' sh -c 'tar -cf x.tar --one-file-system v 2>&1; tar -tf x.tar | sort'
same 'rsync into a rule and out of it' sh -c 'rsync -a plain/ v/app/ && rsync -a --delete v/app/dir/ plain/dir/ && find plain | sort'
same 'rsync --remove-source-files' rsync -a --remove-source-files v/app/dir/deep/ plain/
same 'install over a rule that is a file' install -m 640 plain/f v/app/file
same 'sed -i in a rule' sed -i s/text/other/ v/app/file
same -x 4 'sed -i of a rule that is a file' sed -i s/one/two/ v/one.conf
same 'cp over a rule that is a file' cp plain/f v/one.conf
same -x 1 'cp --remove-destination over it' cp --remove-destination plain/f v/one.conf
same 'stat says that both sides are one' sh -c 'test v/app/file -ef target/file && test v/holder/mount -ef v/app/dir && echo same'
finish
