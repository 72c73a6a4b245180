#!/usr/bin/env bash
# read-table.sh ENGINE CATALOG_URI TABLE...: facts of tables as one engine sees them, as one line of JSON (see README.md).
source "$(dirname "$0")/../installed.sh"
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/engines.sh"
engine="$1"
shift
case "$engine" in
  pyiceberg | duckdb)
    engines_venv >&2
    "$venv_home/bin/python" "$here/read_with_$engine.py" "$@"
    ;;
  spark)
    spark_environment >&2
    "$venv_home/bin/python" "$here/read_with_spark.py" "$@"
    ;;
  trino)
    source "$here/trino.sh"
    if [ -n "${TRINO_URI:-}" ]; then trino_uri="$TRINO_URI"; else start_trino "$1" >&2; fi
    node "$here/read-with-trino.ts" "$trino_uri" "${@:2}"
    ;;
  *)
    echo "Expected pyiceberg, spark, trino or duckdb, got $engine." >&2
    exit 64
    ;;
esac
