# Everything builds itself in .venv from a bare python3 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_NO_CONFIG := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-long browser-test screenshots check format rules texts lock benchmarks clean

help: ## Show what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.runtime ## Play the whole story on a sandbox Slack and Entra, at the terminal and on a page; stay up for you to try
	@$(BIN)/python -m sandbox.demo

test: $(VENV)/.dev ## Run the test suite (all but the long tests and those in a browser)
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile -m "not long" --ignore tests/browser

test-long: $(VENV)/.dev ## Run the tests that wait for real clocks: kills, outages, quiet hours
	@$(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder -m long

browser-test: $(VENV)/.dev ## Run the browser tests; they need Chromium
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/browser

screenshots: $(VENV)/.dev ## Take the golden screenshots and the images of the docs anew; needs Chromium
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/browser --renew

check: $(VENV)/.dev ## Formatting, lint, types, import rules, generated pages, translations, compose file
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m bot.domain.rules_page | diff -u docs/rules.md - || { echo "docs/rules.md is stale: make rules"; exit 1; }
	@$(BIN)/python -m bot.texts --check
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

format: $(VENV)/.dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

rules: $(VENV)/.runtime ## Write docs/rules.md from the decision table
	@$(BIN)/python -m bot.domain.rules_page > docs/rules.md.new && mv docs/rules.md.new docs/rules.md

texts: $(VENV)/.dev ## List the texts for people and bring the translations up to date
	@$(BIN)/python -m bot.texts

benchmarks: $(VENV)/.dev ## Run every benchmark; each prints its figures as JSON
	@missed=0; for script in benchmarks/*.py; do echo "# $$script"; $(BIN)/python $$script || missed=1; done; exit $$missed

lock: $(VENV)/.bootstrap ## Lock dependencies anew, with hashes and without addresses
	@cd requirements && ../$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header bootstrap.in -o bootstrap.txt
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/runtime.txt
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --extra dev pyproject.toml -c requirements/runtime.txt -o requirements/dev.txt

clean: ## Remove what was built (the sandbox's and the bot's state stay)
	@rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.bootstrap: requirements/bootstrap.txt
	@echo "Preparing $(VENV) (once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml $(VENV)/.bootstrap
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/runtime.txt
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Installing the development tools (once) …"
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@
