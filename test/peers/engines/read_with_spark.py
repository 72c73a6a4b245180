"""read_with_spark.py CATALOG_URI TABLE...: facts of tables as Spark sees them."""
import datetime
import json
import sys

from spark_session import open_spark

uri, *names = sys.argv[1:]
spark = open_spark(uri)
NUMBERS = {"tinyint", "smallint", "int", "bigint", "float", "double"}
EPOCH = datetime.datetime(1970, 1, 1)


def facts(name):
    table = f"lake.{name}"
    columns = spark.table(table).dtypes
    parts = ["count(*)"]
    for column, kind in columns:
        parts += [f"count(`{column}`)", f"sum(CAST(`{column}` AS DOUBLE))" if kind in NUMBERS else "NULL"]
    row = spark.sql(f"SELECT {', '.join(parts)} FROM {table}").first()
    values = {}
    for index, (column, kind) in enumerate(columns):
        total = row[2 + 2 * index]
        values[column] = [row[1 + 2 * index], (total or 0.0) if kind in NUMBERS else None]
    snapshots = []
    for snapshot_id, micros in spark.sql(f"SELECT snapshot_id, unix_micros(committed_at) FROM {table}.snapshots ORDER BY committed_at").collect():
        by_id = spark.sql(f"SELECT count(*) FROM {table} VERSION AS OF {snapshot_id}").first()[0]
        time = (EPOCH + datetime.timedelta(microseconds=micros)).isoformat(sep=" ")
        by_time = spark.sql(f"SELECT count(*) FROM {table} TIMESTAMP AS OF '{time}'").first()[0]
        snapshots.append(dict(id=str(snapshot_id), timestampMs=micros // 1000, rowsById=by_id, rowsByTime=by_time))
    listed = spark.sql(f"SELECT * FROM {table}.partitions")
    partitions = {}
    if "partition" in listed.columns:
        for each in listed.select("partition", "record_count").collect():
            named = each[0].asDict()
            text = "/".join(f"{field}={'null' if value is None else value}" for field, value in named.items())
            partitions[text] = each[1]
    return dict(rows=row[0], columns=values, snapshots=snapshots, partitions=partitions)


print(json.dumps({name: facts(name) for name in names}))
spark.stop()
