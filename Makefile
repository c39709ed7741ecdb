# Weft. `make run` builds and serves, `make test` installs what the tests need and runs them all.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
TOOLS    := $(GO) tool -modfile=tools/go.mod
COUNT    ?= 10
REF      ?= main
BENCH    ?= .
FILES    ?=
export CGO_ENABLED ?= 0
# One form of packages for the binary and for tests, or each would be compiled twice.
export GOFLAGS := $(strip $(filter-out -trimpath,$(GOFLAGS)) -trimpath)

.PHONY: run build test test-race test-long bench bench-compare lint fmt cover slt fuzz clean help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

run: build ## build and serve on 127.0.0.1:7600 with data in ./weft-data
	./bin/weft serve

build: ## build bin/weft, one static binary
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/weft ./cmd/weft

sdks/javascript/node_modules: sdks/javascript/package-lock.json
	@if command -v npm >/dev/null 2>&1; then npm ci --silent --prefix sdks/javascript && touch $@; \
	else echo "no npm: the types of the client for JavaScript are not checked"; fi

sdks/python/.deps: sdks/python/requirements-test.txt
	@if python3 -m pip --version >/dev/null 2>&1; then python3 -m pip install --quiet --disable-pip-version-check --target $@ --upgrade -r $< && touch $@; \
	else echo "no pip: the library for WebSockets in Python is not tested"; fi

test: build sdks/javascript/node_modules sdks/python/.deps ## run every test that takes seconds
	$(GO) vet ./...
	$(GO) test -count=1 ./internal/archtest/
	$(GO) test -timeout 15m ./...
	$(MAKE) test-race

test-race: ## the packages that run concurrently, under the race detector (which needs a C compiler)
	@if command -v $${CC:-cc} >/dev/null 2>&1; then \
		CGO_ENABLED=1 $(GO) test -race -short -timeout 20m ./storage/... ./kv/... ./document/... ./timeseries/... ./streaming/... ./continuous/... ./query/... ./server/... ./tests/feeds/... ./internal/deadline/ .; \
	else echo "no C compiler: the race detector is left out"; fi

test-long: build ## the long suites: more rounds, larger data, every file of public test data
	WEFT_LONG=1 $(GO) test -timeout 120m ./...
	@if command -v $${CC:-cc} >/dev/null 2>&1; then \
		CGO_ENABLED=1 WEFT_LONG=1 $(GO) test -race -timeout 60m -run 'TestHistories$$' ./storage/txn; \
	else echo "no C compiler: the histories are not checked under the race detector"; fi

bench: build ## benchmarks against named peers; ratios of one run
	$(GO) run ./bench/cmd/weft-bench -bin bin/weft $(BENCH_ARGS)

bench-compare: ## microbenchmarks of REF against the working tree: make bench-compare REF=main BENCH=. COUNT=10
	./tools/bench-compare.sh '$(REF)' '$(BENCH)' '$(COUNT)'

slt: ## run sqllogictest files: make slt FILES='a.test b.test'
	$(GO) run ./internal/slt/cmd $(FILES)

fuzz: ## every fuzz target for ten seconds
	./tools/fuzz.sh 10s

lint: ## formatting, vet, staticcheck, errorlint, the import rule
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "gofmt wants: $$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -C bench/engine .
	$(GO) vet -C bench/timeseries .
	$(GO) vet -C bench/streaming .
	$(TOOLS) staticcheck ./...
	$(TOOLS) go-errorlint -test=false -errorf -asserts -comparison ./...
	$(GO) test -count=1 ./internal/archtest/
	$(GO) mod verify

fmt: ## format the Go files
	gofmt -w $$(git ls-files '*.go')

cover: ## line coverage in cover.html
	$(GO) test -coverprofile=cover.out ./... && $(GO) tool cover -html=cover.out -o cover.html

clean: ## remove what the build made
	rm -rf bin cover.out cover.html
