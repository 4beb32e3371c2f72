# make bench: from a fresh clone to a finished leaderboard.  make test: every test.  make check: lint and types.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FOLDERS := scenes metrics reference_model reports bench
SHELL := /bin/bash

.PHONY: bench test check types lint clean

bench: $(VENV)/.installed
	$(BIN)/kinema run smoke

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "" -n 2 --junitxml=junit.xml

check: lint types

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .

# mypy follows neither editable installs nor folder mappings: show it the package as it is installed, by links
types: $(VENV)/.installed-dev
	rm -rf build/typed && mkdir -p build/typed/kinema
	ln -s $(CURDIR)/src/kinema/* build/typed/kinema/
	for folder in $(FOLDERS); do ln -s $(CURDIR)/$$folder build/typed/kinema/$$folder; done
	MYPYPATH=build/typed $(BIN)/mypy -p kinema

$(VENV)/bin/python:
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || \
	  { echo "Python's venv module is missing: install it with 'apt install python3-venv' and run make again."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf build $(VENV) runs .mypy_cache .pytest_cache .ruff_cache
