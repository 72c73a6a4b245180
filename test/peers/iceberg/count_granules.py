"""The rows of cube c22 are those that were kept, bit for bit, and cube c1 has those of the cloud alone."""
import json
import os

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.catalog.rest import RestCatalog

expected = json.load(open(os.environ["CUBELAKE_EXPECTED"]))
catalog = RestCatalog("lake", uri=os.environ["CUBELAKE_CATALOG"])


def bits(table):
    """Rows in a fixed order, floats by their bits: NaN equals itself, and the two zeros differ."""
    columns = {}
    for field in table.schema:
        column = table[field.name].combine_chunks()
        if pa.types.is_floating(field.type):
            present = column.fill_null(1)
            column = pc.if_else(column.is_valid(), present.view(pa.int32() if field.type == pa.float32() else pa.int64()), None)
        columns[field.name] = column.to_pylist()
    return sorted(zip(*(columns[name] for name in sorted(columns))), key=repr)


for name in ("silver.reflectance", "gold.plot_index"):
    rows = catalog.load_table(name).scan().to_arrow()
    kept = pq.read_table(os.path.join(expected["kept"], name))
    others = rows.filter(pc.field("cube_id") == "c22").select(kept.column_names)
    assert bits(others) == bits(kept), name
    replaced = rows.filter(pc.field("cube_id") == "c1")
    assert replaced["part_id"].null_count == replaced.num_rows > 0, name
    assert rows.num_rows == kept.num_rows + replaced.num_rows
    if name == "silver.reflectance":
        assert replaced.num_rows == expected["pixels"], replaced.num_rows
    print(f"{name}: {kept.num_rows} rows of the field stayed, {replaced.num_rows} are of the cloud")
