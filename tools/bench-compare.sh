#!/usr/bin/env bash
# Runs the microbenchmarks of a revision and of the working tree, and shows both by benchstat.
# usage: bench-compare.sh REF BENCH COUNT [PACKAGES]
set -euo pipefail
ref=${1:?revision} bench=${2:-.} count=${3:-10} packages=${4:-./...}
top=$(git rev-parse --show-toplevel)
work=$(mktemp -d)
trap 'git -C "$top" worktree remove --force "$work/old" >/dev/null 2>&1; rm -rf "$work"' EXIT
git -C "$top" worktree add --quiet --detach "$work/old" "$ref"
run() { (cd "$1" && go test -run '^$' -bench "$bench" -benchmem -count "$count" $packages) | grep -E '^(Benchmark|goos|goarch|pkg|cpu)' >"$2"; }
run "$work/old" "$work/old.txt"
run "$top" "$work/new.txt"
(cd "$top" && go tool -modfile=tools/go.mod benchstat "$work/old.txt" "$work/new.txt")
