#!/usr/bin/env bash
# The Spark job on a real Kafka: killed twice, a sensor without columns, lost messages, a topic made again; and rows as the sink writes them
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/../installed.sh"
source "$here/../engines/at-exit.sh"
source "$here/../edge-servers/kafka.sh"
folder="$(mktemp -d "$peers_home/spark-sink-XXXXXX")"
at_exit "rm -rf $folder"
venv python numpy==2.4.6 pyarrow==26.0.1 zarr==3.1.6 xarray==2025.12.0 'pyiceberg[pyarrow,sql-sqlite]==0.12.0'
python="$venv_home/bin/python"
venv spark-sink pyspark==4.1.1 pyarrow==24.0.0 pandas==2.3.3 numpy==2.4.6 pyproj==3.7.2
jars spark org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0
spark_jars="$jars_home"
jars spark-kafka org.apache.spark:spark-sql-kafka-0-10_2.13:4.1.1
# Without the Scala and Hadoop that come beside them: Spark has its own.
spark_jars="$spark_jars/*$(printf ':%s' "$jars_home"/{spark-sql-kafka,spark-token,kafka-clients,commons-pool2}*.jar)"
export SPARK_LOCAL_IP=127.0.0.1 LC_ALL=C.UTF-8
JAVA_HOME="$(java_home 17)"
export JAVA_HOME
start_kafka
node "$here/spark-sink.ts" "$kafka_address" "$folder" "$venv_home/bin" "$spark_jars" || { tail -n 90 "$folder"/*.log; exit 1; }
"$python" "$here/compare_lakes.py" "$folder/by-spark" "$folder/by-sink" "$folder/spool/payloads"
