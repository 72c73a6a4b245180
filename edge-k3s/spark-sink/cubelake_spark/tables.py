"""What the tables of a lake hold, asked of Iceberg through Spark."""
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from .contract import INGEST_OFFSETS_KEY, PART_ID, Granule
from .errors import StopError

QUERY_KEY, BATCH_KEY = "cubelake.spark.query-id", "cubelake.spark.batch-id"
_ARROW_TYPES: Mapping[type[T.DataType], pa.DataType] = {
    T.StringType: pa.string(), T.DateType: pa.date32(), T.TimestampType: pa.timestamp("us", "UTC"), T.IntegerType: pa.int32(),
    T.LongType: pa.int64(), T.FloatType: pa.float32(), T.DoubleType: pa.float64(),
}


@dataclass(frozen=True)
class Batch:
    """A micro-batch: the same id of the same query always means the same offsets, whatever happens in between."""
    query_id: str
    batch_id: int
    # First offset of each partition that is not in the batch.
    next_offsets: Mapping[int, int]
    topic: str


class LakeTable:
    """silver.reflectance or gold.plot_index."""

    def __init__(self, spark: SparkSession, name: str) -> None:
        """`name`: catalog, namespace and table. Raises StopError when there is none."""
        self.spark, self.name = spark, name
        if not spark.catalog.tableExists(name):
            raise StopError(f"Expected table {name}, got none. Run \"cubelake edge columns\" on the lake first.")

    def rows(self) -> DataFrame:
        """As they are now, whatever this session has cached."""
        self.spark.sql(f"REFRESH TABLE {self.name}")
        return self.spark.table(self.name)

    def schema(self) -> tuple[T.StructType, pa.Schema]:
        """Of Spark and of Arrow."""
        fields = self.rows().schema
        for field in fields:
            if type(field.dataType) not in _ARROW_TYPES:
                raise StopError(f"Expected columns of Cubelake in {self.name}, got {field.name} of {field.dataType.simpleString()}.")
        return fields, pa.schema([(field.name, _ARROW_TYPES[type(field.dataType)]) for field in fields])

    def require_columns(self, wanted: Mapping[str, int]) -> None:
        """Spark numbers new columns as it likes, and here a number means one wavelength: so this job adds none."""
        iceberg = self.spark.sparkContext._jvm.org.apache.iceberg.spark.Spark3Util
        fields = iceberg.loadIcebergTable(self.spark._jsparkSession, self.name).schema()
        for name, field_id in {PART_ID[0]: PART_ID[1], **wanted}.items():
            field = fields.findField(name)
            if field is None:
                raise StopError(f"Expected column {name} in {self.name}, got none. Run \"cubelake edge columns\" with parts of "
                                "this sensor or with --wavelengths.")
            if field.fieldId() != field_id:
                raise StopError(f"Expected column {name} of {self.name} with field id {field_id}, got {field.fieldId()}: another "
                                "program added it. Drop it and run \"cubelake edge columns\".")

    def has_batch(self, batch: Batch) -> bool:
        """Whether a snapshot of the branch that the table is on brought this batch: one that was rolled back did not."""
        current = self.spark.table(f"{self.name}.history").where("is_current_ancestor").select("snapshot_id")
        same = (F.col("summary").getItem(QUERY_KEY) == batch.query_id) & (F.col("summary").getItem(BATCH_KEY) == str(batch.batch_id))
        return not self.spark.table(f"{self.name}.snapshots").where(same).join(current, "snapshot_id").isEmpty()

    def held_parts(self, granules: Iterable[Granule]) -> set[str]:
        """Ids of all parts of these granules that have rows here."""
        ids = sorted({granule.processing_id for granule in granules})
        found = self._of_days(granules).where(F.col("processing_id").isin(ids)).select(PART_ID[0]).distinct()
        return {row[0] for row in found.collect()}

    def settled(self, granules: Iterable[Granule]) -> set[Granule]:
        """Those that the cloud has made from their raw cubes: what the field made of them comes too late."""
        cubes = sorted({granule.cube_id for granule in granules})
        of_cloud = self._of_days(granules).where((F.col("origin") == "cloud") & F.col("cube_id").isin(cubes))
        found = {tuple(row) for row in of_cloud.select("farm_id", "acquisition_date", "cube_id").distinct().collect()}
        return {granule for granule in granules if (granule.farm_id, granule.date, granule.cube_id) in found}

    def _of_days(self, granules: Iterable[Granule]) -> DataFrame:
        """Rows of their farms and dates: a scan that opens few files."""
        farms, dates = sorted({each.farm_id for each in granules}), sorted({each.date for each in granules})
        return self.rows().where(F.col("farm_id").isin(farms) & F.col("acquisition_date").isin(dates))

    def append(self, rows: DataFrame, batch: Batch) -> None:
        """In one snapshot that says which batch it is."""
        offsets = {"topic": batch.topic, "next": {str(at): str(offset) for at, offset in sorted(batch.next_offsets.items())}}
        summary = {QUERY_KEY: batch.query_id, BATCH_KEY: str(batch.batch_id), INGEST_OFFSETS_KEY: json.dumps(offsets)}
        writer = rows.writeTo(self.name).option("check-nullability", "false").option("distribution-mode", "none")
        for key, text in summary.items():
            writer = writer.option(f"snapshot-property.{key}", text)
        writer.append()

    def remove(self, granules: Iterable[Granule]) -> None:
        """Takes out what the field made of these granules."""
        ids = ", ".join(f"'{granule.processing_id}'" for granule in granules)
        self.spark.sql(f"DELETE FROM {self.name} WHERE processing_id IN ({ids})")
