# shellcheck shell=bash
# Sourced after ../installed.sh: what the engines need, with pinned versions.

engines_venv() {
  venv engines pyarrow==26.0.1 'pyiceberg[pyarrow,pyiceberg-core,sql-sqlite]==0.12.0' duckdb==1.5.5 \
    duckdb-extension-httpfs==1.5.5 duckdb-extension-avro==1.5.5 duckdb-extension-iceberg==1.5.5
}

spark_environment() {
  venv spark pyspark==4.1.1
  jars spark org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0
  export SPARK_LOCAL_IP=127.0.0.1 CUBELAKE_SPARK_JARS="$jars_home"
}
