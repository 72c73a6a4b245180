"""Rows of gold.plot_index from a `plots` part, whose columns are those of the table."""
import pyarrow as pa
import pyarrow.compute as pc

from .errors import PartError
from .part import Part

# Name, type and whether every row has a value, in the order of the field ids from 1 on (schemas/tables.ts).
PLOT_COLUMNS = tuple(
    (name, kind, need == "required")
    for name, kind, need in (line.split() for line in """
        farm_id string required
        acquisition_date date required
        cube_id string required
        processing_id string required
        sensor_id string optional
        plot_id string required
        trial_id string optional
        crop string optional
        crop_row int optional
        germplasm string optional
        replicate string optional
        block string optional
        entry_type string optional
        spectral_index string required
        pixel_count int required
        valid_count int required
        valid_fraction double required
        mean double optional
        sd double optional
        p10 double optional
        p50 double optional
        p90 double optional
        bands_used string optional
        band_distance_nm double optional
        null_reason string optional
    """.strip().splitlines())
)
_TYPES = {"string": pa.string(), "date": pa.date32(), "int": pa.int32(), "double": pa.float64()}


def gold_rows(part: Part) -> dict[str, pa.Array | pa.ChunkedArray]:
    """Columns of gold.plot_index by name, each of shape [rows]. What a row says of its granule comes from the granule's key."""
    names = tuple(name for name, _, _ in PLOT_COLUMNS)
    if tuple(part.rows.column_names) != names or part.field_ids != tuple(range(1, len(names) + 1)):
        raise PartError("Expected the columns of gold.plot_index, got others.")
    rows: dict[str, pa.Array | pa.ChunkedArray] = {}
    for name, kind, is_required in PLOT_COLUMNS:
        stored = part.column(name)
        if pa.types.is_dictionary(stored.type):
            stored = pc.cast(stored, stored.type.value_type)
        if stored.type != _TYPES[kind]:
            raise PartError(f"Expected {kind} in column {name}, got {stored.type}.")
        if kind == "double":
            stored = pc.if_else(pc.is_nan(stored), pa.scalar(None, pa.float64()), stored)
        if is_required and stored.null_count > 0:
            raise PartError(f"Expected {name} in every row, got none in one.")
        rows[name] = stored
    granule, row_count = part.granule, part.rows.num_rows
    identity = {"farm_id": granule.farm_id, "cube_id": granule.cube_id, "processing_id": granule.processing_id,
                "part_id": part.part_id}
    rows |= {name: pa.repeat(pa.scalar(text, pa.string()), row_count) for name, text in identity.items()}
    rows["acquisition_date"] = pa.repeat(pa.scalar(granule.date, pa.date32()), row_count)
    return rows
