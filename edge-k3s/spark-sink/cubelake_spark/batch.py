"""One micro-batch into silver and gold. Whatever part of it was done before, doing it again adds nothing."""
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from . import contract
from .contract import Granule, parse_granule_key
from .decode import VERDICT_DDL, Place, rows_of, verdicts
from .errors import StopError
from .granule_tasks import by_granule
from .tables import Batch, LakeTable
from .topic import PartsTopic

# A table whose cubes others bring so often has more writers than it should.
ATTEMPT_COUNT_MAX = 20


@dataclass(frozen=True)
class Topics:
    """`options` are those of Spark's Kafka source and sink, such as kafka.bootstrap.servers."""
    parts: PartsTopic
    dead: str
    options: Mapping[str, str]


class BatchWriter:
    """Called by Spark with each micro-batch. `stop` is why it refused one, for a person to read."""

    def __init__(self, spark: SparkSession, catalog: str, topics: Topics) -> None:
        self.topics = topics
        self.silver = LakeTable(spark, f"{catalog}.silver.reflectance")
        self.gold = LakeTable(spark, f"{catalog}.gold.plot_index")
        self.stop: StopError | None = None

    def __call__(self, messages: DataFrame, batch_id: int) -> None:
        try:
            self._write(messages, batch_id)
        except StopError as error:
            self.stop = error
            raise

    def _write(self, messages: DataFrame, batch_id: int) -> None:
        session = messages.sparkSession
        found = messages.mapInArrow(verdicts, VERDICT_DDL).orderBy("partition", "offset").collect()
        self.topics.parts.require_same()
        if not found:
            return
        self._bury(messages, found)
        query_id = session.sparkContext.getLocalProperty("sql.streaming.queryId")
        next_offsets = {row.partition: row.offset + 1 for row in found}
        batch = Batch(query_id, batch_id, next_offsets, self.topics.parts.name, self.topics.parts.topic_id)
        for kind, table in (("cells", self.silver), ("plots", self.gold)):
            parts = [row for row in found if row.kind == kind]
            if parts:
                counts = self._append(messages, table, parts, batch)
                print(f"batch {batch_id}: {table.name}: {len(parts)} parts, {counts}", flush=True)

    def _append(self, messages: DataFrame, table: LakeTable, parts: Sequence[Row], batch: Batch) -> str:
        granules = {row.granule_key: parse_granule_key(row.granule_key) for row in parts}
        of_cells = contract.CELL_FACTS if table is self.silver else {}
        table.require_columns(of_cells | {name: field_id for row in parts for name, field_id in row.measured.items()})
        for _ in range(ATTEMPT_COUNT_MAX):
            # The head first: whoever brings rows of these cubes after it, a settlement or another sink, makes this one look again.
            head = table.head()
            if table.has_batch(batch):
                added = "there already"
                break
            settled = {granule.key for granule in self.silver.settled(granules.values())}
            fresh = _fresh(parts, table.held_parts(granules.values()), settled)
            added = f"{len(fresh)} added"
            if not fresh:
                break
            fields, schema = table.schema()
            rows = by_granule(messages, fresh).mapInArrow(rows_of(schema), fields)
            brought = {granules[key] for key in fresh.values()}
            summary = batch.summary | (_touched(brought) if table is self.gold else {})
            staged = table.stage(rows, head, batch.query_id)
            # The messages were read once more for it.
            self.topics.parts.require_same()
            if table.publish(staged, head, {granule.cube_id for granule in brought}, summary):
                break
            print(f"batch {batch.batch_id}: {table.name}: looks again, the table has changed meanwhile", flush=True)
        else:
            raise RuntimeError(f"Expected {table.name} to take batch {batch.batch_id}, got overtaken {ATTEMPT_COUNT_MAX} times.")
        # A settlement that has no rows for the table is not noticed by it.
        overtaken = self.silver.settled(granules.values())
        if overtaken and table.held_parts(overtaken):
            table.remove(overtaken)
        return added

    def _bury(self, messages: DataFrame, found: Sequence[Row]) -> None:
        """What is no part goes to the dead letters with its cause and place. Raises StopError where there is nothing else."""
        dead = [row for row in found if row.error is not None]
        if not dead:
            return
        if len(dead) == len(found) > contract.DEAD_PARTS_IN_ROW_COUNT_MAX:
            raise StopError(f"Expected parts in topic {self.topics.parts.name}, got {len(dead)} other messages in a row, "
                            f"last: {dead[-1].error} Look who writes to it.")
        causes = messages.sparkSession.createDataFrame([(row.partition, row.offset, row.error) for row in dead],
                                                       "partition int, offset long, error string")
        letters = messages.join(F.broadcast(causes), ["partition", "offset"])
        origin = F.concat_ws("/", F.lit(self.topics.parts.name), F.col("partition"), F.col("offset"))
        said = F.array(*(F.struct(F.lit(name).alias("key"), text.cast("binary").alias("value"))
                         for name, text in ((contract.ERROR_HEADER, F.col("error")), (contract.ORIGIN_HEADER, origin))))
        headers = F.when(F.col("headers").isNull(), said).otherwise(F.concat("headers", said))
        named = letters.select(origin.cast("binary").alias("key"), "value", headers.alias("headers"))
        named.write.format("kafka").options(**self.topics.options).option("topic", self.topics.dead) \
            .option("includeHeaders", "true").save()
        print(f"{len(dead)} messages are no parts, last: {dead[-1].error}", flush=True)


def _fresh(parts: Sequence[Row], held: set[str], settled: set[str]) -> dict[Place, str]:
    """Granules of parts that are not in the table yet, by place, each part once."""
    known = set(held)
    fresh: dict[Place, str] = {}
    for row in parts:
        if row.part_id not in known and row.granule_key not in settled:
            fresh[row.partition, row.offset] = row.granule_key
        known.add(row.part_id)
    return fresh


def _touched(granules: Collection[Granule]) -> dict[str, str]:
    """Entry of a snapshot that says of which farms and dates its rows are: "cubelake edge fields" looks for it."""
    dates = sorted({(granule.farm_id, granule.date.isoformat()) for granule in granules})
    return {contract.INGEST_TOUCHED_KEY: json.dumps([{"farmId": farm, "date": date} for farm, date in dates])}
