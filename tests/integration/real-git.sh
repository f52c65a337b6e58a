#!/bin/bash
# SPDX-License-Identifier: MIT
# git with repositories, work trees and configuration that exist only by redirection.
. tests/lib.sh
needs git

prepare() {
	mkdir -p repo conf other
	printf '[user]\n\tname = Tester\n\temail = tester@example.org\n[core]\n\tpager = cat\n[init]\n\tdefaultBranch = main\n' \
		>conf/gitconfig
	printf '[safe]\n\tdirectory = *\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n' >>conf/gitconfig
	mkdir -p repo/src/deep
	local i
	for i in $(seq 40); do echo "file $i" >"repo/src/deep/f$i"; done
	echo '#!/bin/sh' >conf/hook
	echo 'echo "hook in $(pwd -P)"' >>conf/hook
	chmod +x conf/hook
}
rules <<'END'
bind /opt/acme-repo $T/repo
bind /opt/acme-other $T/other
bind /etc/acme $T/conf
END
export GIT_CONFIG_GLOBAL=/etc/acme/gitconfig GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
# the index holds inode numbers and times of change; packs and their names follow from compression alone
unstable=('*/index' '*/logs/*')
start='cd /opt/acme-repo && git init -q && git add . && git commit -q -m first'

same 'init, add, commit, log' sh -c "$start && git log --stat --format='%H %an %s' && git status --short"
same -u 'init, add, commit, log' sh -c "$start && git log --format='%H %an %s' && git status --short"
same 'from outside by -C' sh -c "$start && cd / && git -C /opt/acme-repo ls-files && git -C /opt/acme-repo/src rev-parse --show-toplevel --show-prefix --git-dir"
same 'branches, merge, rename, remove' sh -c "$start && git checkout -q -b side && git mv src/deep/f1 src/moved && git rm -q src/deep/f2 &&
	git commit -q -m side && git checkout -q main && echo x >>src/deep/f3 && git commit -q -a -m main2 &&
	git merge -q -m merged side && git log --oneline --graph && git diff --stat HEAD~1 && git status --short"
same 'clone from one rule to another' sh -c "$start && git clone -q /opt/acme-repo /opt/acme-other/copy && cd /opt/acme-other/copy && git remote -v && git log --oneline && git fsck"
same 'gc, fsck and stash' sh -c "$start && git gc -q && git fsck && echo y >>src/deep/f4 && git stash -q && git stash pop && rm .git/index && git reset -q"
same 'a worktree and a bare repository' sh -c "$start && git worktree add -q /opt/acme-other/tree && git worktree list &&
	git -C /opt/acme-other/tree status --short && git init -q --bare /opt/acme-other/bare.git && git push -q /opt/acme-other/bare.git main && git ls-remote /opt/acme-other/bare.git"
same 'hooks are found and run' sh -c "$start && ln -s /etc/acme/hook .git/hooks/pre-commit && git commit -q --allow-empty -m hooked"
same 'many files at once' sh -c "$start && for i in \$(seq 300); do echo \$i >src/n\$i; done && git add -A && git commit -q -m many && git status --short && git clean -fdxq && git archive HEAD | tar -t | wc -l"
finish
