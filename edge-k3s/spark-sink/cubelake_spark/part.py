"""Reads a part from the log, trusting nothing in it: what it claims is bounded before its rows are read."""
import hashlib
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from . import contract
from .contract import Granule
from .errors import PartError

# Of all columns together, as the file claims them: room for a part of the largest row count.
UNCOMPRESSED_BYTES_MAX = 512 << 20
FOOTER_BYTES_MAX = 16 << 20


@dataclass(frozen=True)
class Part:
    """A part whose bytes are those of its id and whose rows are there. Column i has field id `field_ids[i]`."""
    part_id: str
    kind: str
    granule: Granule
    facts: Mapping[str, Any]
    rows: pa.Table
    field_ids: tuple[int, ...]

    def column(self, name: str) -> pa.ChunkedArray:
        """Raises PartError when there is none."""
        if name not in self.rows.column_names:
            raise PartError(f"Expected column {name}, got none.")
        return self.rows.column(name)


def read_part(headers: Mapping[str, str], value: bytes) -> Part:
    """Raises PartError for whatever is not a part."""
    kind, part_id, device, granule_key = _attributes(headers)
    if len(value) > contract.PART_BYTES_MAX:
        raise PartError(f"Expected a part of at most {contract.PART_BYTES_MAX} bytes, got {len(value)}.")
    actual = hashlib.sha256(value).hexdigest()
    if actual != part_id:
        raise PartError(f"Expected bytes of SHA-256 {part_id}, got {actual}.")
    granule = contract.parse_granule_key(granule_key)
    try:
        file = pq.ParquetFile(io.BytesIO(value), thrift_string_size_limit=FOOTER_BYTES_MAX,
                              thrift_container_size_limit=1 << 20, read_dictionary=["plot_id"])
        _require_plausible(file.metadata)
        schema = file.schema_arrow
        facts = _facts(schema.metadata or {}, kind)
        if facts["granule_key"] != granule_key or facts["device"] != device:
            raise PartError(f"Expected a part of {granule_key} by {device}, "
                            f"got one of {facts['granule_key']} by {facts['device']}.")
        rows = file.read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, MemoryError) as error:
        raise PartError(f"Expected a Parquet file of a field machine, got another one: {error}") from error
    field_ids = tuple(int((field.metadata or {}).get(b"PARQUET:field_id", b"-1")) for field in schema)
    if len(set(field_ids)) < len(field_ids) or len(set(schema.names)) < len(field_ids):
        raise PartError("Expected each column once, got one twice.")
    return Part(part_id, kind, granule, facts, rows, field_ids)


def _attributes(headers: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Type, id, device and granule of a part."""
    part_id, granule_key = headers.get("ce_id", ""), headers.get("ce_subject", "")
    device = headers.get("ce_source", "")
    kind = contract.PART_TYPES.get(headers.get("ce_type", ""))
    problems = {
        "specversion": headers.get("ce_specversion") != "1.0",
        "id": len(part_id) != 64 or set(part_id) - set("0123456789abcdef") != set(),
        "source": contract.ID_PATTERN.match(device) is None,
        "type": kind is None,
        "datacontenttype": headers.get("content-type") != contract.PART_MEDIA_TYPE,
    }
    wrong = next((name for name, is_wrong in problems.items() if is_wrong), None)
    if kind is None or wrong is not None:
        raise PartError(f"Expected the headers of a part, got another {wrong}.")
    return kind, part_id, device, granule_key


def _require_plausible(metadata: pq.FileMetaData) -> None:
    if metadata.num_row_groups != 1:
        raise PartError(f"Expected one row group, got {metadata.num_row_groups}.")
    column_count, row_count = metadata.num_columns, metadata.num_rows
    row_count_max = min(contract.PART_ROW_COUNT_MAX, contract.PART_VALUE_COUNT_MAX // max(1, column_count))
    if not 1 <= row_count <= row_count_max:
        raise PartError(f"Expected 1 to {row_count_max} rows of {column_count} columns, got {row_count}.")
    group = metadata.row_group(0)
    claimed = [group.column(at).total_uncompressed_size for at in range(column_count)]
    if group.num_rows != row_count or min(claimed) < 0 or sum(claimed) > UNCOMPRESSED_BYTES_MAX:
        raise PartError(f"Expected rows of at most {UNCOMPRESSED_BYTES_MAX} bytes, got {sum(claimed)}.")


def _facts(metadata: Mapping[bytes, bytes], kind: str) -> dict[str, Any]:
    """What the part says of itself, of the types that schemas/edge-messages.ts gives."""
    def refuse(constant: str) -> None:
        raise PartError(f"Expected numbers, got {constant}.")

    facts = json.loads(metadata.get(contract.PART_FACTS_KEY, b"null"), parse_constant=refuse)
    if not isinstance(facts, dict) or facts.get("mode") != kind or not isinstance(facts.get("granule_key"), str):
        raise PartError("Expected the facts of a part, got another text.")
    if kind == "plots":
        return facts
    checks = {
        "acquired_at": _is_text_or_null(facts["acquired_at"]),
        "sensor_id": _is_text_or_null(facts["sensor_id"]),
        "georeference": _is_georeference(facts["georeference"]),
        **{name: _is_count(facts[name]) for name in ("line_count", "sample_count", "cell_size")},
        "reflectance_precision": _is_number(facts["reflectance_precision"]) and facts["reflectance_precision"] > 0,
        "index_precision": _is_number(facts["index_precision"]) and facts["index_precision"] > 0,
        "ndvi_min": facts["ndvi_min"] is None or _is_number(facts["ndvi_min"]),
        "bands_used": isinstance(facts["bands_used"], dict),
    }
    wrong = next((name for name, is_right in checks.items() if not is_right), None)
    if wrong is not None:
        raise PartError(f"Expected the facts of a part, got another {wrong}.")
    return facts


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value == int(value) >= 1


def _is_text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_georeference(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, dict) or not isinstance(value.get("crs"), str) or len(value["crs"]) > 100_000:
        return False
    transform = value.get("transform")
    return isinstance(transform, list) and len(transform) == 6 and all(_is_number(each) for each in transform)
