"""compare_lakes.py BY_SPARK BY_SINK PARTS: both lakes have the same rows of the same parts, each part once."""
import json
import math
import sys
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.table import StaticTable

lakes, payloads = [Path(each) for each in sys.argv[1:3]], Path(sys.argv[3])
CLOUD_CUBES = {"pass-001", "pass-003"}
# Degrees; pyproj and proj4 differ in the last digits.
LON_LAT_TOLERANCE = 1e-9


def rows_of(lake, table):
    files = list((lake / "warehouse/tables" / table / "metadata").glob("*.metadata.json"))
    newest = max(files, key=lambda path: int(path.name[1:].split("-")[0].split(".")[0]))
    return StaticTable.from_metadata(str(newest)).scan().to_arrow()


def values_of(rows, name):
    return rows[name].combine_chunks()


# The order in which plots are pooled moves the last digits.
FIELD_KEYS = ["farm_id", "period", "period_start", "crop", "crop_row", "spectral_index"]
spark, sink = (rows_of(lake, "gold/field_metrics").sort_by([(key, "ascending") for key in FIELD_KEYS]).to_pylist() for lake in lakes)
assert len(spark) == len(sink) > 0, (len(spark), len(sink))
for ours, theirs in zip(spark, sink):
    for name, value in theirs.items():
        assert ours[name] == value or math.isclose(ours[name], value, rel_tol=1e-12), (name, ours, theirs)
print(f"gold/field_metrics: {len(sink)} rows equal to the sink's within 1e-12")

parts = {}
for path in payloads.rglob("*"):
    if path.is_file() and path.read_bytes()[:4] == b"PAR1":
        part = pq.ParquetFile(path)
        facts = json.loads(part.schema_arrow.metadata[b"cubelake.edge"])
        if facts["granule_key"].rsplit("/", 1)[1] not in CLOUD_CUBES:
            parts.setdefault(facts["mode"], {})[path.name] = part.metadata.num_rows

for table, mode, keys in (("silver/reflectance", "cells", ["part_id", "line", "sample"]),
                          ("gold/plot_index", "plots", ["part_id", "plot_id", "spectral_index"])):
    spark, sink = (rows_of(lake, table) for lake in lakes)
    from_cloud = [rows.filter(pc.is_null(rows["part_id"])) for rows in (spark, sink)]
    assert from_cloud[0].num_rows == from_cloud[1].num_rows > 0, [rows.num_rows for rows in from_cloud]
    assert set(from_cloud[0]["cube_id"].to_pylist()) == CLOUD_CUBES
    spark, sink = (rows.filter(pc.is_valid(rows["part_id"])).sort_by([(key, "ascending") for key in keys]) for rows in (spark, sink))
    counts = {each["values"]: each["counts"] for each in spark["part_id"].value_counts().to_pylist()}
    assert counts == parts[mode], (len(counts), len(parts[mode]))
    assert sorted(spark.column_names) == sorted(sink.column_names), set(spark.column_names) ^ set(sink.column_names)
    worst = 0.0
    for name in sink.column_names:
        ours, theirs = values_of(spark, name), values_of(sink, name)
        assert ours.type == theirs.type, (name, ours.type, theirs.type)
        if name in ("lon", "lat"):
            worst = max(worst, float(np.max(np.abs(ours.to_numpy() - theirs.to_numpy()))))
            assert worst < LON_LAT_TOLERANCE, (name, worst)
        elif name == "cell":
            differing = int(np.sum(ours.to_numpy() != theirs.to_numpy()))
            assert differing * 1000 < len(ours), f"{differing} cells of {len(ours)} in other squares of the world"
        else:
            assert ours.equals(theirs), (name, [(a, b) for a, b in zip(ours.to_pylist(), theirs.to_pylist()) if a != b][:3])
    print(f"{table}: {len(counts)} parts once each, {spark.num_rows} rows, {len(sink.column_names)} columns equal to the sink's"
          + (f", lon and lat within {worst:.0e} degrees, {differing} cells differ" if mode == "cells" else ""))
