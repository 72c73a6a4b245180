"""Where cells lie: the centre of each square of pixels, cut where its cube ends, on the ground and among the cells of the world."""
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from .errors import PartError

CELL_LEVEL_BITS = 22
_STEP_COUNT = 1 << CELL_LEVEL_BITS
Columns = dict[str, NDArray[Any]]


def positions(facts: Mapping[str, Any], line: NDArray[np.int32], sample: NDArray[np.int32]) -> Columns:
    """Of cells by their first line and sample, from the facts of their part, which has a georeference:
    ""x and y in units of the cube's system, lon and lat in WGS 84 degrees, NaN where unknown; cell is -1 there. Shape [rows]."""
    size = facts["cell_size"]
    across = (sample + np.minimum(sample + size, facts["sample_count"])) / 2
    down = (line + np.minimum(line + size, facts["line_count"])) / 2
    a, b, c, d, e, f = facts["georeference"]["transform"]
    x = a * across + b * down + c
    y = d * across + e * down + f
    known = np.isfinite(x) & np.isfinite(y)
    x, y = np.where(known, x, np.nan), np.where(known, y, np.nan)
    lon, lat = _to_wgs84(facts["georeference"]["crs"]).transform(x, y)
    known = np.isfinite(lon) & np.isfinite(lat)
    lon, lat = np.where(known, lon, np.nan), np.where(known, lat, np.nan)
    return {"x": x, "y": y, "lon": lon, "lat": lat, "cell": morton_cells(lon, lat)}


def morton_cells(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int64]:
    """Bits of both, interleaved, longitude in the even ones (core/cube/morton-cell.ts); -1 where unknown."""
    known = (lon >= -180) & (lon <= 180) & (lat >= -90) & (lat <= 90)
    column = _steps(np.where(known, (lon + 180) / 360, 0))
    row = _steps(np.where(known, (lat + 90) / 180, 0))
    return np.where(known, _spread(column) | (_spread(row) << 1), -1)


def _steps(fraction: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum(_STEP_COUNT - 1, np.floor(fraction * _STEP_COUNT)).astype(np.int64)


def _spread(value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each bit followed by a zero bit."""
    for shift, mask in ((16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F),
                        (2, 0x3333333333333333), (1, 0x5555555555555555)):
        value = (value | (value << shift)) & mask
    return value


@lru_cache(maxsize=64)
def _to_wgs84(definition: str) -> pyproj.Transformer:
    try:
        return pyproj.Transformer.from_crs(definition, "+proj=longlat +datum=WGS84 +no_defs", always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise PartError(f'Expected a coordinate system that can be computed with, got "{definition[:80]}".') from error
