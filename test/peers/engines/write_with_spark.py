"""write_with_spark.py CATALOG_URI: Spark makes, fills, evolves, deletes from, updates, merges, renames and drops tables.

peer_spark.cow rewrites files, peer_spark.mor leaves delete files beside them."""
import sys
import time

from spark_session import open_spark

spark = open_spark(sys.argv[1])
spark.sql("CREATE NAMESPACE lake.peer_spark COMMENT 'of Spark'")
spark.sql("ALTER NAMESPACE lake.peer_spark SET PROPERTIES ('season' = '2026')")
described = {row[0]: row[1] for row in spark.sql("DESCRIBE NAMESPACE EXTENDED lake.peer_spark").collect()}
assert "season" in described["Properties"], described


def run(statement):
    # No two snapshots of one millisecond.
    time.sleep(0.05)
    spark.sql(statement)


source = "id, IF(id % 2 = 0, 'knox', 'linn') farm, date_add(DATE'2026-06-01', CAST(id % 3 AS int)) day, id / 8.0D mean"
for name, mode in (("cow", "copy-on-write"), ("mor", "merge-on-read")):
    table = f"lake.peer_spark.{name}"
    modes = ", ".join(f"'write.{each}.mode' = '{mode}'" for each in ("delete", "update", "merge"))
    run(f"CREATE TABLE {table} (id bigint, farm string, day date, mean double) USING iceberg PARTITIONED BY (farm, days(day)) TBLPROPERTIES ({modes})")
    run(f"INSERT INTO {table} SELECT {source} FROM range(1000)")
    run(f"ALTER TABLE {table} ADD COLUMN plot_count int")
    run(f"INSERT INTO {table} SELECT {source}, CAST(id AS int) plot_count FROM range(1000, 1200)")
    run(f"DELETE FROM {table} WHERE id % 10 = 3")
    run(f"UPDATE {table} SET mean = -1 WHERE id % 10 = 4")
    run(f"MERGE INTO {table} t USING (SELECT {source}, 7 plot_count FROM range(1190, 1210)) u ON t.id = u.id "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
    run(f"DELETE FROM {table} WHERE farm = 'linn' AND day = DATE'2026-06-02'")
spark.sql("CREATE TABLE lake.peer_spark.before USING iceberg AS SELECT 1 a")
spark.sql("ALTER TABLE lake.peer_spark.before RENAME TO peer_spark.after")
assert spark.sql("SELECT a FROM lake.peer_spark.after").first()[0] == 1
spark.sql("CREATE TABLE lake.peer_spark.gone USING iceberg AS SELECT 1 a")
spark.sql("DROP TABLE lake.peer_spark.gone PURGE")
names = sorted(row.tableName for row in spark.sql("SHOW TABLES IN lake.peer_spark").collect())
assert names == ["after", "cow", "mor"], names
spark.sql("CREATE NAMESPACE lake.peer_empty")
spark.sql("DROP NAMESPACE lake.peer_empty")
assert "peer_empty" not in [row[0] for row in spark.sql("SHOW NAMESPACES IN lake").collect()]
spark.stop()
