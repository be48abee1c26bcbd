# make run    set up a local environment and run the tour
# make test   set up and run the tests
# make lint   ruff, types, import rules
# make bench  figures against the peers installed
# make sweep N=200000   more random geometries than the tests take
# make convert N=1000   more random layers converted between frameworks than the tests take, with the count of each pair
# make images           draw the pictures under img/ anew
# make native           compile the native core anew, only what has changed, into src/deconvs
# make native-asan      its tests under AddressSanitizer and UndefinedBehaviorSanitizer
# make native-tsan      its tests under ThreadSanitizer
# make native-neon      its tests compiled for ARM, and run where there is qemu

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# As variables the pins also hold for the tools that build the core: older versions of pip know the first, newer the second.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
# What an install is made of, apart from Python files, which are used where they are.
SOURCES := pyproject.toml constraints.txt $(wildcard native/CMakeLists.txt native/*.py native/src/*)
CORE = $(BIN)/python -c 'from deconvs.run import native; native.load() or print("No native core, NumPy computes:", native.why_not())'

.PHONY: run test browser lint bench sweep convert images native native-asan native-tsan native-wide native-neon clean
.DELETE_ON_ERROR:

run: $(VENV)/ready-to-run
	@$(BIN)/deconvs tour

test: $(VENV)/ready-to-develop browser
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

native: $(VENV)/ready-to-develop
	@$(BIN)/cmake -S native -B build/native -G Ninja -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python \
		-DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja
	@$(BIN)/cmake --build build/native

# The C++ tests, then the package's own on a copy of it whose core is compiled so too. Python's memory stays as it is at
# its end, which is no leak of ours; both libraries are preloaded, or C++ exceptions are thrown past the sanitizer.
native-asan: SANITIZE := address,undefined
native-asan: PRELOADED := libasan.so libubsan.so libstdc++.so
native-asan: export ASAN_OPTIONS := detect_leaks=0
native-asan: export UBSAN_OPTIONS := print_stacktrace=1
native-tsan: SANITIZE := thread
native-tsan: PRELOADED := libtsan.so libstdc++.so
# Nothing sanitized, so the tests are run in full. WIDE=ON adds these kernels to the sanitized ones too: native-asan then
# takes twice as long to compile.
WIDE ?= OFF
native-wide: SANITIZE :=
native-wide: WIDE := ON
native-asan native-tsan native-wide: $(VENV)/ready-to-develop
	@rm -rf build/$@/package && mkdir -p build/$@/package && cp -R src/deconvs build/$@/package/
	@rm -f build/$@/package/deconvs/_native.*.so
	@$(BIN)/cmake -S native -B build/$@ -G Ninja -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python \
		-DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja -DCMAKE_BUILD_TYPE=Release -DDECONVS_SANITIZE=$(SANITIZE) \
		-DDECONVS_AVX512_BY_AVX2=$(WIDE) \
		-DDECONVS_NATIVE_TESTS=ON -DDECONVS_OUTPUT=$(CURDIR)/build/$@/package/deconvs
	@$(BIN)/cmake --build build/$@
	@env -u ASAN_OPTIONS $(BIN)/ctest --test-dir build/$@ --output-on-failure
	@env PYTHONPATH=build/$@/package DECONVS_TESTED=$(CURDIR)/build/$@/package/deconvs DECONVS_SANITIZED=$(SANITIZE) \
		$(if $(PRELOADED),LD_PRELOAD="$(foreach library,$(PRELOADED),$$($${CXX:-c++} -print-file-name=$(library)))") \
		$(BIN)/python -m pytest -n0 -q -p no:cacheprovider $(wildcard tests/test_native*.py tests/test_pool.py)

native-neon: $(VENV)/ready-to-develop
	@command -v aarch64-linux-gnu-g++ > /dev/null \
		|| { echo "the ARM compiler is missing: apt install g++-aarch64-linux-gnu, and qemu-user to run what it makes"; exit 1; }
	@$(BIN)/cmake -S native -B build/$@ -G Ninja -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja -DDECONVS_PYTHON=OFF \
		-DDECONVS_NATIVE_TESTS=ON -DCMAKE_TOOLCHAIN_FILE=aarch64.cmake
	@$(BIN)/cmake --build build/$@
	@if command -v qemu-aarch64 > /dev/null; then $(BIN)/ctest --test-dir build/$@ --output-on-failure; \
		else echo "compiled, not run: apt install qemu-user"; fi

# The browser that the tests open pages in: one that is there, Debian's where apt-get may install it, or Playwright's.
browser: $(VENV)/ready-to-develop
	@$(BIN)/python -m tests.browser && exit 0; \
	echo "Setting up a browser for the tests: chromium."; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get install -y -qq chromium > /dev/null 2>&1 \
		|| { apt-get update -qq > /dev/null 2>&1 && apt-get install -y -qq chromium > /dev/null 2>&1; } \
		|| $(BIN)/python -m playwright install chromium > /dev/null 2>&1 \
		|| echo "No browser could be installed: install chromium, or name a browser in DECONVS_BROWSER."

clean:
	rm -rf $(VENV) deconvs-tour build dist src/deconvs/_native.*.so

# Each stamp is written last: an interrupted set-up is begun again.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "deconvs needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/ready-to-run: $(BIN)/python $(SOURCES)
	@echo "Setting up $(VENV): deconvs with NumPy, SciPy, Pillow, resvg-py, Typer and Rich (about 300 MB); compiling its native core, a minute or so."
	@$(INSTALL) --editable .
	@$(CORE)
	@touch $@

$(VENV)/ready-to-develop: $(BIN)/python $(SOURCES)
	@echo "Setting up $(VENV): deconvs with its development tools: pytest, Hypothesis, ruff, mypy, CMake, and the frameworks that it is compared with: PyTorch, TensorFlow, Keras, JAX, Flax, ONNX Runtime, OpenVINO (about 3.5 GB); compiling its native core, a minute or so."
	@$(INSTALL) --editable '.[dev]'
	@$(CORE)
	@touch $@ $(VENV)/ready-to-run
