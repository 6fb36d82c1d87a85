# Everything a clone needs: `make demo` runs the product, `make test` checks it. Both set up what is missing first.
# PYTHON is the machine's Python (3.11 or newer) that makes the environment; PY is the environment's own.
PYTHON ?= python3
VENV := $(or $(LOTSE_VENV),.venv)
PY := $(VENV)/bin/python
# For tests that are meant to take long: no end after 15 minutes (pyproject.toml).
UNBOUNDED := -o faulthandler_timeout=0

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup-run ## Start NODES regions (3) on this machine; ONCE=1 shows one round and ends
	$(VENV)/bin/lotse demo $(if $(ONCE),--once) --nodes $(or $(NODES),3)

.PHONY: test
test: setup lint ## Everything that is checked: lint, types, borders, contracts, all tests
	$(PY) -m pytest $(ARGS)

.PHONY: lint
lint: setup ## Style, types, import borders, and that the generated code fits the protos
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy services bench
	$(VENV)/bin/lint-imports
	$(PY) proto/generate.py --check

.PHONY: unit
unit: setup ## Tests without servers
	$(PY) -m pytest tests/unit $(ARGS)

.PHONY: integration
integration: setup ## Tests with real NATS, PostgreSQL and OpenSearch
	$(PY) -m pytest tests/integration $(ARGS)

.PHONY: e2e
e2e: setup ## Tests of whole nodes
	$(PY) -m pytest tests/e2e $(ARGS)

.PHONY: storm-referrals
storm-referrals: setup ## Referrals under random kills, long: REFERRALS=500 on both database engines
	LOTSE_STORMS=1 LOTSE_STORM_REFERRALS=$(or $(REFERRALS),40) $(PY) -m pytest $(UNBOUNDED) tests/storms/test_referral_storm.py -s $(ARGS)

.PHONY: kills
kills: setup ## Kill each process between every two steps of a referral: 154 runs, about 20 minutes
	LOTSE_STORMS=1 $(PY) -m pytest $(UNBOUNDED) tests/storms/test_step_kills.py $(ARGS)

.PHONY: storm
storm: setup ## Kill everything at random while editors write: SEEDS=20 new storms, SEED=7 plays one again
	$(if $(SEED),STORM_SEED=$(SEED),STORM_SEEDS=$(or $(SEEDS),5)) $(PY) -m pytest $(UNBOUNDED) tests/e2e/test_kill_storm.py $(ARGS)

.PHONY: bench
bench: setup-run ## Benchmarks, with their peers beside them
	$(PY) -m bench $(ARGS)

.PHONY: eval
eval: setup-run ## How well offers are found: own set, baseline and switch-offs, a plot a language (HALF=test|development|both, SET=first|second)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/eval.txt
	$(VENV)/bin/lotse eval --set $(or $(SET),first) --half $(or $(HALF),test) $(if $(filter development,$(HALF)),--misses) --plots .run/eval $(ARGS)

.PHONY: classifier
classifier: setup ## Train the classifiers anew, after labels, utterances or descriptions have changed (needs the encoder; the first time an hour or more)
	@mkdir -p .run
	$(PY) -m services.search.understanding.atoms
	OMP_NUM_THREADS=2 $(PY) -m services.search.understanding.training --cache .run/example-vectors.npz

.PHONY: proto
proto: setup ## Generate proto/gen anew
	$(PY) proto/generate.py

.PHONY: setup
setup: ## Install what is missing: packages to run and develop, OpenSearch
	@$(PYTHON) services/node/install/environment.py dev

.PHONY: setup-run
setup-run:
	@$(PYTHON) services/node/install/environment.py run

.PHONY: lock
lock: ## Resolve requirements/*.in anew (needs uv on the PATH)
	cd requirements && for name in build run dev encoder eval; do \
		uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			--no-emit-index-url --no-emit-find-links $$name.in -o $$name.txt || exit 1; \
	done

.PHONY: clean
clean: ## Remove what the set-up, the tests and the demo made here; downloads in the user's cache stay
	rm -rf $(VENV) $(VENV).lock .run .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find services tests proto -name __pycache__ -type d -prune -exec rm -rf {} +
