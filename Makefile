# make run    set up a local environment and run the tour
# make test   set up and run the tests
# make lint   ruff, types, import rules
# make bench  figures against the peers installed
# make sweep N=200000   more random geometries than the tests take
# make convert N=1000   more random layers converted between frameworks than the tests take, with the count of each pair
# make images           draw the pictures under img/ anew

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run test lint bench sweep convert images clean
.DELETE_ON_ERROR:

run: $(VENV)/ready-to-run
	@$(BIN)/deconvs tour

test: $(VENV)/ready-to-develop
	@$(BIN)/python -m pytest

lint: $(VENV)/ready-to-develop
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/ready-to-develop
	@$(BIN)/python -m benchmarks.bench

sweep: $(VENV)/ready-to-develop
	@$(BIN)/python -m tests.sweep $(or $(N),100000)

convert: $(VENV)/ready-to-develop
	@$(BIN)/python -W ignore -m tests.convert_fuzz $(or $(N),250)

images: $(VENV)/ready-to-develop
	@$(BIN)/python -m tools.make_images

clean:
	rm -rf $(VENV) deconvs-tour build dist

# Each stamp is written last: an interrupted set-up is begun again.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "deconvs needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/ready-to-run: $(BIN)/python pyproject.toml constraints.txt
	@echo "Setting up $(VENV), once: deconvs with NumPy, SciPy, Pillow, resvg-py, Typer and Rich (about 300 MB)."
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/ready-to-develop: $(BIN)/python pyproject.toml constraints.txt
	@echo "Setting up $(VENV), once: deconvs with its development tools: pytest, Hypothesis, ruff, mypy, and the frameworks that it is compared with: PyTorch, TensorFlow, Keras, JAX, Flax, ONNX Runtime (about 3.3 GB)."
	@$(INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/ready-to-run
