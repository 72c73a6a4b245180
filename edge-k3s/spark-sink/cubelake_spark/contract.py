"""What the field and the cloud have agreed on. The same words and numbers stand in schemas/ and core/limits.ts; a test compares."""
import hashlib
import re
from dataclasses import dataclass
from datetime import date

from .errors import PartError

PART_TYPES = {"cubelake.edge.cells.v1": "cells", "cubelake.edge.plots.v1": "plots"}
PART_MEDIA_TYPE = "application/vnd.apache.parquet"
PART_FACTS_KEY = b"cubelake.edge"
PART_BYTES_MAX = 900 * 1024
PART_ROW_COUNT_MAX = 2_000_000
PART_VALUE_COUNT_MAX = 40_000_000
DEAD_PARTS_IN_ROW_COUNT_MAX = 100

PARTS_TOPIC = "cubelake.parts"
DEAD_LETTER_TOPIC = "cubelake.parts.dead"
ERROR_HEADER = "cubelake_error"
ORIGIN_HEADER = "cubelake_origin"
# Settlements look again at a table when a snapshot has this entry in its summary.
INGEST_OFFSETS_KEY = "cubelake.ingest.offsets"
# And gold.field_metrics is made anew for the dates in this one.
INGEST_TOUCHED_KEY = "cubelake.ingest.touched"

PART_ID = ("part_id", 900)
# What a part says of its cells, in every row of silver.reflectance.
CELL_FACTS = {"cell_size": 901, "reflectance_precision": 902, "index_precision": 903, "ndvi_min": 904}
# In the order of their field ids: three for each, from 100 on.
INDEX_NAMES = (
    "ndvi", "ndwi_gao", "ndwi_mcfeeters", "ndre", "cire", "chlorophyll_mtci",
)

ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_GRANULE_PATTERN = re.compile(r"raw_cubes/([^/]+)/([^/]+)/(\d{4})/(\d{2})/(\d{2})/([^/]+)\Z")
_BAND_PATTERN = re.compile(r"r(\d{4,6})(?:_(\d))?\Z", re.ASCII)


@dataclass(frozen=True)
class Granule:
    """One capture, by its key `raw_cubes/{region}/{farm}/{yyyy}/{mm}/{dd}/{cube}`."""
    key: str
    farm_id: str
    date: date
    cube_id: str

    @property
    def processing_id(self) -> str:
        """Of all rows that the field made of it; the settlement of the same granule takes them out by this id."""
        return hashlib.sha256(f"edge:{self.key}".encode()).hexdigest()[:32]


def parse_granule_key(key: str) -> Granule:
    """Raises PartError for another text."""
    match = _GRANULE_PATTERN.match(key)
    if match is not None:
        region, farm_id, year, month, day, cube_id = match.groups()
        if all(ID_PATTERN.match(name) for name in (region, farm_id, cube_id)):
            try:
                return Granule(key, farm_id, date(int(year), int(month), int(day)), cube_id)
            except ValueError:
                pass
    raise PartError(f'Expected the key of a granule, got "{key[:80]}".')


def measured_column_id(name: str) -> int | None:
    """Field id of the column of an index (`ndvi_mean`) or a band (`r0670`, `r0670_6`); None for another name."""
    index_name, _, suffix = name.rpartition("_")
    if index_name in INDEX_NAMES and suffix in ("count", "mean", "sd"):
        return 100 + 3 * INDEX_NAMES.index(index_name) + ("count", "mean", "sd").index(suffix)
    match = _BAND_PATTERN.match(name)
    if match is None:
        return None
    nm, decimal = int(match[1]), int(match[2] or 0)
    own_name = f"r{nm:04d}" if decimal == 0 else f"r{nm:04d}_{decimal}"
    return 10_000 + 10 * nm + decimal if own_name == name else None
