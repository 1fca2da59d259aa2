# One command each: make demo, make test, make check. The environment makes itself.

VENV := .venv
# Windows' environments keep their programs in Scripts.
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
STAMP := $(VENV)/.complete
ARGS ?=
PINNED := --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links \
	--no-header

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)

.PHONY: demo test coverage extras soak check format benchmarks pictures lock clean help

help:  ## Say what there is
	@sed -n 's/^\([a-z]*\):.*##/make \1 -/p' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "sitwell needs Python 3.11 or newer: install it, or name it with make PYTHON=..." >&2; exit 1; }
	@echo "Making the environment in $(VENV) (once; a minute or two) ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)  ## A virtual sensor on a software radio, and the live dashboard on it (ARGS="--speed 20")
	@$(BIN)/sitwell demo $(ARGS)

test: $(STAMP)  ## The whole test suite
	$(BIN)/pytest -n 3 -m "not soak" $(ARGS)

coverage: $(STAMP)  ## The same, and which lines no test runs
	$(BIN)/pytest -n 3 -m "not soak" --cov --cov-report=term $(ARGS)

extras: $(STAMP)  ## What only the extra axivity needs, so that its tests run too (some 300 MB)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-axivity.lock

soak: $(STAMP)  ## The slow endurance runs
	$(BIN)/pytest -m soak $(ARGS)

check: $(STAMP)  ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-cache

format: $(STAMP)  ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmarks: $(STAMP)  ## Measure accuracy and speed, and rewrite docs/accuracy.md, docs/performance.md and docs/scale.md
	$(BIN)/python benchmarks/accuracy.py --write
	$(BIN)/python benchmarks/performance.py --write
	$(BIN)/python benchmarks/scale.py --write

pictures: $(STAMP)  ## Draw the pictures of README and docs anew from the simulator
	$(BIN)/python scripts/screenshot.py docs/dashboard.svg
	$(BIN)/python scripts/tuner_picture.py docs/tuner.svg

lock: $(STAMP)  ## Pin the newest versions again, with hashes and without any host's name
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile $(PINNED) --upgrade --extra virtual --extra parquet --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile $(PINNED) --extra axivity -c requirements.lock pyproject.toml -o requirements-axivity.lock

clean:  ## Remove the environment and all caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .coverage dist
