# SPDX-License-Identifier: MIT
# The only makefile. `make help` lists the targets. Switches: O=dir (build directory)
# SAN=address,undefined DEBUG=1 CC=clang PREFIX= DESTDIR= TRIPLET= T=name (of one test) J=jobs
O ?= build
CC := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
PYTHON ?= /usr/bin/python3
GO ?= go
MUSLCC ?= musl-gcc
PREFIX ?= /usr/local
DESTDIR ?=
J ?= $(shell nproc 2>/dev/null || echo 2)
T ?=

# Asked when it is needed, once: the first `make check` of a machine installs the compiler itself.
once = $(eval $(1) := $(2))$($(1))
# Where ld.so's $LIB leads on this kind of machine: the shim lies in lib/TRIPLET beside the launcher's bin.
TRIPLET ?= $(call once,TRIPLET,$(or $(shell $(CC) -print-multiarch 2>/dev/null),$(shell uname -m)-linux-gnu))
TRIPLET32 ?= i386-linux-gnu
# The shim for 32-bit programs, where the compiler can make one.
have32 = $(call once,have32,$(shell echo '\#include <stdio.h>' | $(CC) -m32 -x c -E - >/dev/null 2>&1 && \
	echo 'int main(void) { return 0; }' | $(CC) -m32 -x c -o /dev/null - 2>/dev/null && echo yes))

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wundef \
	-Wpointer-arith -Wwrite-strings -Wvla -Wno-unused-parameter -Werror
OPT := $(if $(DEBUG),-O0,-O2) -g
BASE := -std=c11 -D_GNU_SOURCE -I. $(WARN) $(OPT) -MMD -MP
HARDEN := $(if $(DEBUG)$(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
# Code that lives in other people's processes: no libc beneath it, no SSE, nothing exported by accident.
FREESTANDING := -ffreestanding -fno-builtin -fno-stack-protector -mgeneral-regs-only \
	$(call once,NOLOOPS,$(shell $(CC) -Werror -fno-tree-loop-distribute-patterns -x c -E /dev/null >/dev/null 2>&1 && \
	echo -fno-tree-loop-distribute-patterns))
SHIMFLAGS := -fPIC -fvisibility=hidden -fno-stack-protector -U_FORTIFY_SOURCE -fasynchronous-unwind-tables \
	-ftls-model=initial-exec -DSNR_RAWCALL_BY_GATE

SHARED := $(wildcard shared/*.c)
LAUNCHER := $(filter-out launcher/main.c,$(wildcard launcher/*.c))
TRACER := $(wildcard tracer/*.c tracer/arch/*.c)
PRELOAD := $(wildcard preload/*.c)
UNIT := $(wildcard tests/unit/test_*.c)
FUZZ := $(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c))
PROGRAMS := $(wildcard tests/programs/*.c)
GOPROGRAMS := $(wildcard tests/programs/*.go)
INTEGRATION := $(wildcard tests/integration/*.sh tests/integration/*.py)
BENCH := $(wildcard tests/bench/*.c)
MAN := $(wildcard docs/man/*.[1-8])

host_o := $(patsubst %.c,$(O)/host/%.o,$(SHARED) $(LAUNCHER) $(TRACER))
shim_o := $(patsubst %.c,$(O)/shim/%.o,$(SHARED) $(PRELOAD)) $(O)/shim/gen/wrappers.o
shim32_o := $(patsubst $(O)/shim/%,$(O)/shim32/%,$(shim_o))
# The companion of the shim in LD_AUDIT: no libc at all, so only what the shim has of that kind.
audit_o := $(patsubst %.c,$(O)/shim/%.o,$(SHARED) $(wildcard preload/audit/*.c) \
	$(addprefix preload/,gate_entry.c host.c image.c logging.c memory.c pool.c reach.c record.c))
audit32_o := $(patsubst $(O)/shim/%,$(O)/shim32/%,$(audit_o))
unit_bin := $(patsubst tests/unit/%.c,$(O)/unit/%,$(UNIT)) $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(FUZZ))
fuzzers := $(patsubst tests/fuzz/%.c,$(O)/fuzzer/%,$(FUZZ))
bench_bin := $(patsubst tests/bench/%.c,$(O)/bench/%,$(BENCH)) $(O)/bench/calls-static $(O)/bench/walk-go
# libyaml reads snap.yaml. It goes into the launcher: in a classic snap that runs with whatever libraries the machine
# has. A distribution says YAML=-lyaml.
YAML ?= -l:libyaml.a
LIBS := $(YAML)

launcher := $(O)/bin/snapredir
# The same without any shared library: what a snap ships, since a classic one runs with those of the machine it comes to.
launcher_static := $(O)/static/snapredir
shim = $(O)/lib/$(TRIPLET)/libsnapredir.so
shim32 = $(O)/lib/$(TRIPLET32)/libsnapredir.so
audit = $(patsubst %.so,%-audit.so,$(shim))
audit32 = $(patsubst %.so,%-audit.so,$(shim32))
shims = $(shim) $(audit) $(if $(have32),$(shim32) $(audit32))

# Each test program in every form that this machine can build: NAME, NAME-static, NAME-32, NAME-32-static for the
# operations, and NAME-musl for those that need no kernel headers (musl-gcc has none). What is the shim's alone has no
# static form.
MUSLPROGRAMS = $(filter paths trace-%,$(call stem,$(PROGRAMS)))
stem = $(basename $(notdir $(1)))
havemusl = $(call once,havemusl,$(shell command -v $(MUSLCC) 2>/dev/null))
havego = $(call once,havego,$(shell command -v $(GO) 2>/dev/null))
programs = $(foreach p,$(call stem,$(PROGRAMS)),$(O)/programs/$(p) \
	$(if $(filter preload-%,$(p)),,$(O)/programs/$(p)-static) \
	$(if $(have32),$(O)/programs/$(p)-32)) \
	$(if $(have32),$(patsubst %,$(O)/programs/%-32-static,$(filter ops-%,$(call stem,$(PROGRAMS))))) \
	$(if $(havemusl),$(patsubst %,$(O)/programs/%-musl,$(MUSLPROGRAMS))) \
	$(if $(havego),$(patsubst %,$(O)/programs/%-go,$(call stem,$(GOPROGRAMS))))
acme = $(addprefix $(O)/acme/,acme acme-index acme-report acme-agent $(if $(havego),acme-sync)) $(launcher_static)

# A recipe that has just installed a compiler goes on in a new make, which then sees it; with all processors
# unless told otherwise.
again = +@$(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(J))

# What is being made, or with V=1 the whole command.
Q := $(if $(filter-out 0,$(V)),,@)
made = @mkdir -p $(@D)$(if $(Q),; printf '  %s %s\n' $(1) $(patsubst $(O)/%,%,$@))

.PHONY: all check check-now unit integration bench bench-now sanitize strict soak fuzz fuzz-now lint package-check acme demo demo-now install clean setup format programs help
.DELETE_ON_ERROR:
.SECONDEXPANSION:
all: $(launcher) $$(shims)

help:
	@echo 'make demo     the main job on a small vendor application, under each engine'
	@echo 'make check    all tests; unit, integration: one kind; T=NAME: the tests with NAME in their name'
	@echo 'make all      build/bin/snapredir and its shims; install: to PREFIX=$(PREFIX)'
	@echo 'make fuzz     each fuzz target for F=60 seconds, with clang; T=NAME: that one'
	@echo 'make bench    a table of costs, in N=5 rounds; T=NAME: workloads with NAME in their name'
	@echo 'make strict   tests of engine preload beneath the filter of a strict snap'
	@echo 'make soak     all tests without end, under more load; lint: style and dependencies'
	@echo 'make package-check  the Debian package builds, installs and works; completions of shells'
	@echo 'make sanitize tests of launcher and tracer, built with ASan and UBSan'
	@echo 'make setup    install the Debian packages that are missing (check and demo do this themselves)'

# A change of switches, or a file that came or went, rebuilds what it touches.
flags_now = $(CC) $(CPPFLAGS) $(BASE) $(FREESTANDING) $(SHIMFLAGS) $(OPT) $(SANFLAGS) $(CFLAGS) $(LDFLAGS) $(TRIPLET)
keep = @mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
$(O)/flags: force
	$(call keep,$(flags_now))
$(O)/objects: force
	$(call keep,$(patsubst $(O)/%,%,$(sort $(host_o) $(shim_o))))
.PHONY: force
force:

$(launcher): $(O)/host/launcher/main.o $(host_o) $(O)/objects
	$(call made,LD)
	$(Q)$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

$(launcher_static): $(O)/host/launcher/main.o $(host_o) $(O)/objects
	$(call made,LD)
	$(Q)$(CC) $(SANFLAGS) $(LDFLAGS) $(if $(SAN),,-static) -o $@ $(filter %.o,$^) $(LIBS)

$(O)/host/shared/%.o: shared/%.c $(O)/flags
	$(call made,CC)
	$(Q)$(CC) $(CPPFLAGS) $(BASE) $(SANFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/host/%.o: %.c $(O)/flags
	$(call made,CC)
	$(Q)$(CC) $(CPPFLAGS) $(BASE) $(HARDEN) $(SANFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/host/launcher/learn_report.o: launcher/report.html

# The table -> wrappers and version map. The shim is never built with sanitizers: it must load into programs
# that have none.
$(O)/gen/wrappers.c: preload/genwrap.py shared/pathops.def
	$(call made,GEN)
	$(Q)$(PYTHON) preload/genwrap.py wrappers shared/pathops.def >$@

$(O)/gen/%.map: preload/genwrap.py shared/pathops.def
	$(call made,GEN)
	$(Q)$(PYTHON) preload/genwrap.py $* shared/pathops.def >$@

define shim_rules
$(O)/$(1)/shared/%.o: shared/%.c $(O)/flags
	$$(call made,CC)
	$$(Q)$$(CC) $(2) $$(CPPFLAGS) $$(BASE) $$(FREESTANDING) $$(SHIMFLAGS) $$(CFLAGS) -c -o $$@ $$<
$(O)/$(1)/preload/%.o: preload/%.c $(O)/flags
	$$(call made,CC)
	$$(Q)$$(CC) $(2) $$(CPPFLAGS) $$(BASE) $$(SHIMFLAGS) $$(CFLAGS) -c -o $$@ $$<
$(O)/$(1)/gen/wrappers.o: $(O)/gen/wrappers.c $(O)/flags
	$$(call made,CC)
	$$(Q)$$(CC) $(2) $$(CPPFLAGS) $$(BASE) $$(SHIMFLAGS) $$(CFLAGS) -c -o $$@ $$<
endef
$(eval $(call shim_rules,shim,))
$(eval $(call shim_rules,shim32,-m32))

# Every program pays for the shim's segments: two mappings less with the constants beside the code.
SHIMLINK = -shared -Wl,-soname,libsnapredir.so -Wl,--version-script=$(filter %.map,$^) -Wl,-z,now -Wl,-z,relro \
	-Wl,-z,noseparate-code \
	-Wl,--no-undefined -Wl,--hash-style=both -Wl,-Bsymbolic-functions
$(shim): $(shim_o) $(O)/gen/map64.map $(O)/objects
	$(call made,LD)
	$(Q)$(CC) $(SHIMLINK) $(LDFLAGS) -o $@ $(shim_o)
$(shim32): $(shim32_o) $(O)/gen/map32.map $(O)/objects
	$(call made,LD)
	$(Q)$(CC) -m32 $(SHIMLINK) $(LDFLAGS) -o $@ $(shim32_o)

AUDITLINK = -shared -nostdlib -Wl,-soname,libsnapredir-audit.so -Wl,-z,now -Wl,-z,relro -Wl,--no-undefined \
	-Wl,--hash-style=both -Wl,-Bsymbolic
$(audit): $(audit_o) $(O)/objects
	$(call made,LD)
	$(Q)$(CC) $(AUDITLINK) $(LDFLAGS) -o $@ $(audit_o) -lgcc
$(audit32): $(audit32_o) $(O)/objects
	$(call made,LD)
	$(Q)$(CC) -m32 $(AUDITLINK) $(LDFLAGS) -o $@ $(audit32_o) -lgcc

$(O)/unit/%: tests/unit/%.c $(host_o) $(O)/objects
	$(call made,CC)
	$(Q)$(CC) $(CPPFLAGS) $(BASE) -MF $@.d -MT $@ $(SANFLAGS) $(CFLAGS) -o $@ $< $(host_o) $(LIBS) -lcmocka -lseccomp

# Fuzz targets: with the corpus replayed for `make check`, with libFuzzer for `make fuzz`.
$(O)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(host_o) $(O)/objects
	$(call made,CC)
	$(Q)$(CC) $(CPPFLAGS) $(BASE) -MF $@.d -MT $@ $(SANFLAGS) $(CFLAGS) -o $@ $< tests/fuzz/replay.c $(host_o) $(LIBS) -lcmocka
$(O)/fuzzer/%: tests/fuzz/%.c $(host_o) $(O)/objects
	$(call made,CC)
	$(Q)$(CC) $(CPPFLAGS) $(BASE) -MF $@.d -MT $@ $(SANFLAGS) -fsanitize=fuzzer $(CFLAGS) -o $@ $< $(host_o) $(LIBS) -lcmocka

$(O)/agree/explain: tests/agree/explain.c $(host_o) $(O)/objects
	$(call made,CC)
	$(Q)$(CC) $(CPPFLAGS) $(BASE) -MF $@.d -MT $@ $(SANFLAGS) $(CFLAGS) -o $@ $< $(host_o) $(LIBS)

$(O)/bench/lookup: tests/bench/lookup.c $(host_o) $(O)/objects
	$(call made,CC)
	$(Q)$(CC) $(CPPFLAGS) $(BASE) -MF $@.d -MT $@ $(CFLAGS) -o $@ $< $(host_o) $(LIBS)
$(O)/bench/%-go: tests/bench/%.go
	$(call made,GO)
	$(Q)$(GOBUILD) -o $@ $<
$(O)/bench/%-static: tests/bench/%.c $(O)/flags
	$(call made,CC)
	$(Q)$(CC) $(PROGRAMFLAGS) -static -o $@ $<
$(O)/bench/%: tests/bench/%.c $(O)/flags
	$(call made,CC)
	$(Q)$(CC) $(PROGRAMFLAGS) -o $@ $<

# --- programs that the tests and the demo run ---------------------------------------------------------------
PROGRAMFLAGS = -std=c11 -D_GNU_SOURCE -I. $(WARN) -O2 -g -pthread -MMD -MP -MF $@.d -MT $@
GOBUILD = CGO_ENABLED=0 GO111MODULE=off GOPROXY=off GOTOOLCHAIN=local GOFLAGS= GOCACHE=$(abspath $(O))/gocache \
	GOPATH=$(abspath $(O))/gopath $(GO) build -trimpath

programs: $$(programs) $$(acme)
$(O)/programs/%-32-static: tests/programs/%.c $(O)/flags
	$(call made,CC)
	$(Q)$(CC) -m32 $(PROGRAMFLAGS) -static -o $@ $<
$(O)/programs/%-static: tests/programs/%.c $(O)/flags
	$(call made,CC)
	$(Q)$(CC) $(PROGRAMFLAGS) -static -o $@ $<
$(O)/programs/%-musl: tests/programs/%.c $(O)/flags
	$(call made,CC)
	$(Q)$(MUSLCC) $(PROGRAMFLAGS) -static -o $@ $<
$(O)/programs/%-32: tests/programs/%.c $(O)/flags
	$(call made,CC)
	$(Q)$(CC) -m32 $(PROGRAMFLAGS) -o $@ $<
$(O)/programs/%-go: tests/programs/%.go
	$(call made,GO)
	$(Q)$(GOBUILD) -o $@ $<
$(O)/programs/%: tests/programs/%.c $(O)/flags
	$(call made,CC)
	$(Q)$(CC) $(PROGRAMFLAGS) -o $@ $<

$(O)/acme/acme: snap/demo/acme.c $(O)/flags
	$(call made,CC)
	$(Q)$(CC) $(PROGRAMFLAGS) -o $@ $<
$(O)/acme/acme-index: snap/demo/acme-index.c $(O)/flags
	$(call made,CC)
	$(Q)$(CC) $(PROGRAMFLAGS) -static -o $@ $<
$(O)/acme/acme-sync: snap/demo/acme-sync.go
	$(call made,GO)
	$(Q)$(GOBUILD) -o $@ $<
$(O)/acme/acme-report $(O)/acme/acme-agent: $(O)/acme/%: snap/demo/%
	$(call made,CP)
	$(Q)install -m 755 $< $@

# --- targets for people ---------------------------------------------------------------------------------------
setup:
	@tests/setup.sh build demo check

check: setup
	$(again) check-now
check-now: export SNAPREDIR_BUILD := $(abspath $(O))
check-now: all $(unit_bin) $$(programs) $$(acme) $(O)/agree/explain
	@CC='$(CC)' tests/run -j $(J) $(if $(T),-t '$(T)') $(unit_bin) $(INTEGRATION)

unit: $(unit_bin)
	@tests/run -j $(J) $(if $(T),-t '$(T)') $(unit_bin)

integration: export SNAPREDIR_BUILD := $(abspath $(O))
integration: all $$(programs) $$(acme) $(O)/agree/explain
	@CC='$(CC)' tests/run -j $(J) $(if $(T),-t '$(T)') $(INTEGRATION)

acme: $$(acme)

demo: setup
	$(again) demo-now
demo-now: all $$(acme)
	@snap/demo/run $(abspath $(O))

# $(O)/bench.tsv, from which tests/bench/report makes the table and the picture of docs/performance.md.
N ?= 5
bench:
	@tests/setup.sh build bench
	$(again) bench-now
bench-now: export SNAPREDIR_BUILD := $(abspath $(O))
bench-now: all $(bench_bin)
	@tests/bench/run -n $(N) $(if $(T),-t '$(T)')

# Launcher and tracer under sanitizers, with the tests that are theirs. A finding ends the tracer, and so its programs.
# Not those of load.
SANITIZED = $(wildcard tests/integration/trace-*.sh tests/integration/process-*.sh) \
	$(addprefix tests/integration/,fault.sh native.sh tmpfs.sh)
sanitize: $$(programs)
	$(MAKE) --no-print-directory O=$(O)/san SAN=address,undefined all
	@ln -sfn ../programs $(O)/san/programs
	@SNAPREDIR_BUILD=$(abspath $(O))/san ASAN_OPTIONS=detect_leaks=0:disable_coredump=0 tests/run -j $(J) $(if $(T),-t '$(T)') \
		$(filter-out %-load.sh,$(SANITIZED))

# The tests of engine preload beneath the seccomp filter of a strict snap, as the installed snapd compiles it: reference
# and program alike. Without those of what the shim does not serve.
STRICT = $(filter-out %ops-int80.sh %preload-symbols.sh, $(wildcard tests/integration/ops-*.sh \
	tests/integration/preload-*.sh tests/integration/real-*.sh) \
	$(patsubst %,tests/integration/%.sh,catalogs layouts libraries loader spawn-actions))
strict: export SNAPREDIR_BUILD := $(abspath $(O))
strict: all $$(programs) $$(acme)
	@tests/snap/strict-filter.py $(O)/strict.bin
	@SNAPREDIR_BENEATH=$(abspath $(O))/strict.bin tests/run -j $(J) $(if $(T),-t '$(T)') $(STRICT)

soak: export SNAPREDIR_BUILD := $(abspath $(O))
soak: export SNAPREDIR_SOAK := 1
soak: export SNAPREDIR_TEST_SECONDS := 3600
soak: all $(unit_bin) $$(programs) $$(acme) $(O)/agree/explain
	@CC='$(CC)' tests/run -j $(J) --forever $(if $(T),-t '$(T)') $(unit_bin) $(INTEGRATION)

# Each target for F seconds, one after the other; what it finds worth keeping goes to $(O)/fuzzing/corpus.
F ?= 60
fuzz:
	@$(MAKE) --no-print-directory O=$(O)/fuzzing CC=clang SAN=fuzzer-no-link,address,undefined fuzz-now
fuzz-now: $(fuzzers)
	@for target in $(filter $(O)/fuzzer/$(T)%,$(fuzzers)); do \
		mkdir -p $(O)/corpus/$${target##*/} && \
		$$target -max_total_time=$(F) -max_len=4096 -artifact_prefix=$(O)/$${target##*/}- \
			$(O)/corpus/$${target##*/} tests/fuzz/corpus/$${target##*/} || exit 1; \
	done

# The Debian package and the completions, beneath real tools.
package-check: export SNAPREDIR_BUILD := $(abspath $(O))
package-check: all $$(completions)
	@tests/run $(wildcard tests/package/*.sh)

lint:
	@tests/lint

format:
	clang-format -i $(wildcard */*.[ch] */arch/*.[ch] tests/*/*.[ch] snap/demo/*.c)

# Completions, from the table of options.
completions := $(addprefix $(O)/completions/snapredir.,bash zsh fish)
$(completions): launcher/gencomplete.py launcher/options.def
	$(call made,GEN)
	$(Q)$(PYTHON) launcher/gencomplete.py $(subst .,,$(suffix $@)) launcher/options.def >$@

# STATIC=1: the launcher for a snap
install: all $(completions) $(if $(STATIC),$(launcher_static))
	install -D -m 755 $(if $(STATIC),$(launcher_static),$(launcher)) $(DESTDIR)$(PREFIX)/bin/snapredir
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/$(TRIPLET) $(shim) $(audit)
	$(if $(have32),install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/$(TRIPLET32) $(shim32) $(audit32))
	$(foreach m,$(MAN),install -D -m 644 $(m) $(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m)) &&) true
	install -D -m 644 $(O)/completions/snapredir.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/snapredir
	install -D -m 644 $(O)/completions/snapredir.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_snapredir
	install -D -m 644 $(O)/completions/snapredir.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/snapredir.fish

-include $(shell find $(O) -name '*.d' 2>/dev/null)

clean:
	rm -rf $(O)
