# Every command of the project. `make help` lists them.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
READY := $(VENV)/ready
CODE := src tests examples scripts

# Tests start hundreds of programs: what they import is compiled once, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test thorough quick matrix congruence published test-page test-cluster hostile check format generate page samples docs coverage measure bench scale transports pictures notebook terminal rooms wheel clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

demo: $(READY) ## start a runner, upload a package and execute the service in it, by the command and from Python
	@$(BIN)/python examples/demo.py

test: $(READY) ## run the tests, in four processes; ARGUMENTS="-n 0 tests/many" runs a room in one
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -m 'not thorough' $(ARGUMENTS)

thorough: $(READY) ## run the tests that `make test` leaves out, because each takes half a second or more: processes, kills, endurance
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -m thorough $(ARGUMENTS)

quick: $(READY) ## check formats and types, and run the tests that need no socket; takes half a minute
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q -p no:schemathesis --without-sockets tests/calls tests/codec tests/values $(ARGUMENTS)

matrix: ## run the tests on every Python from 3.11 to 3.14 that is installed, in environments of their own
	@$(PYTHON) scripts/run_matrix.py $(ARGUMENTS)

congruence: $(READY) ## compare the local runner with the vendor's engine (needs the npm registry once)
	@$(BIN)/python -m pytest tests/congruence $(ARGUMENTS)

published: $(READY) ## call the local runner by the published client and as others do (needs the package index once)
	@$(BIN)/python -m pytest tests/published $(ARGUMENTS)

test-page: $(READY) ## try the local runner's page in Debian's Chromium, and write its pictures into docs
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/page $(ARGUMENTS)

test-cluster: ## run jobs on Ray, Dask and Spark in an environment of its own (needs Java 17, and the package index once)
	@$(PYTHON) scripts/run_cluster.py $(ARGUMENTS)

hostile: $(READY) ## run packages that attack the local runner; takes some minutes
	@$(BIN)/python -m pytest tests/hostile $(ARGUMENTS)

check: $(READY) ## check everything that can be checked without running it; writes nothing, reports all
	@failed=''; \
	try() { echo "$$*"; "$$@" || failed="$$failed\n  $$*"; }; \
	try $(BIN)/ruff format --check $(CODE); \
	try $(BIN)/ruff check --no-cache $(CODE); \
	try $(BIN)/mypy --cache-dir=/dev/null; \
	try $(BIN)/mypy --cache-dir=/dev/null --strict generated/hybrid_runner_api; \
	try $(BIN)/basedpyright; \
	try $(BIN)/openapi-spec-validator openapi/runner.yaml; \
	try $(BIN)/python scripts/generate.py --check; \
	try $(BIN)/python scripts/check_arrows.py; \
	try $(BIN)/python scripts/draw_rooms.py --check; \
	try $(BIN)/python scripts/check_docs.py; \
	try $(BIN)/python scripts/page/parts.py check; \
	if [ -n "$$failed" ]; then printf "these failed:$$failed\n"; exit 1; fi

format: $(READY) ## format the code and sort its imports
	$(BIN)/ruff check --fix-only --quiet $(CODE)
	$(BIN)/ruff format $(CODE)

generate: $(READY) ## write generated/ from openapi/
	$(BIN)/python scripts/generate.py

page: $(READY) ## fetch the libraries of the local runner's page, with their licences (needs the npm registry)
	$(BIN)/python scripts/page/parts.py vendor

samples: $(READY) ## build the sample packages, and the typed one among the examples (needs Debian's emscripten, node-acorn and libjsmn-dev)
	$(BIN)/python scripts/build_samples.py
	$(BIN)/cspark-wasm types samples/packages/term-life.zip -o examples/term_life.py

docs: $(READY) ## build the API reference into build/docs
	$(BIN)/sphinx-build --fresh-env --fail-on-warning --keep-going --nitpicky --quiet -d build/doctrees docs build/docs

coverage: $(READY) ## run all tests and show which lines they do not reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGUMENTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

measure: $(READY) ## measure how fast the local runner is with the small sample
	@$(BIN)/python scripts/measure_runner.py

pictures: $(READY) ## draw where a call's time goes and how cost grows, for docs/performance.md
	@$(BIN)/python scripts/bench/pictures.py

bench: $(READY) ## measure beside cspark, httpx, aiohttp and http.client, and write docs/benchmarks.md
	@$(BIN)/python scripts/bench/run.py

scale: ## measure jobs on Ray, Dask and Spark beside a plain loop, and write docs/scale.md
	@$(PYTHON) scripts/run_cluster.py --measure

transports: $(READY) ## measure what could carry a call instead, and write docs/transports.md
	@$(BIN)/python scripts/bench/transports.py

notebook: $(READY) ## run the example notebook and write it with its pictures as docs/notebook.md
	@$(BIN)/python scripts/render_notebook.py

terminal: $(READY) ## run the command and draw what a terminal shows, for the README
	@$(BIN)/python scripts/draw_terminal.py

rooms: $(READY) ## draw the rooms of the source for docs/architecture.md
	@$(BIN)/python scripts/draw_rooms.py

wheel: $(READY) ## build the wheel and the sdist, and try the wheel in an empty environment
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python scripts/try_wheel.py

clean: ## remove everything that the other commands made
	rm -rf $(VENV) .venv-3.* .venv-cspark .venv-cluster .venv-transports dist build .mypy_cache .pytest_cache .ruff_cache .coverage .coverage.* .hypothesis

$(READY): pyproject.toml constraints.txt
	@echo 'setting up $(VENV)'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "this project needs Python 3.11 or later: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[local]' --group dev
	@touch $(READY)
