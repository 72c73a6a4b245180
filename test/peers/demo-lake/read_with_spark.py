"""Spark with Iceberg reads every table of the demo lake through `cubelake catalog serve`: counts and sums are those of our SQL."""
import glob
import os

from pyspark.sql import SparkSession

import lake

jars = ",".join(sorted(glob.glob(os.path.join(os.environ["CUBELAKE_SPARK_JARS"], "*.jar"))))
catalog = "spark.sql.catalog.demo"
spark = (SparkSession.builder.master("local[2]").appName("peer").config("spark.jars", jars)
         .config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
         .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
         .config("spark.driver.memory", "2g")
         # Its start is most of what it does here, and is quicker with the first compiler alone.
         .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
         .config("spark.sql.shuffle.partitions", "2").config("spark.sql.session.timeZone", "UTC")
         .config(catalog, "org.apache.iceberg.spark.SparkCatalog").config(f"{catalog}.type", "rest")
         .config(f"{catalog}.uri", os.environ["CUBELAKE_CATALOG"]).getOrCreate())
spark.sparkContext.setLogLevel("ERROR")
for name in lake.tables():
    row_count, columns = lake.facts(name)
    parts = ["count(*)"]
    for column, (kind, _, _) in columns.items():
        total = f"sum(CAST(`{column}` AS DOUBLE))" if kind in lake.NUMBERS else f"count(DISTINCT `{column}`)"
        parts += [f"count(`{column}`)", total]
    row = spark.sql(f"SELECT {', '.join(parts)} FROM demo.{name}").first()
    assert row[0] == row_count, f"{name}: our SQL counts {row_count} rows, Spark {row[0]}"
    for index, (column, ours) in enumerate(columns.items()):
        lake.assert_same(name, column, ours, (row[1 + 2 * index], row[2 + 2 * index]))
    snapshots = spark.sql(f"SELECT count(*) FROM demo.{name}.snapshots").first()[0]
    ours = lake.sql(f"SELECT count(*) FROM lake.snapshots WHERE table_name = '{name}'")[0][0]
    assert snapshots == ours, f"{name}: our SQL lists {ours} snapshots, Spark {snapshots}"
spark.stop()
print(f"{len(lake.tables())} tables")
