# Everything that a person needs to know to run, test and check Effektafregning.
# `make run` on a fresh machine needs Python 3.11+ with venv and pip, and make; nothing else.

PYTHON ?= python3
HOME_DIR ?= data
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# Superset needs versions of its own: an environment beside the product's
BI_VENV ?= .venv-bi
DBT_SOURCES := $(shell find dbt -path dbt/target -prune -o -path dbt/logs -prune -o -type f \( -name '*.sql' -o -name '*.yml' \) -print)
export PYTHONPATH := $(CURDIR)
# what is installed can be read by the user that runs it, whatever the umask of who installs
READABLE := umask 022 &&
export DAGSTER_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test mutate faults check audit sbom docs pictures bench ui bi bi-setup image clean

help: ## what each target does
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /	/' | expand -t 12

setup: $(STAMPS)/parsed ## virtual environment, locked packages, bytecode, parsed dbt project, column lineage

$(STAMPS)/venv:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(READABLE) $(PYTHON) -m venv $(VENV)
	$(READABLE) mkdir -p $(STAMPS)
	$(READABLE) touch $@

$(STAMPS)/packages: requirements.lock $(STAMPS)/venv
	$(READABLE) $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(READABLE) $(BIN)/python -m compileall -q -j 0 $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || true
	$(READABLE) touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/packages
	$(READABLE) $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(READABLE) touch $@

$(STAMPS)/parsed: $(DBT_SOURCES) $(STAMPS)/project
	$(READABLE) $(BIN)/python -c 'from dagster_project.orchestration import column_lineage, dbt_runner; dbt_runner.install(); column_lineage.install()'
	$(READABLE) touch $@

setup-dev: $(STAMPS)/dev ## what tests and tools need on top

$(STAMPS)/dev: tests/requirements.lock $(STAMPS)/parsed
	$(READABLE) $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r tests/requirements.lock
	$(READABLE) touch $@

run: setup ## the night on the synthetic municipality, in ./data
	@test -e $(HOME_DIR)/home.yml || $(BIN)/effekt demo --home $(HOME_DIR)
	$(BIN)/effekt run --home $(HOME_DIR)

test: setup-dev ## every test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

mutate: setup-dev ## one-token mutants of the SQL against the tests (docs/mutation.md), an hour; MUTATE="--sample 100"
	$(BIN)/python -m tests.mutation --page $(MUTATE)

faults: setup-dev ## every durable call harmed, 2,000 nights simulated (docs/faults.md), hours; FAULTS="--nights 200"
	$(BIN)/python -m tests.faults.kth
	$(BIN)/python -m tests.simulator $(FAULTS)

check: setup-dev ## what the build server checks: lint, types, SQL style, layering, locks, definitions, secrets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 dbt/models dbt/macros
	$(BIN)/python -m pip check --disable-pip-version-check
	$(BIN)/dagster definitions validate -m dagster_project.definitions
	$(BIN)/python -m tests.supply.scan

audit: setup-dev ## known vulnerabilities of the locked packages; without a network, from a saved list
	$(BIN)/python -m tests.supply.audit

sbom: setup-dev ## build/sbom: the bill of materials of each lock (CycloneDX)
	$(BIN)/python -m tests.supply.bill build/sbom

docs: setup-dev ## the made pages: index of rules, data dictionary, schema of the contract file, reference
	$(BIN)/python -m tests.docs.rules_index
	$(BIN)/python -m dagster_project.lib.publishing.dictionary
	$(BIN)/python -m dagster_project.lib.contracts.schema
	$(BIN)/python -m tests.docs.reference

pictures: setup-dev ## docs/images: what a browser shows of the UI (needs /usr/bin/chromium)
	EFFEKT_PICTURES=docs/images $(BIN)/python -m pytest tests/browser/test_pages.py

bench: setup-dev ## the measurements of docs/benchmarks.md
	$(BIN)/python -m tests.benchmarks

ui: setup ## Dagster's UI at the address that it prints, until Ctrl-C
	$(BIN)/effekt ui --home $(HOME_DIR)

$(BI_VENV)/installed: bi/superset/requirements.lock
	$(PYTHON) -m venv $(BI_VENV)
	$(BI_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bi/superset/requirements.lock
	touch $@

bi-setup: $(BI_VENV)/installed ## Superset in an environment of its own (a minute, 0.9 GB)

bi: bi-setup ## the published mart in Superset, at the address and with the login that it prints, until Ctrl-C
	@$(BI_VENV)/bin/python bi/superset/start.py --home $(HOME_DIR)

image: setup-dev ## the image of deploy/Dockerfile; without a container engine its steps in a temporary folder
	@if docker info >/dev/null 2>&1; \
	then docker build -f deploy/Dockerfile -t effektafregning .; \
	else $(BIN)/python -m tests.deploy.image_steps; fi

clean: ## what can be rebuilt, the home's records excepted
	rm -rf dbt/target dbt/logs build *.egg-info .mypy_cache .ruff_cache .pytest_cache $(HOME_DIR)/work
