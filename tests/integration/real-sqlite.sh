#!/bin/bash
# SPDX-License-Identifier: MIT
# sqlite3: locks, journals, write-ahead log with shared memory, attached databases beneath a rule.
. tests/lib.sh
needs sqlite3

prepare() {
	mkdir data conf
	echo 'create table made(x); insert into made values (1),(2),(3);' >conf/make.sql
	sqlite3 data/old.db 'create table old(y); insert into old values ("kept");'
}
rules <<'END'
bind /var/lib/acme $T/data
bind /etc/acme $T/conf
END

same -o 6 'create and read' sqlite3 /var/lib/acme/new.db '.read /etc/acme/make.sql' 'select sum(x) from made;'
same -u -o 6 'create and read' sqlite3 /var/lib/acme/new.db '.read /etc/acme/make.sql' 'select sum(x) from made;'
same -o kept 'attach' sqlite3 /var/lib/acme/new.db 'attach "/var/lib/acme/old.db" as o; select y from o.old;'
same 'write-ahead log' sqlite3 /var/lib/acme/wal.db 'pragma journal_mode=wal; create table t(a); insert into t values(5);' 'select a from t;' 'pragma wal_checkpoint(truncate);'
same 'a journal that is rolled back' sqlite3 /var/lib/acme/old.db 'begin; insert into old values ("gone"); rollback; select count(*) from old;' '.databases'
same 'backup, restore, output and import' sh -c 'cd /var/lib/acme && sqlite3 old.db ".backup /var/lib/acme/b.db" ".output /etc/acme/out" "select * from old;" &&
	cat /etc/acme/out && sqlite3 b.db ".tables" "vacuum;" && sqlite3 /etc/acme/c.db ".restore /var/lib/acme/b.db" "select * from old;"'
same 'four writers at once' sh -c 'cd /var/lib/acme && sqlite3 c.db "create table c(n);" && for w in 1 2 3 4; do
	(for i in 1 2 3 4 5; do sqlite3 -cmd ".timeout 20000" /var/lib/acme/c.db "insert into c values($w);"; done) & done; wait; sqlite3 c.db "select n, count(*) from c group by n;"; rm c.db'
finish
