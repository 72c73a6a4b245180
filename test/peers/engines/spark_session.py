"""A Spark whose catalog `lake` is the REST catalog."""
import glob
import os

from pyspark.sql import SparkSession


def open_spark(uri):
    jars = ",".join(sorted(glob.glob(os.path.join(os.environ["CUBELAKE_SPARK_JARS"], "*.jar"))))
    catalog = "spark.sql.catalog.lake"
    spark = (SparkSession.builder.master("local[2]").appName("peer").config("spark.jars", jars)
             .config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
             .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
             .config("spark.driver.memory", "1g")
             # As for Trino: it mostly starts.
             .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
             .config("spark.sql.shuffle.partitions", "2").config("spark.sql.session.timeZone", "UTC")
             .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
             .config(catalog, "org.apache.iceberg.spark.SparkCatalog").config(f"{catalog}.type", "rest")
             .config(f"{catalog}.uri", uri).config(f"{catalog}.cache-enabled", "false").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    return spark
