# SPDX-License-Identifier: GPL-2.0-or-later
# Included by a room that has: PROGRAM, of OWN sources and of LIB ones from ../lib.
# Builds $(OUT)/bench/bin/PROGRAM: static, stripped, the same bytes each time.

OUT ?= $(abspath $(CURDIR)/../../out)
export OUT

FLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror -fno-pie
LINK := -static -no-pie -s
OBJDIR := $(OUT)/bench/obj/$(notdir $(CURDIR))
BIN := $(OUT)/bench/bin/$(PROGRAM)
UAPI := ../../kernel-patches/files/include/uapi

OBJS := $(LIB:%=$(OBJDIR)/lib-%.o) $(OWN:%=$(OBJDIR)/%.o)

# Our header in front of the system's; no path of this machine in the binary.
CFLAGS_ALL := $(FLAGS) -I$(UAPI) -ffile-prefix-map=$(abspath $(CURDIR)/..)=. \
	-DBENCH_CFLAGS='"$(FLAGS) $(LINK)"' -MMD -MP

all: $(BIN)

$(BIN): $(OBJS)
	@mkdir -p $(@D)
	$(CC) $(LINK) -o $@.tmp $(OBJS) -ljansson
	mv $@.tmp $@

$(OBJDIR)/lib-%.o: ../lib/%.c Makefile ../program.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(OBJDIR)/%.o: %.c Makefile ../program.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -c -o $@ $<

clean:
	rm -rf $(OBJDIR) $(BIN)

-include $(OBJS:.o=.d)

.PHONY: all clean
