# Every command of the project. `make` or `make help` lists them.

VENV ?= .venv
SMOKE ?= .smoke
PYTHON ?= $(shell for name in python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null \
	&& { echo $$name; break; }; done)
INSTALLED = $(VENV)/.installed
DVC_LOCAL = .dvc/config.local
MARK = .copy-of-the-project

# Stages call plain `python`: it must be the environment's.
export PATH := $(abspath $(VENV))/bin:$(PATH)
export PYTHONUNBUFFERED = 1

.DELETE_ON_ERROR:
.PHONY: help reproduce test smoke book clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "SCALE=<name of a file in params/scale> goes with reproduce and book."

reproduce: $(INSTALLED) $(DVC_LOCAL)  ## run the pipeline (dvc repro), then build the book
	$(if $(SCALE),proxyreward params scale=$(SCALE))
	@python -m proxyreward.pipeline.mending
	dvc repro
	$(MAKE) book SCALE=$$(proxyreward params --get scale)

test: $(INSTALLED)  ## check the code's style and run all tests
	ruff check src tests benchmarks notebooks
	OMP_NUM_THREADS=1 python -m pytest -q -n auto --maxprocesses 4 --dist loadfile \
		--no-loadscope-reorder --durations=10

# Runs in a copy, so that not even a killed run touches params.yaml, dvc.lock or results/.
smoke: $(INSTALLED)  ## run the whole pipeline and book at the smallest scale, in a copy
	@test "$(SMOKE)" = .smoke || test -z "$$(ls -A "$(SMOKE)" 2>/dev/null)" || test -e "$(SMOKE)/$(MARK)" \
		|| { echo "SMOKE=$(SMOKE): holds something other than an earlier copy, which would be lost;\
	 name a new folder" >&2; exit 2; }
	rm -rf "$(SMOKE)"
	mkdir -p "$(SMOKE)"
	touch "$(SMOKE)/$(MARK)"
	tar -c --exclude=./.git --exclude="./$(VENV)" --exclude="./$(SMOKE)" --exclude=./.smoke \
		--exclude=./outputs --exclude=./runs --exclude=./book/_build --exclude=./.dvc/cache --exclude=./.dvc/tmp \
		--exclude=__pycache__ . | tar -x -C "$(SMOKE)"
	cd "$(SMOKE)" && export PYTHONPATH="$$PWD/src" \
		&& dvc config --quiet --local core.no_scm true \
		&& proxyreward params scale=smoke \
		&& dvc repro \
		&& proxyreward book --scale smoke

# Scales named real-… hold no embedded world, so the book keeps to its default beside them.
book: $(INSTALLED)  ## build the book from the tracked results alone
	proxyreward book $(addprefix --scale ,$(filter-out real-%,$(SCALE)))

clean:  ## remove the environment, outputs and built pages; results and the DVC cache stay
	rm -rf .venv .smoke outputs book/_build .pytest_cache .ruff_cache src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed, and none of python3.11, python3 and\
	 python is one. Install it, or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "installing the locked versions into $(VENV); this takes some minutes"
	$(PYTHON) -m venv "$(VENV)"
	python -m pip install --quiet -r requirements.lock
	python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# Without Git (in a tarball, say), DVC has to be told so.
$(DVC_LOCAL): | $(INSTALLED)
	@git rev-parse --git-dir >/dev/null 2>&1 || dvc config --local core.no_scm true
	@touch $@
