# Every target makes the environment it needs: Python 3.11 or later, pip, git and make are enough.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
IDS    ?=
RUNS   ?=

.PHONY: run test check demo bench soak environment

run: environment          ## start everything on the embedded PostgreSQL, serve until Ctrl-C
	@exec $(BIN)/contextline up

test: environment         ## what CI runs
	@scripts/test $(BIN)

check: environment        ## before a commit
	@scripts/check $(BIN)

demo: environment         ## agent runs through the public API; RUNS=file for recorded ones
	@$(BIN)/python -m demo $(if $(RUNS),--runs "$(RUNS)")

bench: environment        ## ratios against peers; IDS="B1 B4" for some
	@scripts/install-bench-tools && $(BIN)/python -m benchmarks $(IDS)

soak: environment         ## long chaos runs, memory
	@$(BIN)/python -m pytest -m soak tests

environment: $(VENV)/.made

$(VENV)/.made: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "contextline needs Python 3.11 or later; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Making the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
