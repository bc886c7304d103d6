# The front door. `make` prints the targets. Paths are relative on purpose: the checkout may have a space in its path.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
PILLARS := $(BIN)/python -m libs.common.runtime.cli
# Or every process would compile the whole project anew, and tests start many.
unexport PYTHONDONTWRITEBYTECODE
# Processes of the tests, more than cores since many tests wait for servers; T= narrows them, e.g. make test T="services/crm -k deals"
WORKERS ?= 3
T ?=
STORY ?= 1
.DEFAULT_GOAL := help
.PHONY: help setup run up prod-setup migrate test bench check lint format types contracts schema documents docs lock verify prove migration clean release

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' Makefile

setup: .venv/installed ## Make the virtual environment from the hashed requirements

.venv/installed: requirements/local.txt pyproject.toml deploy/setup.py
	@$(PYTHON) deploy/setup.py

run: setup ## Run the whole suite in one process and play the main story (STORY=0: only serve)
	@$(PILLARS) up $(if $(filter 0,$(STORY)),,--story)

up: setup ## Run the suite as eight processes on a real RabbitMQ
	@$(BIN)/python -m libs.common.runtime.embedded.debian
	@$(PILLARS) up --separate $(if $(filter 0,$(STORY)),,--story)

prod-setup: ## Build the images and start the compose stack (needs Docker and a .env, see docs/operations.md)
	@deploy/prod-setup.sh

migrate: setup ## Bring the database of DATABASE_URL up to date
	@$(PILLARS) migrate

KILLS ?= 50
MINUTES ?= 10
SEED ?= 1
BUYERS ?= 200
# More for the proof, such as ARGS="--outage postgres:30", "--deaths", "--rolling 3", "--poison" or "--pressure 3" (one at a time)
ARGS ?=
# Minutes of hostile requests made from the API document afterwards; none with ARGS
SCHEMA ?= 10
prove: setup ## Prove that nothing is lost under failure: make prove KILLS=50 MINUTES=10 SEED=7 SCHEMA=10
	@$(BIN)/python -m libs.common.runtime.embedded.debian
	@$(BIN)/python -m deploy.e2e.proof --kills $(KILLS) --minutes $(MINUTES) --seed $(SEED) --buyers $(BUYERS) $(ARGS)
	@$(if $(ARGS)$(filter 0,$(SCHEMA)),,$(BIN)/python -m deploy.e2e.hostile.schema --minutes $(SCHEMA) --seed $(SEED))

verify: setup ## Check every invariant of the running or stopped suite
	@$(PILLARS) verify

test: setup ## Run every test (a private RabbitMQ is used, and installed where that is possible)
	@$(BIN)/python -m libs.common.runtime.embedded.debian --tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(T)

bench: setup ## Measure against baselines of the same run: make bench ONLY=checkout RUNS=3 QUICK=1 (HELP=1 lists all)
	@$(BIN)/python -m libs.common.runtime.embedded.debian --bench
	@$(BIN)/python -m bench $(if $(HELP),--help) $(if $(ONLY),--only $(ONLY)) $(if $(RUNS),--runs $(RUNS)) \
		$(if $(filter 1,$(QUICK)),--quick) $(if $(SOAK),--soak $(SOAK)) $(if $(FOLDER),--folder $(FOLDER)) $(if $(WRITE),--write $(WRITE))

# Two at once, the longest first; all are run, whatever one of them finds.
check: setup ## Format, lint, types, architecture, migrations, generated documents
	@$(MAKE) --no-print-directory --keep-going --output-sync -j 2 types schema documents contracts lint

lint: setup ## Check format and lint
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .

format: setup ## Format the code and fix what can be fixed
	@$(BIN)/ruff check -q --fix-only .
	@$(BIN)/ruff format -q .

types: setup ## Check types
	@$(BIN)/mypy

contracts: setup ## Check the architecture: who may import whom
	@$(BIN)/lint-imports

schema: setup ## Check that migrations match the models and can be run beside the last release
	@$(BIN)/python -m libs.common.db.check
	@$(BIN)/python -m deploy.release.check

documents: setup ## Check that the generated documents are those of the code
	@$(PILLARS) docs --check

docs: setup ## Write the generated documents
	@$(PILLARS) docs

migration: setup ## Write a migration from the models: make migration SERVICE=crm MESSAGE="Add a column"
	@$(BIN)/python -m libs.common.db.revision "$(SERVICE)" "$(MESSAGE)"

release: setup ## Make a release: make release VERSION=0.2.0 (needs its section in CHANGELOG.md)
	@$(BIN)/python -m deploy.release.make "$(VERSION)"

lock: setup ## Write the hashed requirements anew from pyproject.toml
	@$(BIN)/python deploy/lock.py

clean: ## Remove the virtual environment and all local data
	@rm -rf .venv .pillars
