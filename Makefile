# Two commands do everything: `make demo` runs a night on the sandbox association, `make test` the suite.
# Each target sets up .venv by itself; a stamp keeps it from doing so twice.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast lint lint-sql format test-real test-long bench reference lock wheel clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed ($(PYTHON) was not found); set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) (about two minutes, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@$(BIN)/journey --version
	@touch $@

setup: $(STAMP) ## the virtual environment, from the hashed lock

demo: $(STAMP) ## a whole night on the sandbox association, from nothing to segments delivered
	@$(BIN)/journey demo

test: $(STAMP) ## the whole suite
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-fast: $(STAMP) ## the suite without whole nights
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not real and not long"

lint: $(STAMP) ## ruff, mypy, yamllint, sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict .
	@$(MAKE) --no-print-directory lint-sql

lint-sql: $(STAMP) ## sqlfluff over the dbt project
	@mkdir -p data/lint && $(BIN)/python -c "import duckdb; duckdb.connect('data/lint/raw.duckdb').close()"
	@PYTHONWARNINGS=ignore::UserWarning:multiprocessing.resource_tracker \
	  JOURNEY_BUILD_PATH=data/lint/build.duckdb JOURNEY_RAW_PATH=data/lint/raw.duckdb \
	  $(BIN)/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests

format: $(STAMP) ## let ruff format and fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test-real: $(STAMP) ## against a real pretix, Tryton and Mailman, each in its own environment (minutes)
	$(BIN)/python -m pytest -m real tests/real

test-long: $(STAMP) ## a night killed at ten random moments (minutes)
	$(BIN)/python -m pytest -m long tests

bench: $(STAMP) ## speed and memory as ratios against a plain baseline
	$(BIN)/python -m benchmarks.extract
	$(BIN)/python -m benchmarks.sandbox --people 2000 8000

reference: $(STAMP) ## write docs/reference anew from what the product declares
	$(BIN)/python docs/generate.py

lock: ## write requirements.lock anew from pyproject.toml
	@$(PYTHON) -m venv .stamps/uv && .stamps/uv/bin/pip install --quiet uv
	.stamps/uv/bin/uv pip compile pyproject.toml --group dev --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o requirements.lock

wheel: $(STAMP) ## dist/*.whl
	$(BIN)/python -m build --wheel --no-isolation

clean: ## remove the demo's data and caches (never your own organisation's folder)
	rm -rf data sandbox-data .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
