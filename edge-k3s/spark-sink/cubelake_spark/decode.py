"""What executors do: they open each message, say what it is, and make rows of those that are wanted."""
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from .cells import measured_columns, silver_rows
from .errors import PartError
from .part import Part, read_part
from .plots import gold_rows

Place = tuple[int, int]
Columns = dict[str, pa.Array | pa.ChunkedArray]
# Rows of a part go to Spark in pieces, so that one with many columns needs no second copy of itself.
PIECE_ROW_COUNT = 20_000

VERDICT_DDL = "partition int, offset long, part_id string, kind string, granule_key string, measured map<string, int>, error string"
_VERDICTS = pa.schema([
    ("partition", pa.int32()), ("offset", pa.int64()), ("part_id", pa.string()), ("kind", pa.string()),
    ("granule_key", pa.string()), ("measured", pa.map_(pa.string(), pa.int32())), ("error", pa.string()),
])


@dataclass(frozen=True)
class Message:
    """One record of the topic; `place` is its partition and offset."""
    place: Place
    headers: dict[str, str]
    value: bytes


def verdicts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One row for each message: the part that it is, with ids of its columns of indices and bands, or why it is none."""
    for message in _messages(batches):
        row = {"partition": message.place[0], "offset": message.place[1]}
        try:
            part, _ = _decode(message)
            measured = list(measured_columns(part).items()) if part.kind == "cells" else []
            row |= {"part_id": part.part_id, "kind": part.kind, "granule_key": part.granule.key, "measured": measured}
        except PartError as error:
            row["error"] = str(error)[:500]
        yield pa.RecordBatch.from_pylist([row], schema=_VERDICTS)


def rows_of(schema: pa.Schema) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Rows of parts with the columns of `schema`, NULL where a part has none."""
    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for message in _messages(batches):
            part, columns = _decode(message)
            row_count = part.rows.num_rows
            filled = [columns.get(field.name, pa.nulls(row_count, field.type)) for field in schema]
            yield from pa.table(filled, names=schema.names).cast(schema).to_batches(max_chunksize=PIECE_ROW_COUNT)

    return rows


def _decode(message: Message) -> tuple[Part, Columns]:
    """Raises PartError also for whatever broken bytes make a decoder do."""
    try:
        part = read_part(message.headers, message.value)
        return part, silver_rows(part) if part.kind == "cells" else gold_rows(part)
    except PartError:
        raise
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError, pa.ArrowException) as error:
        raise PartError(f"Expected a part of a field machine, got another message: {error}") from error


def _messages(batches: Iterable[pa.RecordBatch]) -> Iterator[Message]:
    for batch in batches:
        for row in range(batch.num_rows):
            partition, offset, value, headers = (batch.column(name)[row].as_py()
                                                 for name in ("partition", "offset", "value", "headers"))
            named = {each["key"]: (each["value"] or b"").decode("utf-8", "replace") for each in headers or []}
            yield Message((partition, offset), named, value or b"")
