"""Parts of field machines from Kafka into silver and gold with Structured Streaming: see README.md."""
import argparse
import sys
from collections.abc import Sequence

from cubelake_spark import contract
from cubelake_spark.batch import BatchWriter, Topics
from cubelake_spark.errors import StopError
from cubelake_spark.topic import PartsTopic
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

# As of "cubelake": a person has to do something first.
EXIT_BAD_CONFIGURATION = 78
# Spark copies messages to Python in groups of this many; each is up to 900 KiB.
MESSAGES_AT_ONCE_COUNT = 16
# Spark 4.1.1 cannot repeat a batch of its newer reader after a crash: its metrics fail (SPARK-57438). The older one has none.
OLDER_READER = ("spark.sql.streaming.disabledV2MicroBatchReaders", "org.apache.spark.sql.kafka010.KafkaSourceProvider")


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="spark_sink.py", description=__doc__)
    parser.add_argument("--kafka", required=True, metavar="HOST:PORT,...", help="brokers")
    parser.add_argument("--checkpoint", required=True, metavar="URI", help="folder of this job alone")
    parser.add_argument("--catalog", default="lake", metavar="NAME", help="Spark catalog of the lake (default lake)")
    parser.add_argument("--topic", default=contract.PARTS_TOPIC)
    parser.add_argument("--dead-topic", default=contract.DEAD_LETTER_TOPIC)
    parser.add_argument("--interval-s", type=float, default=60, metavar="S", help="between two batches (default 60)")
    parser.add_argument("--available-now", action="store_true", help="take what is there and end")
    parser.add_argument("--batch-parts", type=int, default=500, metavar="N", help="parts of a batch at most (default 500)")
    parser.add_argument("--kafka-option", action="append", default=[], metavar="KEY=VALUE",
                        help="for Spark's Kafka client, e.g. kafka.security.protocol=SASL_SSL; may be repeated")
    return parser.parse_args(arguments)


def lost_messages(given: argparse.Namespace, error: StreamingQueryException) -> StopError | None:
    """What to do where messages after the checkpoint are gone; None for another error."""
    if "data may have been lost" not in str(error):
        return None
    return StopError(f"Expected the messages of {given.topic} after those of the checkpoint, got a topic without some of them: "
                     "retention or an operator took them. Give another --checkpoint to go on with what there is; parts that the "
                     "lake has are left out, and backhaul brings the raw cubes of what is lost.")


def main(arguments: Sequence[str]) -> int:
    given = parse_arguments(arguments)
    spark = SparkSession.builder.appName("cubelake-spark-sink").getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", MESSAGES_AT_ONCE_COUNT)
    spark.conf.set(*OLDER_READER)
    options = dict(each.split("=", 1) for each in given.kafka_option) | {"kafka.bootstrap.servers": given.kafka}
    try:
        topic = PartsTopic(spark, given.topic, options)
        topic.claim(given.checkpoint)
        writer = BatchWriter(spark, given.catalog, Topics(topic, given.dead_topic, options))
    except StopError as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_CONFIGURATION
    messages = (spark.readStream.format("kafka").options(**options).option("subscribe", given.topic)
                .option("startingOffsets", "earliest").option("includeHeaders", "true").option("failOnDataLoss", "true")
                .option("kafka.isolation.level", "read_committed").option("maxOffsetsPerTrigger", given.batch_parts).load())
    stream = messages.writeStream.option("checkpointLocation", given.checkpoint).foreachBatch(writer)
    trigger = {"availableNow": True} if given.available_now else {"processingTime": f"{given.interval_s} seconds"}
    try:
        stream.trigger(**trigger).start().awaitTermination()
    except StreamingQueryException as error:
        stop = writer.stop or lost_messages(given, error)
        if stop is None:
            raise
        print(stop, file=sys.stderr)
        return EXIT_BAD_CONFIGURATION
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
