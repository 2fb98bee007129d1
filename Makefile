# Everything that a clone needs: `make demo`, `make test`, `make check`. See CONTRIBUTING.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
GPU_READY := $(VENV)/gpu-ready
TORCH := torch==2.13.0

.PHONY: help setup gpu demo test check format lock docs synth clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: $(READY) ## Install everything into .venv

$(READY): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.8
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python requirements/dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

gpu: $(GPU_READY) ## Add torch and diffusers to .venv, for gpu_functions and tests/gpu

# pip fetches torch, since it prefers a CPU build where one is at hand; uv would not look.
$(GPU_READY): $(READY) requirements/gpu.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements/dev.lock $(TORCH)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements/gpu.lock
	@touch $@

demo: $(READY) ## Run examples/first-batch through the whole system on this machine
	@$(BIN)/dropreel run examples/first-batch --out out/first-batch

test: $(READY) ## Run all tests, a process for each folder of tests
	@$(BIN)/python scripts/run_tests.py

check: $(READY) ## Lint, types, templates, freshness of generated docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m shared.manifest.schema --check
	@$(BIN)/python -m shared.safety.schema --check
	@$(BIN)/python -m shared.catalog.docs --check
	@$(BIN)/python -m shared.providers.reference --check
	@$(BIN)/python -m shared.jobs.page --check
	@$(BIN)/python -m gpu_functions.speed_rules --check
	@$(BIN)/python -m bench.page --check
	@$(BIN)/python scripts/build_motion_editor.py --check

format: $(READY) ## Put the code into its one format
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

docs: $(READY) ## Write the generated pages anew
	@$(BIN)/python -m shared.manifest.schema
	@$(BIN)/python -m shared.safety.schema
	@$(BIN)/python -m shared.catalog.docs
	@$(BIN)/python -m shared.providers.reference
	@$(BIN)/python -m shared.jobs.page
	@$(BIN)/python -m gpu_functions.speed_rules
	@$(BIN)/python -m bench.page
	@$(BIN)/python scripts/build_motion_editor.py

synth: $(READY) ## Make the CloudFormation templates for AWS in cdk.out
	@CDK_OUTDIR=cdk.out $(BIN)/python app.py

lock: $(READY) ## Pin the newest versions that requirements/dev.in allows
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-emit-index-url \
		requirements/dev.in -o requirements/dev.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-emit-index-url \
		--constraint requirements/dev.lock --override requirements/without-torch.txt \
		requirements/gpu.in -o requirements/gpu.lock

clean: ## Forget everything that was made
	rm -rf $(VENV) .dropreel cdk.out out build
