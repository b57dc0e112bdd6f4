# Everything that a fresh clone needs is made here. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
UV_VERSION := 0.13.9
TOOLS := .tools
PLATFORM := .venv
SERVE := .venv-serve
# serve-cpu, or serve-gpu on a machine with an NVIDIA GPU.
SERVE_EXTRA ?= serve-cpu
SERVE_READY := $(SERVE)/.installed-$(SERVE_EXTRA)

export PATH := $(CURDIR)/$(TOOLS)/bin:$(PATH)
export UV_PYTHON_DOWNLOADS := never
RUN := $(PLATFORM)/bin/python
TWIN := $(PLATFORM)/bin/twin
PYTEST := $(RUN) -m pytest
# A process a core, each with whole files: fixtures of a module are made once. On real servers two side by side, since much
# of that is waiting: the platform's tests in one, all others in the other (tests/conftest.py).
UNIT_TESTS = $(PYTEST) -n auto --dist loadfile -m "not slow and not crash and not integration"
SERVER_TESTS = $(PYTEST) -n 2 --dist loadfile -m "integration and not slow and not crash"

.PHONY: help setup demo test test-unit test-slow crash check format bench clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(PLATFORM)/.installed $(SERVE_READY) ## install the two environments (about 4 GB to download, 9 GB on disk)

demo: setup ## the whole way on the sample persona: a served twin and its first cited answer
	$(TWIN) demo

test: setup ## all tests, also those on real servers (under 30 minutes on 2 cores)
	$(UNIT_TESTS)
	$(SERVER_TESTS)

test-unit: $(PLATFORM)/.installed ## the tests that need no server
	$(UNIT_TESTS)

test-slow: setup ## the heavier tests
	$(PYTEST) -m slow

crash: setup ## SIGKILL of each flow at ten random moments, of the stages at 200 (TWIN_KILLS=N for others)
	$(PYTEST) -m crash

check: $(PLATFORM)/.installed ## style, types, import direction, lock
	$(PLATFORM)/bin/ruff check .
	$(PLATFORM)/bin/ruff format --check .
	$(PLATFORM)/bin/mypy
	$(PLATFORM)/bin/lint-imports
	$(RUN) scripts/deps.py check
	$(RUN) scripts/schemas.py --check

format: $(PLATFORM)/.installed ## rewrite the code in the project's style
	$(PLATFORM)/bin/ruff check --fix .
	$(PLATFORM)/bin/ruff format .

bench: setup ## the benchmarks behind docs/benchmarks.md
	$(RUN) -m benchmarks

clean: ## stop the platform, remove environments and caches; $$TWIN_HOME stays
	if [ -x $(TWIN) ]; then $(TWIN) down; fi
	rm -rf $(PLATFORM) $(SERVE) $(TOOLS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(TOOLS)/.installed: scripts/preflight.sh
	PYTHON="$(PYTHON)" bash scripts/preflight.sh
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	touch $@

$(PLATFORM)/.installed: uv.lock pyproject.toml $(wildcard packages/*/pyproject.toml) scripts/deps.py | $(TOOLS)/.installed
	UV_PROJECT_ENVIRONMENT=$(PLATFORM) UV_PYTHON="$(PYTHON)" $(PYTHON) scripts/deps.py sync --extra platform --group dev
	touch $@

# One environment after the other: they share files, so the second finds most of its own in uv's cache.
$(SERVE_READY): uv.lock pyproject.toml scripts/deps.py $(PLATFORM)/.installed | $(TOOLS)/.installed
	UV_PROJECT_ENVIRONMENT=$(SERVE) UV_PYTHON="$(PYTHON)" $(PYTHON) scripts/deps.py sync --extra $(SERVE_EXTRA) --third-party
	rm -f $(SERVE)/.installed-*
	touch $@
