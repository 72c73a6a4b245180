"""Rows, file facts and row groups of two tables by pyiceberg and pyarrow; compared with what was seen before maintenance."""
import json
import os

import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.conversions import from_bytes

moment = os.environ["CUBELAKE_MOMENT"]
catalog = RestCatalog("lake", uri=os.environ["CUBELAKE_CATALOG"])
kept = os.path.join(os.environ["CUBELAKE_FOLDER"], "rows.json")


def sorted_rows(scan):
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in scan.to_arrow().to_pylist())


rows = {}
for name in ("silver.reflectance", "gold.plot_index"):
    table = catalog.load_table(name)
    rows[name] = sorted_rows(table.scan())
    if moment == "after":
        tag = table.snapshot_by_name("before")
        assert sorted_rows(table.scan(snapshot_id=tag.snapshot_id)) == rows[name], f"{name}: other rows at the tag"
        assert len(table.snapshots()) <= 3, len(table.snapshots())
    schema = table.schema()
    for task in table.scan().plan_files():
        file = task.file
        parquet = pq.ParquetFile(file.file_path.removeprefix("file://"))
        assert parquet.metadata.num_rows == file.record_count, file.file_path
        assert os.path.getsize(file.file_path.removeprefix("file://")) == file.file_size_in_bytes, file.file_path
        offsets = []
        for index in range(parquet.num_row_groups):
            group = parquet.metadata.row_group(index)
            first = group.column(0)
            offsets.append(first.dictionary_page_offset or first.data_page_offset)
            values = parquet.read_row_group(index)
            values.validate(full=True)
            for position, column in enumerate(values.column_names):
                statistics = group.column(position).statistics
                assert statistics.null_count == values[column].null_count, (file.file_path, column)
                if statistics.has_min_max:
                    found = pc.min_max(values[column]).as_py()
                    assert (statistics.min, statistics.max) == (found["min"], found["max"]), (file.file_path, column)
        assert list(file.split_offsets) == offsets, file.file_path
        values = parquet.read()
        for field in schema.fields:
            if field.field_id not in file.lower_bounds or str(field.field_type) in ("date", "timestamptz"):
                continue
            found = pc.min_max(values[field.name]).as_py()
            bounds = [from_bytes(field.field_type, b[field.field_id]) for b in (file.lower_bounds, file.upper_bounds)]
            assert bounds == [found["min"], found["max"]], (file.file_path, field.name, bounds, found)
            assert file.null_value_counts[field.field_id] == values[field.name].null_count, field.name
        granules = (parquet.metadata.metadata or {}).get(b"cubelake.granules")
        if moment == "after" and parquet.num_row_groups > 1:
            for run in json.loads(granules):
                for index in range(run["row_group_start"], run["row_group_end"]):
                    own = parquet.read_row_group(index, columns=["cube_id", "processing_id"])
                    assert set(own["cube_id"].to_pylist()) == {run["cube_id"]}, run
                    assert set(own["processing_id"].to_pylist()) == {run["processing_id"]}, run
if moment == "before":
    with open(kept, "w") as file:
        json.dump(rows, file)
else:
    with open(kept) as file:
        assert json.load(file) == rows, "other rows"
print(f"{moment}: {sum(map(len, rows.values()))} rows")
