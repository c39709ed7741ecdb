#!/usr/bin/env bash
# Runs every fuzz target of the tree for a while, one after the other.
# usage: fuzz.sh DURATION
set -euo pipefail
each=${1:-10s}
cd "$(git rev-parse --show-toplevel)"
git grep -lE '^func Fuzz' -- '*_test.go' | while read -r file; do
  dir=./$(dirname "$file")
  grep -oE '^func Fuzz[A-Za-z0-9_]*' "$file" | sed 's/func //' | while read -r target; do
    echo "== $dir $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$each" "$dir"
  done
done
