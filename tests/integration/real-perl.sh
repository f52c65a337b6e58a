#!/bin/bash
# SPDX-License-Identifier: MIT
# perl: modules, file tests, in-place editing, directory walks and processes on redirected files.
. tests/lib.sh
needs perl

prepare() {
	mkdir -p lib data
	printf 'package Acme; sub name { return __FILE__ } 1;\n' >lib/Acme.pm
	printf '#!/usr/bin/perl -w\nprint "$0 @ARGV\\n"; print -e "/var/lib/acme/text" ? "there\\n" : "not there\\n";\n' >lib/script
	chmod +x lib/script
	printf 'one\ntwo\nthree\n' >data/text
}
rules <<'END'
bind /opt/acme $T/lib
bind /var/lib/acme $T/data
END

same 'a module and a script' perl -I/opt/acme -MAcme -e 'print Acme::name(), "\n"; do "/opt/acme/script"'
same 'a script by its #! line' /opt/acme/script x y
same -u 'a script by its #! line' /opt/acme/script x y
same 'reading, writing, in place' sh -c 'perl -pi.bak -e s/two/2/ /var/lib/acme/text && perl -ne "print if /e/" /var/lib/acme/text /var/lib/acme/text.bak'
same 'file tests and directories' perl -MCwd=getcwd,realpath -MFile::Find -MFile::Copy -e '
	print join(" ", -e "/var/lib/acme", -d _, -s "/var/lib/acme/text", -x "/opt/acme/script"), "\n";
	opendir(D, "/opt/acme"); print join(" ", sort grep !/^\./, readdir D), "\n"; print join(" ", </var/lib/acme/*>), "\n";
	chdir "/var/lib/acme" or die; print getcwd(), " ", realpath("../acme/text"), "\n"; mkdir "d"; copy("text", "d/c"); move("d/c", "/opt/acme/c"); symlink "text", "s"; print readlink("s"), "\n"; rmdir "d"; unlink "s";
	my @f; find(sub { push @f, $File::Find::name }, "/opt/acme"); print join(" ", sort @f), "\n"; rename "text", "other" or die; utime 1, 2, "other"; print ((stat "other")[9]); print "\n"; open(F, "<", "/opt/acme/none") or print "$!\n"'
same 'processes' perl -e '$| = 1; print `cat /var/lib/acme/text`; system("cat /var/lib/acme/text"); system "cat", "/var/lib/acme/text"; open(P, "-|", "cat", "/var/lib/acme/text"); print <P>; close P; if (!fork) { exec "/opt/acme/script", "child" } wait; %ENV = (); system("/bin/cat", "/var/lib/acme/text"); exec "/opt/acme/script"'
finish
