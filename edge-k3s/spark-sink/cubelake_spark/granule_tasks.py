"""One task for each granule, and so one file: a settlement takes files of one granule out whole, and rewrites none of Spark's."""
from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .decode import Place

_TASK_KEY = "_task_key"


def by_granule(messages: DataFrame, granule_of: Mapping[Place, str]) -> DataFrame:
    """The messages at these places, those of one granule in one Spark partition and no others with them."""
    session = messages.sparkSession
    granules = sorted(set(granule_of.values()))
    key_of = dict(zip(granules, _task_keys(session, len(granules)), strict=True))
    places = [(partition, offset, key_of[granule]) for (partition, offset), granule in granule_of.items()]
    keys = session.createDataFrame(places, f"partition int, offset long, {_TASK_KEY} long")
    wanted = messages.join(F.broadcast(keys), ["partition", "offset"])
    return wanted.repartition(len(granules), _TASK_KEY).drop(_TASK_KEY)


def _task_keys(session: SparkSession, count: int) -> list[int]:
    """Numbers that Spark's hash sends to partitions 0, 1, ... of `count`."""
    numbers = session.range(64 * count + 64).select("id", F.pmod(F.hash("id"), F.lit(count)).alias("task"))
    least = {row["task"]: row["id"] for row in numbers.groupBy("task").agg(F.min("id").alias("id")).collect()}
    return [least[task] for task in range(count)]
