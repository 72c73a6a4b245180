#!/usr/bin/env bash
# The wide layout measured: a FLOAT column per band, one list<float>, lists of 32 bands; 224, 285, 426 and 1000 bands; tables of 1, 100
# and 10 000 files. Writes bench/results/wide-layout.json in some ten minutes on 2 cores. Needs 1 GB of disk, Java 17 and 24 or newer, Maven.
#
#   nice -n 10 bash bench/wide-layout/run.sh [FOLDER]     FOLDER is remade and keeps files and answers; a temporary one by default
#
# pyarrow writes all layouts from the same pixels with the same options (seed 1); our own writer writes the columns too, and is
# timed. The files of one table are hard links to one file: a farm-day is one of them, so the number of files tells on planning.
# Times are medians of three after one run that does not count; pages of the files are in the system's cache.
source "$(dirname "$0")/../../test/peers/installed.sh"
source "$repository/test/peers/engines/trino.sh"
here="$repository/bench/wide-layout"
work="${1:-$(mktemp -d)}"
rm -rf "$work"
mkdir -p "$work/files" "$work/lake"

venv wide numpy==2.4.6 pyarrow==26.0.1 duckdb==1.5.5 duckdb-extension-avro==1.5.5 duckdb-extension-iceberg==1.5.5
wide_python="$venv_home/bin/python"
venv spark pyspark==4.1.1
jars spark org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0

node "$here/make-plan.ts" > "$work/plan.json"
"$wide_python" "$here/write_files.py" "$work/plan.json" "$work/files" "$work/files/written.json"
node "$here/make-lake.ts" "$work/files" "$work/lake" "$work/lake.json"
"$wide_python" "$here/ask_duckdb.py" "$work/plan.json" "$work/lake.json" "$work/lake" "$work/duckdb.json"

demo_lake="$work/lake"
touch "$work/lake/queue.sqlite"
serve_catalog
export SPARK_LOCAL_IP=127.0.0.1
"$venv_home/bin/python" "$here/ask_spark.py" "$work/plan.json" "$catalog_uri" "$jars_home" "$work/spark.json"
TRINO_HEAP=2g TRINO_COMPILER=-XX:+TieredCompilation start_trino "$catalog_uri"
node "$here/ask-trino.ts" "$work/plan.json" "$trino_uri" "$work/trino.json"
node "$here/gather.ts" "$work" "$repository/bench/results/wide-layout.json"
