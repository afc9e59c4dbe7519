# Two commands do all set-up on a fresh machine:
#   make demo   the whole loop on the bundled platform, told step by step
#   make test   everything that CI runs
SHELL := /bin/bash
GO    ?= go
# One for all: what a build needs is in go.mod and go.sum.
export GOWORK  := off
BIN   := $(CURDIR)/bin
export AGENTSEC_VAULT_BIN := $(BIN)/agentsec-vault

# What agentsec does not own comes from the environment only if a test asks for it.
unexport VAULT_ADDR VAULT_TOKEN VAULT_NAMESPACE

.PHONY: all build vault deps demo test lint unit nested soak bench clean
all: build

build:
	@mkdir -p $(BIN)
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/agentsec ./cmd/agentsec

# A real Vault core: many minutes on the first build, seconds from the build cache.
vault:
	@mkdir -p $(BIN)
	@test -x $(BIN)/agentsec-vault || echo "building the development Vault (8 to 20 minutes on the first time)…"
	cd cmd/agentsec-vault && CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o $(BIN)/agentsec-vault .

deps:
	@scripts/install-deps.sh

demo: deps build vault
	$(GO) run ./cmd/demo -agentsec $(BIN)/agentsec -vault-bin $(BIN)/agentsec-vault

test: deps build vault lint unit nested

lint:
	@out=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); if [ -n "$$out" ]; then echo "gofmt would change: $$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

unit:
	CGO_ENABLED=1 $(GO) test -race -timeout 15m ./...

# The nested module holds Vault's 400 modules. One set of build flags for build,
# vet and test: another set (the race detector's, say) compiles all of Vault again.
nested:
	cd cmd/agentsec-vault && export CGO_ENABLED=0 && $(GO) vet -trimpath ./... && $(GO) test -trimpath ./...

# Fuzzing of every parser that is ours; the last result is in SOAK.md.
FUZZTIME ?= 5m
soak: deps vault
	FUZZTIME=$(FUZZTIME) scripts/soak.sh

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./scanner ./rules

clean:
	rm -rf $(BIN)
