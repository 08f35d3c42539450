# SPDX-License-Identifier: Apache-2.0
# Front doors; Meson does the work (meson.build), tools/ the rest.
PREFIX ?= /usr/local
DESTDIR ?=

all: ## build firn: build/firn
	@tools/setup --check --for build
	@tools/build build -Dtests=false
	@[ ! -e build/firn ] || echo "build/firn is up to date; try: build/firn help"

check: ## style and unit tests, in less than a minute
	@./test --quick

asan: ## unit tests under AddressSanitizer and UBSan
	@./test unit-asan

test: ## every test
	@./test

fmt: ## lay out the C sources with clang-format
	@tools/checkstyle.py --list-c | xargs -r clang-format -i

lint: ## style, gcc's and clang's static analysis
	@tools/lint

bench: all ## the benchmark of docs/PERFORMANCE.md
	@[ -x bench/run ] || { echo "there is no bench/run in this checkout"; exit 1; }
	@bench/run

docs: all ## docs/CONFIGURATION.md and the reference of the C library, from the sources
	@tools/docs

dist: ## a tarball that runs on a bare Debian 12: dist/
	@tools/setup --check --for build
	@tools/dist

install: ## into DESTDIR/PREFIX (PREFIX=/usr/local)
	@tools/install "$(PREFIX)" "$(DESTDIR)"

clean: ## remove everything that was built (not the cache of downloads)
	@rm -rf build build-test build-ci build-lint build-dist dist

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

.PHONY: all check asan test fmt lint bench docs dist install clean help
