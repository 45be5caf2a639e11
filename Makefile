# Everything runs from .venv, which `make setup` builds; only Python 3.11 or newer is needed.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PLUGINS := .venv/meltano/.installed
SITE := .venv/site/.installed
WAREHOUSES := .venv/warehouses/.installed

# The tests start hundreds of processes: without cached bytecode each compiles the packages again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup plugins test check lint types demo bench coverage soak live docs docs-site release-check facts warehouses wheel constraints clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Build .venv for the other commands

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 …")'
	@echo 'Setting up .venv, about half a minute the first time …'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --compile-bytecode --group dev --editable '.[emulator]'
	@touch $(STAMP)

plugins: $(PLUGINS) ## Install the plugins of meltano.yml, for the tests

# Each plugin has its own environment below .venv, since the dependencies of some conflict.
$(PLUGINS): $(STAMP) meltano.yml meltano/tap-duckdb/pyproject.toml
	@echo 'Installing the plugins of meltano.yml for the tests …'
	@UV_COMPILE_BYTECODE=1 MELTANO_SYS_DIR_ROOT='$(CURDIR)/.venv/meltano' MELTANO_DATABASE_URI='sqlite:///$(CURDIR)/.venv/meltano/meltano.db' \
		MELTANO_CLI_DISABLE_VERSION_CHECK=true $(BIN)/meltano --log-level=warning install
	@touch $(PLUGINS)

# Tests of a group run on one worker, because they share expensive fixtures.
test: setup plugins ## Run all tests except the long campaigns
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: lint types ## Lint, format check, types, import directions, words

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.prose

types: setup
	$(BIN)/mypy

demo: setup ## Emulator → DuckDB and back, with Meltano; nothing to sign up for
	@$(BIN)/python -m demo

bench: setup ## Speed and token budgets, as a table
	@$(BIN)/python -m benchmarks

coverage: setup ## Check the claims of docs/coverage.md with the emulator's request log
	@$(BIN)/python -m scripts.proof

soak: setup plugins ## The long test campaigns in full
	$(BIN)/python -m pytest -n auto --dist loadgroup -m soak

live: setup ## Compare a live account with what this project assumes; reads only
	@$(BIN)/python -m tests.live || test $$? = 1 # differences are its result, and no failure

docs: setup ## Update the generated parts of docs and meltano.yml
	@$(BIN)/python -m scripts.docs

release-check: setup ## Name what is missing before VERSION can be released
	@$(BIN)/python -m scripts.release $(VERSION)

docs-site: $(SITE) ## Build the documentation site into build/site; links are checked
	@NO_MKDOCS_2_WARNING=true .venv/site/bin/mkdocs build --strict --quiet --clean
	@echo 'Open build/site/index.html.'

# Its packages are not needed for anything else.
$(SITE): $(STAMP) pyproject.toml constraints.txt
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv/site
	@$(BIN)/uv pip install --quiet --python .venv/site/bin/python --constraint constraints.txt --group site
	@touch $(SITE)

facts: setup ## Condense the published API description in the folder PIPEDRIVE_OPENAPI
	@test -f '$(PIPEDRIVE_OPENAPI)/endpoints.json' || { \
		echo 'Name the folder of the description: make facts PIPEDRIVE_OPENAPI=…'; exit 2; }
	@$(BIN)/python -m scripts.facts '$(PIPEDRIVE_OPENAPI)'

warehouses: $(WAREHOUSES) ## Compile the dbt models for Snowflake and BigQuery; installs 560 MB once
	@for target in snowflake bigquery; do \
		.venv/warehouses/bin/dbt --quiet --no-send-anonymous-usage-stats --log-path build/dbt compile --target $$target \
			--project-dir dbt --profiles-dir dbt --target-path ../build/dbt/$$target \
			--no-populate-cache --no-introspect --vars 'pipedrive_deal_changes: true' || exit 1; \
		echo "Compiled for $$target: build/dbt/$$target/compiled"; \
	done

$(WAREHOUSES): $(STAMP) pyproject.toml
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv/warehouses
	@$(BIN)/uv pip install --quiet --python .venv/warehouses --group warehouses
	@touch $(WAREHOUSES)

wheel: setup ## Build dist/*.whl
	@$(BIN)/uv build --quiet --wheel

constraints: setup ## Choose the newest compatible versions
	@$(BIN)/uv pip compile --quiet --universal --upgrade --no-header --no-annotate --python-version 3.11 \
		--group dev --group site --extra emulator pyproject.toml --output-file constraints.txt
	@sed -i.old '1i # Versions that were tested together; set-up installs with them. Made by `make constraints`.' constraints.txt
	@rm constraints.txt.old

clean: ## Remove everything the commands created
	rm -rf .venv .meltano dist build .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache .coverage htmlcov
	find output -type f ! -name .gitignore -delete
