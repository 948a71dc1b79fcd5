# Arbiter: one command starts it (`make serve`), one command tests it (`make test`).
# Needs Python 3.11 or newer with venv, make and git; everything else is installed into .venv from the lock files.

.DEFAULT_GOAL := help
.PHONY: help serve test lint fmt lock bench clean runtime dev

PY := .venv/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: runtime ## Start Arbiter (PORT=8000 DATABASE_URL=... SERVER=granian|gunicorn WORKERS=...)
	@exec $(PY) -m config.serve

test: dev ## Run every check, on SQLite and on PostgreSQL (ONLY="ruff mypy" picks some)
	@exec $(PY) -m tests.harness.run $(ONLY)

lint: dev ## Check format, style, types and import contracts
	@exec $(PY) -m tests.harness.run format ruff mypy imports

fmt: dev ## Format the code and sort its imports
	@$(PY) -m ruff check --quiet --select I --fix . && $(PY) -m ruff format .

bench: dev ## Run the benchmarks
	@exec $(PY) -m tests.benchmarks $(ARGS)

# UPGRADE=1 takes the newest versions; otherwise only what pyproject.toml asks for changes.
lock: dev ## Write the lock files anew from pyproject.toml
	@$(PY) -m uv pip compile $(LOCK) --output-file requirements.lock pyproject.toml
	@$(PY) -m uv pip compile $(LOCK) --output-file requirements-dev.lock --constraint requirements.lock --group dev pyproject.toml
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

clean: ## Remove .venv and caches; var/ (the data) stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# .venv keeps a copy of the lock it was installed from: it is installed anew when the lock's text changes.
runtime: .venv/made
	@cmp -s requirements.lock .venv/runtime.lock || { \
		echo "Installing what Arbiter needs into .venv ..." && $(INSTALL) requirements.lock && \
		cp requirements.lock .venv/runtime.lock; }

dev: .venv/made
	@cmp -s requirements-dev.lock .venv/dev.lock || { \
		echo "Installing what Arbiter and its tests need into .venv ..." && $(INSTALL) requirements-dev.lock && \
		cp requirements-dev.lock .venv/dev.lock && cp requirements.lock .venv/runtime.lock; }

# A .venv whose Python has gone, or one that was never finished, is made anew.
ifneq ($(shell $(PY) -c 'import pip' 2>/dev/null && echo whole),whole)
.PHONY: .venv/made
endif
.venv/made:
	@set -e; \
	for candidate in "$(PYTHON)" python3.11 python3.12 python3.13 python3.14 python3; do \
		if [ -n "$$candidate" ] && "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Arbiter needs Python 3.11 or newer, and none was found." >&2; \
		echo "On Debian and Ubuntu:  apt-get install python3 python3-venv" >&2; exit 1; fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$found lacks the modules venv and ensurepip." >&2; \
		echo "On Debian and Ubuntu:  apt-get install python3-venv" >&2; exit 1; fi; \
	echo "Making .venv with $$($$found --version) ..."; \
	"$$found" -m venv --clear .venv; touch .venv/made
