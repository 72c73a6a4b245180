"""pyarrow reads every data file of the demo lake: field ids, and statistics recomputed from the values."""
import glob
import os

import pyarrow.compute as pc
import pyarrow.parquet as pq

import lake

paths = sorted(glob.glob(os.path.join(glob.escape(lake.warehouse), "tables/**/*.parquet"), recursive=True))
assert paths, f"no Parquet files below {lake.warehouse}/tables"
checked = without = 0
for path in paths:
    file = pq.ParquetFile(path)
    ids = [field.metadata[b"PARQUET:field_id"] for field in file.schema_arrow]
    assert len(set(ids)) == len(ids), f"{path}: field ids are repeated"
    rows = 0
    for group in range(file.num_row_groups):
        metadata = file.metadata.row_group(group)
        table = file.read_row_group(group)
        table.validate(full=True)
        rows += table.num_rows
        for position, name in enumerate(table.column_names):
            statistics = metadata.column(position).statistics
            column = table.column(position)
            where = f"{path}, row group {group}, {name}"
            assert metadata.column(position).num_values == table.num_rows, where
            if statistics is None or not statistics.has_null_count:
                without += 1
                continue
            checked += 1
            assert statistics.null_count == column.null_count, f"{where}: null count {statistics.null_count}, found {column.null_count}"
            if statistics.has_min_max:
                found = pc.min_max(column).as_py()
                assert (statistics.min, statistics.max) == (found["min"], found["max"]), \
                    f"{where}: statistics say {statistics.min}..{statistics.max}, found {found}"
    assert rows == file.metadata.num_rows, f"{path}: footer says {file.metadata.num_rows} rows, found {rows}"
assert checked > 0, "no column chunk has statistics"
print(f"{len(paths)} files, {checked} column chunks with statistics, {without} without")
