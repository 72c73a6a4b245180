#!/usr/bin/env bash
# compare-engines.sh LAKE TABLE...: every engine and our SQL say the same of the tables of a lake.
source "$(dirname "$0")/../installed.sh"
engines="$(cd "$(dirname "$0")/../engines" && pwd)"
source "$engines/engines.sh"
source "$engines/trino.sh"
export LC_ALL=C.UTF-8
demo_lake="$1"
shift
serve_catalog
start_trino "$catalog_uri" > "$demo_lake/trino.log" 2>&1 || { tail -20 "$demo_lake/trino.log"; exit 1; }
node "$engines/read-with-cubelake.ts" "$demo_lake" "$@" > "$demo_lake/cubelake.json" 2> "$demo_lake/cubelake.log"
for engine in pyiceberg trino spark duckdb; do
  TRINO_URI="$trino_uri" bash "$engines/read-table.sh" "$engine" "$catalog_uri" "$@" > "$demo_lake/$engine.json" 2> "$demo_lake/$engine.log" ||
    { tail -20 "$demo_lake/$engine.log"; exit 1; }
done
cd "$demo_lake"
node "$engines/compare.ts" cubelake.json pyiceberg.json trino.json spark.json duckdb.json || { cat cubelake.log; exit 1; }
