"""The topic that a checkpoint counts messages of: one that was made again has other messages at the same offsets."""
from collections.abc import Mapping
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from .errors import StopError

# In the checkpoint: one empty file, made in one step, whose name is the id.
_FOLDER = "cubelake-topic-id"
_CLIENT_PREFIX = "kafka."


class PartsTopic:
    """Asks Kafka for its topic with the settings of Spark's source."""

    def __init__(self, spark: SparkSession, name: str, options: Mapping[str, str]) -> None:
        """`options` are those of Spark's Kafka source, such as kafka.bootstrap.servers."""
        self.name = name
        self._hadoop = spark.sparkContext._jsc.hadoopConfiguration()
        self._jvm = spark.sparkContext._jvm
        settings = self._jvm.java.util.Properties()
        for key, text in options.items():
            if key.startswith(_CLIENT_PREFIX):
                settings.setProperty(key.removeprefix(_CLIENT_PREFIX), text)
        self._admin = self._jvm.org.apache.kafka.clients.admin.AdminClient.create(settings)
        self.topic_id = self._current_id()

    def claim(self, checkpoint: str) -> None:
        """Makes the checkpoint one of this topic. Raises StopError where it is of another."""
        folder = self._jvm.org.apache.hadoop.fs.Path(checkpoint, _FOLDER)
        files = folder.getFileSystem(self._hadoop)
        if not files.exists(folder):
            files.mkdirs(folder)
        known = [status.getPath().getName() for status in files.listStatus(folder)]
        if not known:
            files.createNewFile(self._jvm.org.apache.hadoop.fs.Path(folder, self.topic_id))
        elif known != [self.topic_id]:
            raise StopError(self._made_again(known[0], self.topic_id))

    def require_same(self) -> None:
        """Raises StopError where the topic was made again since this job began."""
        now = self._current_id()
        if now != self.topic_id:
            raise StopError(self._made_again(self.topic_id, now))

    def _made_again(self, known: str, found: str) -> str:
        return (f"Expected topic {self.name} with id {known}, got one with id {found}: it was made again, and what was not read of "
                "the old one is lost. Give another --checkpoint to read the new one from its beginning; parts that the lake has are "
                "left out, and backhaul brings the raw cubes of what is lost.")

    def _current_id(self) -> str:
        names: Any = self._jvm.java.util.ArrayList()
        names.add(self.name)
        try:
            found = self._admin.describeTopics(names).allTopicNames().get()[self.name].topicId()
        except Py4JJavaError as error:
            cause = error.java_exception.getCause()
            if cause is None or cause.getClass().getSimpleName() != "UnknownTopicOrPartitionException":
                raise
            raise StopError(f"Expected topic {self.name}, got none. Create it, or give another --topic.") from error
        return str(self._jvm.java.util.UUID(found.getMostSignificantBits(), found.getLeastSignificantBits()).toString())
