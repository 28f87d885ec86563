# SPDX-License-Identifier: GPL-2.0-or-later
# Bulkhead, on one page. Every target delegates to the room that knows how.

TOP := $(CURDIR)
export OUT ?= $(TOP)/out
export PROFILE ?= quick
MACHINE := hv-compare/machine
COMPARE := hv-compare/compare
prefix ?= /usr/local
# Every room with something to build has a Makefile whose first target builds it.
ROOMS := $(patsubst %/Makefile,%,$(wildcard $(addsuffix /Makefile, userland \
	benchmarks/* $(COMPARE)/* hv-compare/keel tests/* tests/selftests/*)))

.DEFAULT_GOAL := help
.PHONY: help deps kernel kernel-debug image keel userland bench programs compare \
	report check check-fast check-series patches deb install clean distclean $(ROOMS)

help:
	@echo 'Bulkhead: many isolated Linux systems on one kernel, and what that costs'
	@echo
	@echo '  make compare      build everything, measure every side, print the table,'
	@echo '                    write out/report/index.html (PROFILE=quick|standard|full)'
	@echo '  make check        build everything, run all tests'
	@echo '  make check-fast   the tests that take seconds, and one boot'
	@echo '  make check-series every kernel patch builds and boots by itself (an hour)'
	@echo
	@echo '  make deps         install what the build needs (root), or say what is missing'
	@echo '  make kernel       the native and the patched kernel'
	@echo '  make image        the root disk of the test machine, from Debian packages'
	@echo '  make tools        fio, dbench, iperf3 and PostgreSQL from Debian packages, for rows'
	@echo '                    of the profiles standard and full'
	@echo '  make keel         the hypervisor, out/keel/keel (multiboot) and keel.gz'
	@echo '  make userland     vctx and libvctx;  make install prefix=$(prefix)'
	@echo '  make deb          Debian packages of vctx, libvctx and the patched kernel, in'
	@echo '                    out/deb (KERNEL_CONFIG=amd64|cloud-amd64|machine|FILE)'
	@echo '  make bench        the benchmark programs'
	@echo '  make report       the table and the page again, from the last records'
	@echo '  make patches      one "git am"-able patch series in out/patches/'
	@echo '  make clean        remove what was built, keep kernels, packages and results'
	@echo '  make distclean    remove out/ altogether'

deps:
	@$(MACHINE)/deps

kernel: deps
	@$(MACHINE)/kernel native patched

kernel-debug: deps
	@$(MACHINE)/kernel native patched debug

image: deps
	@$(MACHINE)/image
	@$(MACHINE)/xen >/dev/null

# Packages for real work: more than the quick profile has time for.
tools: deps
	@$(MACHINE)/tools

$(ROOMS): deps
	@$(MAKE) --no-print-directory -C $@

keel: hv-compare/keel

bench: $(filter benchmarks/%,$(ROOMS))
programs: $(ROOMS)

compare: kernel image programs $(if $(filter-out quick,$(PROFILE)),tools)
	@$(COMPARE)/compare run
	@$(COMPARE)/compare run --experiment macro --smp 1
	@[ "$${PROFILE:-quick}" = quick ] || $(COMPARE)/compare run --experiment macro-net --smp 1
	@$(COMPARE)/compare run --experiment web --smp 1
	@$(COMPARE)/compare run --experiment web-net --smp 1
	@$(COMPARE)/compare run --experiment share --smp 1
	@# On two CPUs nothing can be counted, whatever the other runs do.
	@ACCEL=$${ACCEL%icount*} $(COMPARE)/compare run --experiment share --smp 2
	@ACCEL=$${ACCEL%icount*} $(COMPARE)/compare run --experiment share-disk --smp 2
	@$(COMPARE)/compare run --experiment scale --smp 1
	@$(COMPARE)/compare run --experiment isolate --smp 1
	@# Five minutes in real time: more than the quick profile has.
	@[ "$${PROFILE:-quick}" = quick ] || \
		ACCEL=$${ACCEL%icount*} $(COMPARE)/compare run --experiment isolate-disk --smp 2
	@$(COMPARE)/compare report

report: $(filter $(COMPARE)/%,$(ROOMS))
	@$(COMPARE)/compare report

check: kernel-debug image programs
	@tests/run

check-fast: kernel image programs
	@tests/run --fast

check-series: kernel image
	@sh tests/patches/series.sh

patches: deps
	@kernel-patches/export 6.12 "$(OUT)/patches"

deb: deps
	@userland/deb
	@$(MACHINE)/kernel-deb $(if $(KERNEL_CONFIG),--config "$(KERNEL_CONFIG)")

install: userland
	@$(MAKE) --no-print-directory -C userland install prefix=$(prefix) DESTDIR=$(DESTDIR)

clean:
	rm -rf "$(OUT)/bench" "$(OUT)/userland" "$(OUT)/tests" "$(OUT)/compare" \
		"$(OUT)/keel" "$(OUT)/machine" "$(OUT)/patches" "$(OUT)/series" "$(OUT)/deb"

distclean:
	rm -rf "$(OUT)"
