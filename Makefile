# The five commands of the house. Only Python 3.11+ is needed; everything else arrives as wheels.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
SETUP := .make

.PHONY: run test check soak bench ui openapi lock clean

run: $(SETUP)/runtime ui
	@exec $(BIN)/entrepot serve --open

test: $(SETUP)/dev ui
	@scripts/ensure-chromium
	@scripts/ensure-door-clients
	@scripts/ensure-cache-tests
	$(BIN)/python -m pytest $(TESTS)

check: $(SETUP)/dev
	$(BIN)/ruff format --check src tests bench scripts hatch_build.py
	$(BIN)/ruff check src tests bench scripts hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python hatch_build.py check

soak: $(SETUP)/dev ui
	$(BIN)/python -m pytest -m soak -o timeout=1800 $(TESTS)

bench: $(SETUP)/dev
	$(BIN)/python -m bench.fetch
	$(BIN)/python -m bench.small
	$(BIN)/python -m bench.content

ui: $(SETUP)/runtime
	@$(BIN)/python hatch_build.py

# The API's description and the page's client, after a change of the API.
openapi: $(SETUP)/dev
	$(BIN)/python scripts/write_settings.py
	$(BIN)/python scripts/write_openapi.py
	@$(BIN)/python hatch_build.py generate

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Entrepôt needs Python 3.11 or newer; set PYTHON=…")'
	$(PYTHON) -m venv .venv

$(SETUP)/runtime: .venv/bin/python requirements.lock requirements-build.lock pyproject.toml
	@echo "Setting up .venv …"
	@$(PIP) --require-hashes -r requirements.lock -r requirements-build.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@mkdir -p $(SETUP) && touch $@

$(SETUP)/dev: $(SETUP)/runtime requirements-dev.lock
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

# Needs uv. The locks name no index.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate
lock:
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --group build -o requirements-build.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --group bench -c requirements.lock -o requirements-bench.lock

clean:
	rm -rf .venv $(SETUP) src/entrepot/ui web/node_modules
