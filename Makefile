# One way to do each thing. A fresh checkout needs python3 (3.11 or later), node and npm; the rest sets itself up.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

.PHONY: help setup demo test check static bench docs site lock format clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The stamp is newer than what it was made from, so that a second call costs nothing.
.venv/installed: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Kapell needs Python 3.11 or later."; exit 1; }
	@echo "Setting up .venv (once; some tens of seconds) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: .venv/installed ## make .venv with everything that the other targets need

demo: .venv/installed ## deliver a real git repository through examples/delivery and watch it
	@$(BIN)/python examples/delivery/run_demo.py

static: .venv/installed # what is checked without running the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/size_report.py

check: static ## the quick checks, before each commit: lint, types, layers, sizes, docs, unit tests
	$(PYTEST) -q tests/unit tests/docs tests/architecture

test: static ## everything: the quick checks, then every suite in one call of pytest
	$(PYTEST)

bench: .venv/installed ## measure the engine and print the figures as a table
	$(BIN)/python benchmarks/engine.py

docs: .venv/installed ## write docs/reference from the code, and check all documents
	$(BIN)/python tools/make_reference.py
	$(PYTEST) -q tests/docs

site: .venv/installed ## make the documentation site in build/site
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/site
	@echo "See build/site/index.html"

lock: .venv/installed # after a change of dependencies; needs pip-tools
	$(PYTHON) -m piptools compile --quiet --generate-hashes --no-header --no-emit-options --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe --extra postgres --extra telemetry \
	  -o requirements/dev.txt pyproject.toml requirements/dev.in

format: .venv/installed ## put the code into its standard form
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

clean: ## remove what can be made again
	rm -rf .venv build dist .kapell .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name node_modules -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
	find src -name '*.egg-info' -type d -print0 | xargs -0 rm -rf
