#!/usr/bin/env bash
# Spark 4.1.1 with Iceberg 1.12.0 on the demo lake. Needs Java 17 and Maven.
source "$(dirname "$0")/../installed.sh"
venv spark pyspark==4.1.1
jars spark org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0
serve_catalog
export SPARK_LOCAL_IP=127.0.0.1 CUBELAKE_REPOSITORY="$repository" CUBELAKE_DEMO_LAKE="$demo_lake" CUBELAKE_CATALOG="$catalog_uri"
export CUBELAKE_SPARK_JARS="$jars_home"
"$venv_home/bin/python" "$(dirname "$0")/read_with_spark.py"
