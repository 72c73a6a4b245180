#!/usr/bin/env bash
# Spark, Trino, pyiceberg and DuckDB read a table of ours, three of them write their own, and all agree with our SQL.
source "$(dirname "$0")/../installed.sh"
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/engines.sh"
source "$here/trino.sh"
engines_venv
spark_environment
work="$(mktemp -d "$peers_home/engines-XXXXXX")"
# Blanks and letters beyond ASCII are in the paths of many homes; Java takes the names of files in the locale's encoding.
export LC_ALL=C.UTF-8
demo_lake="$work/grüne Wiese (lake)"
node "$here/own-table.ts" "$demo_lake"
serve_catalog
at_exit "rm -rf $work"
start_trino "$catalog_uri"
engines_venv
"$venv_home/bin/python" "$here/write_with_pyiceberg.py" "$catalog_uri"
node "$here/write-with-trino.ts" "$trino_uri"
spark_environment
"$venv_home/bin/python" "$here/write_with_spark.py" "$catalog_uri" 2> "$work/spark.log" || { tail -20 "$work/spark.log"; exit 1; }

tables=(silver.samples peer_pyiceberg.cow peer_trino.whole peer_trino.mor peer_spark.cow peer_spark.mor)
node "$here/read-with-cubelake.ts" "$demo_lake" "${tables[@]}" > "$work/cubelake.json" 2> "$work/cubelake.log"
for engine in pyiceberg trino spark duckdb; do
  TRINO_URI="$trino_uri" bash "$here/read-table.sh" "$engine" "$catalog_uri" "${tables[@]}" > "$work/$engine.json" 2> "$work/$engine.log" ||
    { tail -20 "$work/$engine.log"; exit 1; }
done
cd "$work"
node "$here/compare.ts" cubelake.json pyiceberg.json trino.json spark.json duckdb.json || { cat cubelake.log; exit 1; }
