# Everything a person types. `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Also `make EXTRAS=dev,coreai …`: Core AI's runtime is 64 MB to fetch, 195 MB installed, and needs glibc 2.34.
EXTRAS ?= dev
# The stages of dvc.yaml call `python`: let it be the one of this environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# MLflow 3 tells its makers of each use unless it is told not to.
export MLFLOW_DISABLE_TELEMETRY ?= true

.DEFAULT_GOAL := help
.PHONY: help install repro test lint format params bench pictures reference ui send reproduce clean system

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

system: ## check Python and the system libraries
	@$(PYTHON) -c 'import sys; sys.exit("handloom: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@PYTHONPATH=src $(PYTHON) -m handloom.system_libraries

install: $(READY) ## make .venv with the tested versions of everything

$(READY): pyproject.toml constraints.txt | system
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

repro: $(READY) | system ## run the whole pipeline: pictures in, Core ML models out
	@dvc repro

test: $(READY) | system ## run all tests
	@pytest --numprocesses 2 --no-loadscope-reorder

lint: $(READY) ## check style and types
	@ruff check .
	@ruff format --check .
	@mypy

format: $(READY) ## mend style
	@ruff check --fix .
	@ruff format .

params: $(READY) ## compose params.yaml from conf/
	@python pipeline/compose_params.py

bench: $(READY) ## run the benchmarks that need no other data
	@for benchmark in benchmarks/bench_*.py; do python $$benchmark; done

pictures: $(READY) ## draw the pictures of README and docs again
	@python docs/draw_pictures.py
	@python docs/draw_gestures.py

reference: $(READY) ## write docs/reference.md from the docstrings
	@python docs/write_reference.py

ui: $(READY) ## open the runs in MLflow, on this computer only, or the server of MLFLOW_TRACKING_URI in a browser
	@case "$$MLFLOW_TRACKING_URI" in \
	  http*) python -m webbrowser "$$MLFLOW_TRACKING_URI" ;; \
	  *) mlflow ui --host 127.0.0.1 --backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///$(CURDIR)/mlflow.db}" ;; \
	esac

send: $(READY) ## send what was logged while the MLflow server could not be reached
	@python -m handloom.tracking.send

reproduce: $(READY) ## make a run again and compare: make reproduce RUN=<its MLflow id>
	@handloom reproduce "$(RUN)"

clean: ## remove the environment and everything that the pipeline made
	@if ls .handloom/outbox/*/calls.jsonl >/dev/null 2>&1; then \
	  echo "clean: .handloom/outbox holds what MLflow has not got yet; run make send first, or remove it" >&2; exit 1; fi
	@rm -rf .venv .handloom .dvc/cache .dvc/tmp data/keypoints data/splits data/sample/photos data/sample/photos.parquet \
	  data/sample/clips data/sample/clips.parquet models reports exports mlflow.db mlruns *_cache .*_cache .hypothesis
