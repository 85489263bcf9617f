# Two commands on a fresh machine: `make demo` and `make test`. Both make .venv when there is none.
# Needs Linux, Python 3.11 or 3.12 with headers and venv, and a C++ compiler.

VENV := .venv
# The Python that made the environment, else the first of these that works.
MADE_WITH = $(shell sed -n 's/^version = \(3\.[0-9]*\).*/python\1/p' $(VENV)/pyvenv.cfg 2>/dev/null)
PYTHON := $(shell for p in $(MADE_WITH) python3.11 python3.12 python3; do $$p -c '' 2>/dev/null && command -v $$p && break; done)
RUN := $(VENV)/bin/python
CACHE := $(or $(VITPOSE_MM_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/vitpose_mm)
CODE := vitpose_mm tools tests configs requirements docs setup.py

COUNT := 20000
SEED = $(shell date +%s)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast soak fuzz lint docs catalogue evidence try-python clean clean-cache

help:
	@echo 'make demo [FAST=1]  set up .venv if needed, then render data, train, evaluate and draw into quickstart/'
	@echo '                    (20 minutes on two cores after the set-up; FAST=1: 5 minutes)'
	@echo 'make test           set up .venv if needed, then run every test in two processes (ARGS="-k name" for some)'
	@echo 'make test-fast      the tests that take seconds each'
	@echo 'make soak           kill trainings 100 times and compare what they end with (a quarter of an hour; KILLS=20 for some)'
	@echo 'make fuzz           COUNT=20000 random inputs of each kind: images, labels, checkpoints, arguments (an hour)'
	@echo 'make lint           ruff, codespell, mypy and the documentation'
	@echo 'make docs           write the documentation to site/, warnings are errors'
	@echo 'make try-python     set-up, import and some tests with PYTHON=..., in .venv-(its name)'
	@echo 'make catalogue      renew the catalogue in configs/README.md from the metafiles'
	@echo 'make evidence       every study on rendered people and its page; ARGS=--quick tries it on a few images'
	@echo 'make clean          remove .venv, quickstart and build leftovers'
	@echo 'make clean-cache    remove the mmcv wheels that were compiled, kept in $(CACHE)'
	@echo 'The first set-up downloads 2.5 GB and compiles mmcv (about 6 minutes on two cores); later ones take seconds.'
	@echo 'PYTHON=... chooses the Python (now: $(PYTHON)).'

setup:
	@if [ -z "$(PYTHON)" ]; then echo 'error: there is no python3.11 or python3.12: install one, or name one with PYTHON=...' >&2; exit 1; fi
	@$(PYTHON) requirements/install.py $(VENV)

demo: setup
	$(RUN) tools/quickstart.py $(if $(FAST),--fast) --out quickstart

# Modules are compiled once, not in each of the processes that tests start; the files with slow tests come first.
TEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(RUN) -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder

test: setup
	$(TEST) $(ARGS)

test-fast: setup
	$(TEST) -m 'not slow' $(ARGS)

soak: setup
	$(RUN) tests/soak --kills $(or $(KILLS),100) $(ARGS)

# Random inputs, others at each run; a failure says its seed (SEED=...).
fuzz: FUZZ_SEED := $(SEED)
fuzz: setup
	@echo 'make fuzz COUNT=$(COUNT) SEED=$(FUZZ_SEED)'
	VITPOSE_MM_FUZZ='$(COUNT) $(FUZZ_SEED)' OMP_NUM_THREADS=1 $(RUN) -m pytest tests/fuzz -q $(ARGS)

lint: setup docs
	$(RUN) -m ruff check $(CODE)
	$(RUN) -m ruff format --check $(CODE)
	$(VENV)/bin/codespell $(CODE) *.md docs .github .ci Makefile
	$(RUN) -m mypy

# Another Python in an environment of its own: set-up, import, and the tests that meet most of PyTorch and MMPose.
try-python: TRIED := .venv-$(notdir $(PYTHON))
try-python:
	@$(MAKE) --no-print-directory setup VENV=$(TRIED)
	$(TRIED)/bin/python -c 'import mmcv.ops, mmdet.apis, mmpose.apis, vitpose_mm'
	OMP_NUM_THREADS=1 $(TRIED)/bin/python -m pytest tests/models tests/datasets -q -n 2 -m 'not slow'

docs: setup
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build
	@echo 'Open site/index.html.'

catalogue: setup
	$(RUN) -m vitpose_mm.utils.config_catalogue configs

evidence: setup
	OMP_NUM_THREADS=1 $(RUN) tools/studies.py all --out work_dirs/studies $(ARGS)

clean:
	rm -rf $(VENV) .venv-* quickstart site build dist *.egg-info vitpose_mm/.mim .pytest_cache .mypy_cache .ruff_cache
	find vitpose_mm tools tests configs requirements -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo 'The compiled mmcv is kept in $(CACHE); `make clean-cache` removes it.'

clean-cache:
	rm -rf '$(CACHE)'/mmcv-*
