# SPDX-License-Identifier: MIT
# The only makefile. Targets: all check unit integration bench soak lint demo install clean setup.
# Switches: O=dir (build directory) SAN=address,undefined DEBUG=1 CC=clang PREFIX= DESTDIR= TRIPLET=
O ?= build
CC ?= gcc
PYTHON ?= /usr/bin/python3
PREFIX ?= /usr/local
DESTDIR ?=
# Where ld.so's $LIB leads on this kind of machine: the shim lies in lib/TRIPLET beside the launcher's bin.
TRIPLET ?= $(shell $(CC) -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)
TRIPLET32 ?= i386-linux-gnu

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wundef \
	-Wpointer-arith -Wwrite-strings -Wvla -Wno-unused-parameter -Werror
OPT := $(if $(DEBUG),-O0,-O2) -g
BASE := -std=c11 -D_GNU_SOURCE -I. $(WARN) $(OPT) -MMD -MP
HARDEN := $(if $(DEBUG)$(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
# Code that lives in other people's processes: no libc beneath it, no SSE, nothing exported by accident.
FREESTANDING := -ffreestanding -fno-builtin -fno-stack-protector -mgeneral-regs-only -fno-tree-loop-distribute-patterns
SHIMFLAGS := -fPIC -fvisibility=hidden -fno-stack-protector -U_FORTIFY_SOURCE -fno-asynchronous-unwind-tables \
	-ftls-model=initial-exec

SHARED := $(wildcard shared/*.c)
LAUNCHER := $(filter-out launcher/main.c,$(wildcard launcher/*.c))
TRACER := $(wildcard tracer/*.c tracer/arch/*.c)
PRELOAD := $(wildcard preload/*.c)
UNIT := $(wildcard tests/unit/test_*.c)

host_o := $(patsubst %.c,$(O)/host/%.o,$(SHARED) $(LAUNCHER) $(TRACER))
shim_o := $(patsubst %.c,$(O)/shim/%.o,$(SHARED) $(PRELOAD)) $(O)/shim/gen/wrappers.o
shim32_o := $(patsubst $(O)/shim/%,$(O)/shim32/%,$(shim_o))
unit_bin := $(patsubst tests/unit/%.c,$(O)/unit/%,$(UNIT))
LIBS := -lseccomp -lcap

launcher := $(O)/bin/snapredir
shim := $(O)/lib/$(TRIPLET)/libsnapredir.so
shim32 := $(O)/lib/$(TRIPLET32)/libsnapredir.so

.PHONY: all check unit integration bench soak lint demo install clean setup format
.DELETE_ON_ERROR:
all: $(launcher) $(shim)

# A change of switches rebuilds what they touch.
$(O)/flags: force
	@mkdir -p $(O); echo '$(CC) $(OPT) $(SANFLAGS) $(TRIPLET)' | cmp -s - $@ || echo '$(CC) $(OPT) $(SANFLAGS) $(TRIPLET)' >$@
.PHONY: force
force:

$(launcher): $(O)/host/launcher/main.o $(host_o)
	@mkdir -p $(@D)
	$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(O)/host/shared/%.o: shared/%.c $(O)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(BASE) $(SANFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/host/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(BASE) $(HARDEN) $(SANFLAGS) $(CFLAGS) -c -o $@ $<

# The shim is never built with sanitizers: it must load into programs that have none.
$(O)/gen/wrappers.c: preload/genwrap.py shared/pathops.def
	@mkdir -p $(@D)
	$(PYTHON) preload/genwrap.py wrappers shared/pathops.def >$@

$(O)/gen/shim.map: preload/genwrap.py shared/pathops.def
	@mkdir -p $(@D)
	$(PYTHON) preload/genwrap.py map shared/pathops.def >$@

define shim_rules
$(O)/$(1)/shared/%.o: shared/%.c $(O)/flags
	@mkdir -p $$(@D)
	$(CC) $(2) $(BASE) $(FREESTANDING) $(SHIMFLAGS) $(CFLAGS) -c -o $$@ $$<
$(O)/$(1)/preload/%.o: preload/%.c $(O)/flags
	@mkdir -p $$(@D)
	$(CC) $(2) $(BASE) $(SHIMFLAGS) $(CFLAGS) -c -o $$@ $$<
$(O)/$(1)/gen/wrappers.o: $(O)/gen/wrappers.c $(O)/flags
	@mkdir -p $$(@D)
	$(CC) $(2) $(BASE) $(SHIMFLAGS) $(CFLAGS) -c -o $$@ $$<
endef
$(eval $(call shim_rules,shim,))
$(eval $(call shim_rules,shim32,-m32))

SHIMLINK = -shared -Wl,-soname,libsnapredir.so -Wl,--version-script=$(O)/gen/shim.map -Wl,-z,now -Wl,-z,relro \
	-Wl,--no-undefined -Wl,--hash-style=both
$(shim): $(shim_o) $(O)/gen/shim.map
	@mkdir -p $(@D)
	$(CC) $(SHIMLINK) $(LDFLAGS) -o $@ $(shim_o) -ldl
$(shim32): $(shim32_o) $(O)/gen/shim.map
	@mkdir -p $(@D)
	$(CC) -m32 $(SHIMLINK) $(LDFLAGS) -o $@ $(shim32_o) -ldl

$(O)/unit/%: tests/unit/%.c $(host_o)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(BASE) $(SANFLAGS) $(CFLAGS) -o $@ $< $(host_o) $(LIBS) -lcmocka

unit: $(unit_bin)
integration check: export SNAPREDIR_BUILD := $(abspath $(O))

-include $(shell find $(O) -name '*.d' 2>/dev/null)

clean:
	rm -rf $(O)
