# `make walk` and `make test` set up everything they need on a fresh machine: a virtual environment in .venv, the
# tested versions of all packages (constraints.txt), and the package itself.
PYTHON ?= python3
VENV := .venv
WORK ?= out/full-size
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: walk test test-slow full-size golden clean

walk: $(VENV)/runtime
	$(PY) main.py run --source walk --log out/walk.jsonl --overlay out/walk.png

# Tests are many small computations: threads that wait for work by spinning slow them down several times over.
test test-slow: export OMP_NUM_THREADS ?= 1

test: $(VENV)/dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(PY) -m pytest -m "not slow"

test-slow: $(VENV)/dev
	$(PY) -m pytest -m slow

# Models of the published sizes, of random numbers: tens of GB of disk in WORK, and an hour or more.
full-size: $(VENV)/dev
	$(PY) -m export.full_size depth-anything-v2-metric-indoor-small paligemma-3b-224 phi-2-tinyclip llava-1.5-7b --work $(WORK)

golden: $(VENV)/dev
	$(PY) tests/golden/regenerate.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: $(VENV)/bin/python setup.cfg constraints.txt
	$(PIP) -e .
	touch $@

$(VENV)/dev: $(VENV)/bin/python setup.cfg constraints.txt
	CMAKE_ARGS="$$(.ci/llama-flags)" $(PIP) -e '.[dev]'
	$(PIP) --no-deps "bpy==4.5.15; python_version == '3.11'"  # it asks for numpy 1, and works with 2 as it is used here
	touch $@

clean:
	rm -rf $(VENV) build out *.egg-info
