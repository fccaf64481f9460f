# `make walk` and `make test` set up everything they need on a fresh machine: a virtual environment in .venv, the
# tested versions of all packages (constraints.txt), and the package itself.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: walk test test-slow golden clean

walk: $(VENV)/runtime
	$(PY) main.py run --source walk --log out/walk.jsonl --overlay out/walk.png

test: $(VENV)/dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(PY) -m pytest -m "not slow"

test-slow: $(VENV)/dev
	$(PY) -m pytest -m slow

golden: $(VENV)/dev
	$(PY) tests/golden/regenerate.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: $(VENV)/bin/python setup.cfg constraints.txt
	$(PIP) -e .
	touch $@

$(VENV)/dev: $(VENV)/bin/python setup.cfg constraints.txt
	$(PIP) -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build out *.egg-info
