# make watch           a virtual environment in .venv, then the dashboard on a model: make watch MODEL=model_3
# make test            the whole test suite
# make lint types contracts    style, types, who may import whom
# make bench picture   the measurements; the picture of the dashboard for the README
# make clean           removes .venv and caches, never output/ or logs/

MODEL        ?= model_3
PYTHON       ?= python3
EXTRAS       ?= all
PYTEST_FLAGS ?= -n $(WORKERS)

# One more than there are cores: much of the suite waits for real processes.
WORKERS := $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)' 2>/dev/null || echo 2)

VENV  := .venv
BIN   := $(VENV)/bin
MADE  := $(VENV)/.made
RUN   := $(VENV)/.installed-$(EXTRAS)
DEV   := $(VENV)/.installed-$(EXTRAS)-dev
PIP   := $(BIN)/python -m pip --disable-pip-version-check
NEEDS := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help watch test lint types contracts bench picture clean remake

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

watch: $(RUN)
	@$(BIN)/trainer-tui watch $(MODEL)

test: $(DEV)
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

contracts: $(DEV)
	$(BIN)/lint-imports

picture: $(DEV)
	$(BIN)/python benchmarks/picture.py

bench: $(DEV)
	@set -e; for file in benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python "$$file"; done

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis htmlcov
	find . -name __pycache__ -not -path './output/*' -prune -exec rm -rf {} +

# An environment knows its own path: one from before the folder was moved, or whose Python is gone, is made anew.
ifneq ($(shell test -x $(BIN)/python && cat $(MADE) 2>/dev/null),$(CURDIR))
$(MADE): remake
endif

# A stamp is dated when its installation starts and takes its name when it has succeeded: an interrupted one leaves none,
# and a file edited meanwhile is newer than the stamp.
$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "trainer-tui needs Python 3.11 or newer, and \"$(PYTHON)\" is $$($(PYTHON) --version 2>/dev/null || echo missing):" \
	       "say which one to use with 'make PYTHON=/path/to/python3.12'." >&2; exit 1; }
	@echo "Making $(VENV) and installing into it; this happens once and takes a few minutes."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@printf '%s' "$(CURDIR)" > $@.new
	@mv $@.new $@

$(RUN): $(MADE) $(NEEDS)
	@touch $@.new
	$(PIP) install -c constraints.txt -e '.[$(EXTRAS)]'
	@mv $@.new $@

$(DEV): $(MADE) $(NEEDS)
	@touch $@.new
	$(PIP) install -c constraints.txt -e '.[$(EXTRAS),dev]'
	@cp -p $@.new $(RUN)
	@mv $@.new $@
