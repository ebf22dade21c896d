PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What dbt sends to Athena. Macros are Jinja before they are SQL.
SQL := $(wildcard models analyses snapshots tests/singular)

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(READY) profiles.yml ## Build .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	# By its folder, where dbt looks for the modules that extend it.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--config-settings editable_mode=compat -e .
	@touch $@

# dbt reads profiles.yml from here; it is yours to edit and git ignores it.
profiles.yml:
	cp profiles.example.yml $@

.PHONY: demo
demo: setup ## Run the whole pipeline on this machine and check its answer
	$(BIN)/uap demo

.PHONY: test
test: setup ## Run every test
	$(BIN)/python -m pytest -n 3 --dist loadfile

.PHONY: test-fast
test-fast: setup ## Run the tests that start neither Spark nor the pipeline
	$(BIN)/python -m pytest -m 'not slow'

.PHONY: test-adapter
test-adapter: setup ## Run dbt-athena's own functional tests against the local endpoint
	$(BIN)/python tests/adapter/run.py

.PHONY: lint
lint: setup ## Check style: Python with ruff, SQL with sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/sqlfluff lint $(SQL)

.PHONY: format
format: setup ## Mend the style that can be mended without thinking
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix $(SQL)

.PHONY: lock
lock: $(READY) ## Pin the dependencies of pyproject.toml again
	$(BIN)/uv pip compile pyproject.toml --all-extras --generate-hashes --no-strip-extras \
		--universal --python-version 3.11 --no-emit-index-url --no-header --output-file requirements.lock

.PHONY: clean
clean: ## Stop the local endpoint and remove everything the project wrote, .venv included
	-$(BIN)/localaws down
	rm -rf .localaws data target logs $(VENV)
