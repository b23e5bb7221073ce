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

# Where `make install` on Linux gets PyTorch's build for the CPU, from PyTorch itself. The package index has the build with
# CUDA, 3.7 GB more on disk: `make install TORCH_INDEX=` takes that one.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

# `make install LOCKED=1` takes requirements.lock, where each file has its hash. Those are the package index's files, on Linux
# with CUDA: PyTorch's own index has others.
LOCKED ?=

.DEFAULT_GOAL := help
.PHONY: help install lock repro test swift lint format params bench pictures docs ui send reproduce clean purge system

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

system: ## check Python and the system libraries
	@$(PYTHON) -c 'import sys; sys.exit("handloom: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@PYTHONPATH=src $(PYTHON) -m handloom.support.system_libraries

install: $(READY) ## make .venv with the tested versions of everything (3.4 GB, minutes)

$(READY): pyproject.toml constraints.txt | system
	@echo "install: fetches about 220 packages into .venv, 3.4 GB on disk; this takes minutes, once"
	$(PYTHON) -m venv .venv
	@if [ -n "$(LOCKED)" ]; then \
	  $(BIN)/python -m pip install --disable-pip-version-check --require-hashes --requirement requirements.lock; \
	elif [ "$$(uname)" = Linux ] && [ -n "$(TORCH_INDEX)" ]; then \
	  $(BIN)/python -m pip install --disable-pip-version-check --no-deps --retries 1 --timeout 20 \
	    --index-url "$(TORCH_INDEX)" "$$(grep '^torch==' constraints.txt)" || \
	  echo "install: no CPU build of PyTorch from $(TORCH_INDEX); the package index's is taken, with CUDA 3.7 GB more"; fi
	$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@

lock: $(READY) ## write requirements.lock: the versions of constraints.txt for Linux and macOS, with hashes
	@python -m pip install --quiet --disable-pip-version-check uv
	@python -m uv pip compile pyproject.toml --extra dev --constraint constraints.txt --universal --python-version 3.11.5 \
	  --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command 'make lock' --quiet --output-file requirements.lock

repro: $(READY) | system ## run the whole pipeline: pictures in, Core ML models out
	@dvc repro

test: $(READY) | system ## run all tests
	@pytest --numprocesses 2 --no-loadscope-reorder

swift: $(READY) ## build HandloomKit and run its tests, where there is a Swift toolchain (part of make test)
	@pytest --quiet --numprocesses 0 tests/export/test_swift_build.py || [ $$? = 5 ]  # 5: left out

lint: $(READY) ## check style, types, and which module imports which
	@ruff check .
	@ruff format --check .
	@python tests/check_structure.py
	@mypy

format: $(READY) ## fix style
	@ruff check --fix .
	@ruff format .

params: $(READY) ## compose params.yaml from conf/
	@handloom params

bench: $(READY) ## run the benchmarks that need no other data
	@for benchmark in benchmarks/bench_*.py; do python $$benchmark; done

pictures: $(READY) ## draw the pictures of README and docs again
	@python docs/draw_pictures.py
	@python docs/draw_gestures.py
	@python docs/draw_recogniser.py

docs: $(READY) ## build the docs site into build/site and check its links
	@NO_MKDOCS_2_WARNING=1 mkdocs build --quiet --strict

ui: $(READY) ## open the runs in MLflow, on this computer only, or the server of MLFLOW_TRACKING_URI in a browser
	@handloom ui

send: $(READY) ## send what was logged while the MLflow server could not be reached
	@handloom send

reproduce: $(READY) ## make a run again and compare: make reproduce RUN=<its MLflow id>
	@handloom reproduce "$(RUN)"

clean: ## remove the environment and the caches of tools; data, models and runs stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build src/handloom.egg-info

# data/sample/ is drawn again; photos and videos of your own are in none of these, though DVC's cache may hold their versions.
MADE := .handloom .dvc/cache .dvc/tmp data/keypoints data/splits data/streams data/sample/photos data/sample/photos.parquet \
  data/sample/clips data/sample/clips.parquet models reports exports mlflow.db mlruns

purge: ## remove models, reports, runs, joints and DVC's cache too: lists them first, then make purge CONFIRM=1
	@if ls .handloom/outbox/*/calls.jsonl >/dev/null 2>&1; then \
	  echo "purge: .handloom/outbox holds what MLflow has not got yet; run handloom send first, or remove it" >&2; exit 1; fi
	@for path in $(MADE); do if [ -e $$path ]; then du -sh $$path; fi; done
	@if [ "$(CONFIRM)" != 1 ]; then \
	  echo "purge: removes these for good, DVC's versions of your data included; type make purge CONFIRM=1" >&2; exit 1; fi
	@rm -rf $(MADE)
