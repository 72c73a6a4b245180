"""ask_spark.py PLAN CATALOG_URI JARS RESULT: Spark with Iceberg. plan is the three-band query up to its chosen files."""
import glob
import os
import sys

from asking import ask
from pyspark.sql import SparkSession

plan_path, catalog_uri, jars, result_path = sys.argv[1:5]
catalog = "spark.sql.catalog.lake"
spark = (SparkSession.builder.master("local[2]").appName("wide")
         .config("spark.jars", ",".join(sorted(glob.glob(os.path.join(jars, "*.jar")))))
         .config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
         .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
         .config("spark.driver.memory", "2g").config("spark.sql.shuffle.partitions", "2").config("spark.sql.session.timeZone", "UTC")
         .config(catalog, "org.apache.iceberg.spark.SparkCatalog").config(f"{catalog}.type", "rest")
         .config(f"{catalog}.cache-enabled", "false").config(f"{catalog}.uri", catalog_uri).getOrCreate())
spark.sparkContext.setLogLevel("ERROR")


def scan_of(query):
    return spark.sql(query)._jdf.queryExecution().sparkPlan().collectLeaves().apply(0)


def questions(table):
    name = f"lake.wide.{table['table']}"
    three, spectrum = (table["queries"][which].replace("{from}", name) for which in ("spark", "spectrum"))
    # A scan that knows its input partitions has read the manifests; nothing has run yet.
    yield "plan", lambda: scan_of(three).inputPartitions().size()
    yield "threeBands", lambda: spark.sql(three).collect()
    yield "spectrum", lambda: spark.sql(spectrum).collect()


ask(plan_path, result_path, lambda table: table["isForEngines"], questions)
