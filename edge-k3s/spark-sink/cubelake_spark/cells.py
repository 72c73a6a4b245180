"""Rows of silver.reflectance from a `cells` part: its whole numbers become values."""
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from . import contract
from .errors import PartError
from .part import Part
from .positions import positions

PACKED_PER_UNIT = 10_000
PACKED_MAX = 32_767
CELL_SIZE_MAX = 100_000
# Text that the plot ids of one part expand to.
PLOT_ID_BYTES_MAX = 64 << 20
KEY_COLUMNS = ("line", "sample", "plot_id", "quality", "pixel_count")


def measured_columns(part: Part) -> dict[str, int]:
    """Field ids of the columns of indices and bands, by name. Raises PartError for others."""
    measured = {name: field_id for name, field_id in zip(part.rows.column_names, part.field_ids, strict=True)
                if name not in KEY_COLUMNS}
    for name, field_id in measured.items():
        if contract.measured_column_id(name) != field_id:
            raise PartError(f"Expected columns of indices and bands, got {name} with id {field_id}.")
    return measured


def silver_rows(part: Part) -> dict[str, pa.Array | pa.ChunkedArray]:
    """Columns of silver.reflectance by name, each of shape [rows]. Raises PartError for numbers that cannot be."""
    facts, row_count = part.facts, part.rows.num_rows
    step = round(facts["reflectance_precision"] * PACKED_PER_UNIT)
    if not 1 <= step <= PACKED_MAX or abs(step / PACKED_PER_UNIT - facts["reflectance_precision"]) > 1e-9:
        raise PartError(f"Expected a precision in ten-thousandths, got {facts['reflectance_precision']}.")
    if facts["cell_size"] > CELL_SIZE_MAX:
        raise PartError(f"Expected cells of pixels, got {facts['cell_size']}.")

    def same(value: Any, kind: pa.DataType) -> pa.Array:
        return pa.repeat(pa.scalar(value, kind), row_count)

    keys = {name: _whole_numbers(part, name, least, most)
            for name, least, most in (("line", 0, facts["line_count"] - 1), ("sample", 0, facts["sample_count"] - 1),
                                      ("quality", 0, None), ("pixel_count", 1, None))}
    rows = {
        "farm_id": same(part.granule.farm_id, pa.string()),
        "acquisition_date": same(part.granule.date, pa.date32()),
        "acquired_at": same(_time(facts["acquired_at"]), pa.timestamp("us", "UTC")),
        "cube_id": same(part.granule.cube_id, pa.string()),
        "processing_id": same(part.granule.processing_id, pa.string()),
        "sensor_id": same(facts["sensor_id"], pa.string()),
        "origin": same("edge", pa.string()),
        **{name: pa.array(values) for name, values in keys.items()},
        **_position_columns(part, keys["line"], keys["sample"]),
        "plot_id": _plot_ids(part),
        "part_id": same(part.part_id, pa.string()),
        **{name: same(facts[name], pa.int32() if name == "cell_size" else pa.float64()) for name in contract.CELL_FACTS},
    }
    for name, field_id in measured_columns(part).items():
        stored = part.column(name)
        if stored.type != pa.int32():
            raise PartError(f"Expected whole numbers in column {name}, got others.")
        if field_id >= 10_000:
            rows[name] = _reflectance(stored, step)
        elif name.endswith("_count"):
            rows[name] = stored
        else:
            rows[name] = pc.multiply(pc.cast(stored, pa.float64()), pa.scalar(float(facts["index_precision"])))
    return rows


def _reflectance(stored: pa.ChunkedArray, step: int) -> pa.ChunkedArray:
    """Multiples of `step` ten-thousandths as float32 reflectance; NULL stays NULL."""
    packed = pc.multiply(pc.cast(stored, pa.int64()), pa.scalar(step, pa.int64()))
    largest = pc.max(pc.abs(packed)).as_py()
    if largest is not None and largest > PACKED_MAX:
        raise PartError(f"Expected reflectance of at most {PACKED_MAX / PACKED_PER_UNIT}, got {largest / PACKED_PER_UNIT}.")
    return pc.cast(pc.divide(pc.cast(packed, pa.float64()), pa.scalar(float(PACKED_PER_UNIT))), pa.float32(), safe=False)


def _whole_numbers(part: Part, name: str, least: int, most: int | None) -> NDArray[np.int32]:
    stored = part.column(name)
    if stored.type != pa.int32() or stored.null_count > 0:
        raise PartError(f"Expected a whole number in every row of column {name}, got others.")
    values: NDArray[np.int32] = stored.to_numpy()
    if values.min() < least:
        raise PartError(f"Expected at least {least} in column {name}, got less.")
    if most is not None and values.max() > most:
        raise PartError(f"Expected at most {most} in column {name}, got more.")
    return values


def _position_columns(part: Part, line: NDArray[np.int32], sample: NDArray[np.int32]) -> dict[str, pa.Array]:
    if part.facts["georeference"] is None:
        return {name: pa.nulls(len(line), kind) for name, kind in
                (("x", pa.float64()), ("y", pa.float64()), ("lon", pa.float64()), ("lat", pa.float64()), ("cell", pa.int64()))}
    found = positions(part.facts, line, sample)
    return {name: pa.array(values, mask=(values < 0) if name == "cell" else np.isnan(values))
            for name, values in found.items()}


def _plot_ids(part: Part) -> pa.ChunkedArray:
    stored = part.column("plot_id")
    if not pa.types.is_dictionary(stored.type) or stored.type.value_type != pa.string():
        raise PartError("Expected plot ids as text, got others.")
    for chunk in stored.chunks:
        lengths = pc.binary_length(chunk.dictionary).take(chunk.indices)
        if (pc.sum(lengths).as_py() or 0) > PLOT_ID_BYTES_MAX:
            raise PartError(f"Expected plot ids of at most {PLOT_ID_BYTES_MAX} bytes together, got more.")
    return pc.cast(stored, pa.string())


def _time(text: str | None) -> datetime | None:
    """Whole milliseconds, as the sink of TypeScript has them."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise PartError(f'Expected an ISO 8601 time, got "{text[:40]}".') from None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
