# What a person types. CMake does the work: see CMakePresets.json and HACKING.md.

SHELL := /bin/bash
JOBS ?= $(shell nproc)
# Tests mostly wait: more of them at once than there are cores; those of the programs file by file, each by one process.
TEST_JOBS ?= 3

.PHONY: all deps build programs test test-long demo demo-down bench fuzz format check clean

all: build

deps: ; @tools/install-deps

build: deps
	@test -f build/release/build.ninja || cmake --preset release
	@cmake --build --preset release -- -j$(JOBS)

# Without tests and benchmarks.
programs: deps
	@test -f build/release/build.ninja || cmake --preset release
	@cmake --build --preset release --target fumidai fumidai-agent fumidai-agent-session fumidai-authorized-keys fumidai-instance-init -- -j$(JOBS)

check: ; @tools/check

# At most 15 minutes on two cores: unit tests, then the programs with the real AWS tools.
test: build
	@ctest --preset release -j$(TEST_JOBS)
	@/usr/bin/python3 -m pytest -n $(TEST_JOBS) --dist loadfile tests/integration

# What takes longer: run by hand.
test-long: test
	@/usr/bin/python3 -m pytest -n $(TEST_JOBS) --dist loadfile tests/long

demo: programs ; @demo/up
demo-down: ; @demo/down

bench: build ; @bench/run

fuzz: deps ; @fuzz/run

format: ; @clang-format-14 -i $$(git ls-files '*.cc' '*.h')

clean: ; @rm -rf build
