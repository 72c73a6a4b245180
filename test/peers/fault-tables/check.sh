#!/usr/bin/env bash
# Tables that went through kills, lost answers and maintenance read the same in pyiceberg, Spark, Trino, DuckDB and our SQL.
source "$(dirname "$0")/../installed.sh"
here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d "$peers_home/fault-tables-XXXXXX")"
trap 'rm -rf "$work"' EXIT
node "$here/make-lakes.ts" "$work"
# The simulated ones first: they are quick.
for lake in "$work"/seed-*/ "$work"/killed/; do bash "$here/compare-engines.sh" "${lake%/}" gold.plots; done
