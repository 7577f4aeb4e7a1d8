# One way to do each thing. A fresh checkout needs python3 (3.11 or later), node and npm; the rest sets itself up.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

PYTHON ?= python3
BIN := .venv/bin
NODE := web/node_modules/.bin
CONSOLE := src/kapell/console/static/index.html
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

.PHONY: help setup demo test check static types lint console schema bench docs site lock format clean

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

web/node_modules/installed: web/package-lock.json
	@command -v npm >/dev/null || { echo "The console is built with node (20.19 or later) and npm."; exit 1; }
	@echo "Getting the libraries of the console (once; up to some minutes) ..."
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(CONSOLE): web/node_modules/installed web/index.html web/vite.config.ts $(shell find web/src web/public -type f)
	@cd web && npm run --silent build -- --logLevel warn
	@touch $@

setup: .venv/installed ## make .venv with everything that the other targets need

console: $(CONSOLE) ## build the console that `kapell up` serves

demo: .venv/installed ## deliver a real git repository through examples/delivery and watch it
	@$(BIN)/python examples/delivery/run_demo.py

static: .venv/installed web/node_modules/installed # what is checked without running the code
	@$(MAKE) -j 2 --output-sync=target types lint

types: .venv/installed
	$(BIN)/mypy

lint: .venv/installed web/node_modules/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/size_report.py
	$(BIN)/python tools/make_console_api.py --check
	cd web && npm run --silent check

check: static ## the quick checks, before each commit: lint, types, layers, sizes, docs, unit tests
	$(PYTEST) -q tests/unit tests/docs tests/architecture

test: ## everything: the quick checks, then every suite in one call of pytest
	@$(MAKE) -j 2 .venv/installed $(CONSOLE)
	@$(MAKE) static
	$(PYTEST)

bench: .venv/installed ## measure the engine and print the figures as a table
	$(BIN)/python benchmarks/engine.py

docs: .venv/installed ## write docs/reference from the code, and check all documents
	$(BIN)/python tools/make_reference.py
	$(PYTEST) -q tests/docs

schema: .venv/installed web/node_modules/installed ## write the console's types of the API, after a change of the API
	$(BIN)/python tools/make_console_api.py

site: .venv/installed ## make the documentation site in build/site
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/site
	@echo "See build/site/index.html"

lock: .venv/installed # after a change of dependencies; needs pip-tools
	$(PYTHON) -m piptools compile --quiet --generate-hashes --no-header --no-emit-options --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe --extra postgres --extra telemetry \
	  --extra mqtt --extra nats --extra rabbitmq --extra redis -o requirements/dev.txt pyproject.toml requirements/dev.in

format: .venv/installed ## put the code into its standard form
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	[ ! -d web/node_modules ] || (cd web && npm run --silent format)

clean: ## remove what can be made again
	rm -rf .venv build dist .kapell src/kapell/console/static .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name node_modules -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
	find src -name '*.egg-info' -type d -print0 | xargs -0 rm -rf
