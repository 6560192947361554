# make watch           a virtual environment in .venv, then the dashboard on a model: make watch MODEL=model_3
# make test            the whole test suite
# make test-feast      the Feast adapter, in an environment of its own (.venv-feast: Feast holds pandas below 3)
# make lint types contracts    style, types, who may import whom
# make audit          known faults of the pinned packages; fails where no list of them can be reached
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

FEAST_VENV := .venv-feast
FEAST      := $(FEAST_VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help watch test test-feast lint types contracts audit bench picture clean remake

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

watch: $(RUN)
	@$(BIN)/trainer-tui watch $(MODEL)

test: $(DEV)
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

test-feast: $(FEAST)
	$(FEAST_VENV)/bin/python -m pytest tests/training/test_training_feast.py

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

contracts: $(DEV)
	$(BIN)/lint-imports

# In an environment of its own: what audits is no dependency of what is audited. An audit that could not look has failed.
audit:
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(PYTHON) -m venv "$$dir" >/dev/null 2>&1 || { \
	  echo "audit failed: $(PYTHON) makes no virtual environment" >&2; exit 1; }; \
	"$$dir"/bin/pip install -q pip-audit >/dev/null 2>&1 || { \
	  echo "audit failed: pip-audit cannot be installed (no network?); nothing was looked at" >&2; exit 1; }; \
	for pins in constraints*.txt; do \
	  grep -v '^#' "$$pins" > "$$dir"/pinned.txt; \
	  "$$dir"/bin/pip-audit -r "$$dir"/pinned.txt --no-deps --disable-pip --progress-spinner off > "$$dir"/said 2>&1 \
	    && code=0 || code=$$?; \
	  if grep -q 'ConnectionError\|ServiceError\|Max retries\|HTTPSConnectionPool\|HTTPError' "$$dir"/said; then \
	    echo "audit failed: the list of known faults cannot be reached; $$pins was not looked at" >&2; exit 1; fi; \
	  if unknown=$$(grep -c 'could not be audited' "$$dir"/said); then \
	    echo "audit failed: the list of known faults does not know $$unknown packages of $$pins" >&2; exit 1; fi; \
	  echo "$$pins:"; cat "$$dir"/said; [ $$code = 0 ] || exit $$code; \
	done

picture: $(DEV)
	$(BIN)/python benchmarks/picture.py

bench: $(DEV)
	@set -e; for file in benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python "$$file"; done

clean:
	rm -rf $(VENV) $(FEAST_VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis htmlcov
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

$(FEAST): pyproject.toml constraints-feast.txt
	@rm -rf $(FEAST_VENV)
	@$(PYTHON) -m venv $(FEAST_VENV)
	@touch $@.new
	$(FEAST_VENV)/bin/python -m pip --disable-pip-version-check install --only-binary=:all: -c constraints-feast.txt \
	  -e '.[feast]' pytest pytest-asyncio hypothesis
	@mv $@.new $@
