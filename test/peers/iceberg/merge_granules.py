"""Puts all rows of silver and gold into one file for each day, rows of all cubes in turns, and keeps those of cube c22.

A column that Cubelake does not know gets NaN, infinities and both zeros."""
import json
import math
import os

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.types import DoubleType, FloatType

expected = json.load(open(os.environ["CUBELAKE_EXPECTED"]))
catalog = RestCatalog("lake", uri=os.environ["CUBELAKE_CATALOG"])
odd = [None, math.nan, -0.0, 0.0, math.inf, 0.1, 1 / 3]
os.mkdir(expected["kept"])
for name, key in (("silver.reflectance", "line"), ("gold.plot_index", "spectral_index")):
    table = catalog.load_table(name)
    with table.update_schema() as update:
        update.add_column("odd_float", FloatType())
        update.add_column("odd_double", DoubleType())
    rows = table.scan().to_arrow().sort_by(key)
    values = [odd[at % len(odd)] for at in range(rows.num_rows)]
    for column in ("odd_float", "odd_double"):
        at = rows.schema.get_field_index(column)
        rows = rows.set_column(at, rows.schema.field(at), pa.array(values, rows.schema.field(at).type))
    cubes = rows["cube_id"].to_pylist()
    assert set(cubes) == {"c1", "c22"} and cubes != sorted(cubes) and cubes != sorted(cubes, reverse=True), cubes[:9]
    table.overwrite(rows)
    files = table.inspect.files()
    assert files.num_rows == 1, files["file_path"].to_pylist()
    kept = catalog.load_table(name).scan().to_arrow().filter(pc.field("cube_id") == "c22")
    assert kept.num_rows == cubes.count("c22")
    pq.write_table(kept, os.path.join(expected["kept"], name))
print("merged")
