"""What the tables of a lake hold, and commits to them: through Spark, and the Iceberg library in its driver."""
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from py4j.protocol import Py4JJavaError
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
    topic_id: str

    @property
    def summary(self) -> dict[str, str]:
        """Entries of the snapshot that brings it."""
        offsets = {"topic": self.topic, "topic_id": self.topic_id,
                   "next": {str(at): str(offset) for at, offset in sorted(self.next_offsets.items())}}
        return {QUERY_KEY: self.query_id, BATCH_KEY: str(self.batch_id), INGEST_OFFSETS_KEY: json.dumps(offsets)}


@dataclass(frozen=True)
class Staged:
    """Data files of the Iceberg library that one snapshot on a branch has."""
    branch: str
    snapshot_id: int
    files: Sequence[Any]


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
        fields = self._iceberg().schema()
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

    def head(self) -> int:
        """Id of the newest snapshot."""
        snapshot = self._iceberg().currentSnapshot()
        if snapshot is None:
            raise StopError(f"Expected a snapshot of {self.name}, got none. Run \"cubelake edge columns\" on the lake first.")
        return int(snapshot.snapshotId())

    def stage(self, rows: DataFrame, head: int, job: str) -> Staged:
        """Writes the rows where no reader sees them: on a branch of this job alone, which nobody misses after a day."""
        branch = f"cubelake_spark_{job.replace('-', '')}"
        self.spark.sql(f"ALTER TABLE {self.name} CREATE OR REPLACE BRANCH {branch} AS OF VERSION {head} RETAIN 1 DAYS")
        rows.writeTo(f"{self.name}.branch_{branch}") \
            .option("check-nullability", "false").option("distribution-mode", "none").append()
        table = self._iceberg()
        snapshot = table.snapshot(branch)
        return Staged(branch, snapshot.snapshotId(), list(snapshot.addedDataFiles(table.io())))

    def publish(self, staged: Staged, head: int, cube_ids: Collection[str], summary: Mapping[str, str]) -> bool:
        """Brings staged files into the table. False, and nothing done, where it changed under this job: rows of these cubes came
        after snapshot `head`, or others commit so often that the library gave up."""
        jvm = self.spark.sparkContext._jvm
        cubes = jvm.java.util.ArrayList()
        for cube_id in sorted(cube_ids):
            cubes.add(cube_id)
        of_cubes = getattr(jvm.org.apache.iceberg.expressions.Expressions, "in")("cube_id", cubes)
        transaction = self._iceberg().newTransaction()
        added = transaction.newOverwrite().validateFromSnapshot(head).conflictDetectionFilter(of_cubes).validateNoConflictingData()
        for file in staged.files:
            added.addFile(file)
        for key, text in summary.items():
            added.set(key, text)
        try:
            added.commit()
            transaction.manageSnapshots().removeBranch(staged.branch).commit()
            # Old libraries would delete its files when it expires. Other snapshots are none of this job's business: none is so old.
            transaction.expireSnapshots().expireSnapshotId(staged.snapshot_id).expireOlderThan(0).cleanExpiredFiles(False).commit()
            transaction.commitTransaction()
        except Py4JJavaError as error:
            if error.java_exception.getClass().getSimpleName() not in ("ValidationException", "CommitFailedException"):
                raise
            return False
        return True

    def remove(self, granules: Iterable[Granule]) -> None:
        """Takes out what the field made of these granules."""
        ids = ", ".join(f"'{granule.processing_id}'" for granule in granules)
        self.spark.sql(f"DELETE FROM {self.name} WHERE processing_id IN ({ids})")

    def _iceberg(self) -> Any:
        """The table of the Iceberg library, as it is now."""
        util = self.spark.sparkContext._jvm.org.apache.iceberg.spark.Spark3Util
        table = util.loadIcebergTable(self.spark._jsparkSession, self.name)
        table.refresh()
        return table
