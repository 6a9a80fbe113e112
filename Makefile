# `make demo` and `make test` need git, make, python3 (3.11 or newer) and pip; everything else they bring themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := server tools resources prompts sre connectors sre_mcp
CODE := $(SOURCES) tests bench training

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types docs picture bench dist clean parts

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(VENV)/.runtime ## install, build the demo world and tour it through an MCP client
	@$(BIN)/sre-mcp demo

test: $(VENV)/.test parts ## install what the tests need and run them all
	@$(BIN)/python -m pytest

check: $(VENV)/.dev lint types test ## format, lint, types, import contracts, tests, docs

lint: $(VENV)/.dev ## format and lint
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)

types: $(VENV)/.dev ## static types
	@$(BIN)/mypy

docs: $(VENV)/.test ## write the generated reference anew
	@$(BIN)/python -m tests.support.reference

picture: $(VENV)/.test ## draw the demo for the readme
	@$(BIN)/python -m tests.support.demo_picture

bench: $(VENV)/.bench parts ## measure against peers and baselines, ratios in one run
	@$(BIN)/python -m bench

dist: $(VENV)/.test ## build the wheel and the sdist into dist/
	@$(BIN)/python -m build --outdir dist .

# Real Prometheus and Alertmanager, and clients from npm, as far as this machine allows; says plainly what is missing.
parts: $(VENV)/.test
	@sh tests/support/install_system_packages.sh
	@$(BIN)/python -m tests.support.node

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("python 3.11 or newer is needed, this is " + sys.version) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python pyproject.toml
	@echo "Installing sre-mcp into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml
	@echo "Installing sre-mcp and what its tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ $(VENV)/.runtime

$(VENV)/.bench: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@ $(VENV)/.test $(VENV)/.runtime

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.test $(VENV)/.runtime

clean: ## remove what was built and installed here
	@rm -rf $(VENV) dist build .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
