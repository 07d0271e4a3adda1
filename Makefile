# For people: `make`, `make demo`, `make test`. Each sets the machine up by itself (tools/setup).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := all
.NOTPARALLEL:
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
CASES ?= 1000000
SECONDS ?= 300

# $(call build,PRESET): configured with the OpenSSL that tools/setup names; when it names none, make stops.
build = @mkdir -p build; openssl=$$(tools/setup --print-openssl); \
	cmake --preset $(1) -DWATTLE_OPENSSL="$$openssl" $(2) >build/$(1).configure.log || { cat build/$(1).configure.log; exit 1; }; \
	cmake --build --preset $(1) -j $(JOBS) $(3)
# The same with OpenSSL's test vectors at hand.
build_tests = @vectors=$$(tools/setup --print-vectors); $(call build_with,$(1))
build_with = $(patsubst @%,%,$(call build,$(1),-DWATTLE_OPENSSL_VECTORS="$$vectors"))
# One more than there are processors: many tests wait.
check = ctest --test-dir build/$(1) --output-on-failure -j $$(($(JOBS) + 1)) $(TESTS)

.PHONY: all setup setup-build setup-demo release release-clang debug asan tsan cov fuzz demo bench test test-all test-release \
	test-asan differential lint format prove soak interop install clean help

all: ## the release build: build/release/bin/wattle
all: setup-build
	$(call build,release,,--target product)

setup-build:
	@tools/setup --build
setup-demo:
	@tools/setup --demo
setup: ## packages and OpenSSL, as every other target does by itself
	@tools/setup

release debug asan tsan release-clang: setup
	$(call build_tests,$@)

demo: ## the main job on a real model
demo: setup-demo all
	@tools/demo

bench: ## what it costs, beside its peers
bench: setup-demo all
	@tools/bench

test: ## release and sanitizer builds, all tests, lint
test: test-release test-asan lint

test-release: release
	$(call check,release)
# Other makers' programs and the soak are long to wait for, and the rest of tests/daemon does the same to the proxy's memory.
test-asan: asan
	$(call check,asan) -E '^(interop/(tls_|prometheus|bench_)|daemon/soak)'

test-all: ## test, and the builds debug, clang and thread sanitizer
test-all: test debug release-clang tsan
	$(call check,debug)
	$(call check,release-clang)
	$(call check,tsan)

differential: ## CASES=1000000 random cases of each algorithm (ML-DSA a tenth), Wattle's provider against OpenSSL's
differential: release
	@WATTLE_CASES=$(CASES) build/release/tests/unit_provider_differential

lint: ## clang-tidy 19 over src
lint: release
	@tools/lint

format: ## clang-format 19 over all C files, in place
format: setup
	@tools/check-format.sh --fix

fuzz: ## every fuzz target for FUZZ_SECONDS=60; the corpus grows in build/fuzz/corpus
fuzz: setup
	$(call build,fuzz,--log-level=NOTICE)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) JOBS=$(JOBS) tools/fuzz

interop: ## the programs of other makers with Wattle's proxy: docs/interop.md
interop: release
	@tools/interop docs/interop.md

soak: ## the proxy under traffic of all kinds for SECONDS=300: does it grow?
soak: release
	@tools/soak $(SECONDS)

prove: ## the proofs of tests/proof by CBMC, for all inputs
prove: setup
	@JOBS=$(JOBS) tools/prove

cov: ## line coverage of all tests: a table, and pages in build/cov/html
cov: setup
	$(call build_tests,cov)
	@JOBS=$(JOBS) tools/cov

# What was built is installed as it is, so that `make` as yourself and `sudo make install` share one OpenSSL.
install: ## PREFIX=/usr/local DESTDIR=
install:
	@[ -e build/release/bin/wattle ] && [ -e build/release/lib/libwattle.so ] || $(MAKE) all
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"

clean: ## removes build/; the OpenSSL in the cache stays
	@rm -rf build

help: ## this list
	@sed -nE 's/^([a-z-]+): ## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12
