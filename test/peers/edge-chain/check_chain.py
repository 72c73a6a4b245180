"""check_chain.py CHAIN.json: silver and gold hold every part of the expected ones exactly once, by count, by sum and by content hash."""
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.table import StaticTable

chain = json.load(open(sys.argv[1]))
tables = Path(chain["lake"]) / "warehouse" / "tables"


def newest(table):
    files = list((tables / table / "metadata").glob("*.metadata.json"))
    return StaticTable.from_metadata(str(max(files, key=lambda path: int(path.name[1:].split(".")[0]))))


def facts_of(part):
    return json.loads(part.schema_arrow.metadata[b"cubelake.edge"])


parts = {}
for path in Path(chain["expected"]).rglob("*"):
    if path.is_file() and path.read_bytes()[:4] == b"PAR1":
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name, path
        parts[path.name] = pq.ParquetFile(path)
cells = {name: part for name, part in parts.items() if facts_of(part)["mode"] == "cells"}
granules = {facts_of(part)["granule_key"] for part in cells.values()}
assert len(granules) == chain["cubeCount"], (len(granules), chain["cubeCount"])

silver = newest("silver/reflectance")
rows = silver.scan().to_arrow()
assert set(rows["origin"].to_pylist()) == {"edge"}
counts = {entry["values"]: entry["counts"] for entry in rows["part_id"].value_counts().to_pylist()}
assert counts == {name: part.metadata.num_rows for name, part in cells.items()}, (
    f"{len(counts)} parts in silver, {len(cells)} expected; "
    f"missing {len(cells.keys() - counts.keys())}, unknown {len(counts.keys() - cells.keys())}"
)
keys = rows.select(["farm_id", "cube_id", "line", "sample"]).group_by(["farm_id", "cube_id", "line", "sample"])
assert keys.aggregate([]).num_rows == rows.num_rows, "cells that are there twice"

worst = 0.0
for name, part in cells.items():
    facts, stored = facts_of(part), part.read()
    here = rows.filter(pa.compute.equal(rows["part_id"], name)).sort_by([("line", "ascending"), ("sample", "ascending")])
    stored = stored.sort_by([("line", "ascending"), ("sample", "ascending")])
    for column in stored.column_names:
        if column in ("line", "sample", "quality", "pixel_count", "plot_id") or column.endswith("_count"):
            assert here[column].to_pylist() == stored[column].to_pylist(), (name, column)
            continue
        is_index = column.endswith(("_mean", "_sd"))
        step = facts["index_precision" if is_index else "reflectance_precision"]
        wanted = stored[column].to_numpy(zero_copy_only=False).astype(float) * step
        got = here[column].to_numpy(zero_copy_only=False).astype(float)
        assert np.array_equal(np.isnan(wanted), np.isnan(got)), (name, column)
        error = np.nanmax(np.abs(wanted - got), initial=0.0)
        worst = max(worst, error)
        assert error < 1e-6, (name, column, error)

total = sum(part.read(["ndvi_mean"])["ndvi_mean"].to_numpy().astype(np.int64).sum() for part in cells.values())
in_silver = np.rint(rows["ndvi_mean"].to_numpy() / 1e-4).astype(np.int64).sum()
assert total == in_silver, (total, in_silver)
snapshots = [s for s in silver.metadata.snapshots if "cubelake.ingest.offsets" in s.summary.additional_properties]
assert snapshots, "no snapshot says how far the log was read"
print(
    f"pyiceberg: {len(cells)} parts of {len(granules)} cubes in silver, each once: {rows.num_rows} rows, "
    f"sum of NDVI {total * 1e-4:.4f} on both sides, values within {worst:.0e}; {len(snapshots)} commits"
)
