# The commands of daily work. Each does what it needs first, says what it does, and skips what is done.
.DEFAULT_GOAL := help
.PHONY: help setup run build dist engines test lint bench fmt clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what building and testing need (Debian, npm and PyPI packages)
	@scripts/setup.sh

run: ## Build and start a node with a demo organisation on https://localhost:8443 (DEMO=0: an empty one)
	@scripts/run.sh

build: ## Build every binary of the product into ./target/release
	@scripts/build.sh

dist: ## Build the node and its engine as they ship into ./target/dist (an hour the first time on two cores)
	@scripts/dist.sh

engines: ## Build the engine for AVX-512 and for old processors too
	@scripts/engines.sh

test: ## Run every test: interface, Rust, browser story, checks from outside
	@scripts/test.sh

lint: ## Check formatting, lints, generated files and the rules of STYLE.md
	@scripts/lint.sh

bench: ## Measure the node and write docs/benchmarks (TOPIC=http, gateway or inference; PROFILE=dist: as it ships)
	@scripts/bench.sh

fmt: ## Format the sources
	@scripts/format.sh

clean: ## Delete what was built; the data directory stays
	@scripts/clean.sh
