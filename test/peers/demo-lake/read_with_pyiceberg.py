"""pyiceberg reads every table of the demo lake through `cubelake catalog serve`: counts and sums are those of our SQL, and
the bounds in the manifests hold for the values in the files."""
import os

import pyarrow.compute as pc
import pyarrow.types as pt
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.conversions import from_bytes

import lake

catalog = RestCatalog("demo", uri=os.environ["CUBELAKE_CATALOG"])
names = {".".join(identifier) for namespace in catalog.list_namespaces() for identifier in catalog.list_tables(namespace)}
assert set(lake.tables()) <= names, f"our SQL shows {lake.tables()}, the catalog {names}"
bounds = 0
for name in lake.tables():
    row_count, columns = lake.facts(name)
    table = catalog.load_table(name)
    arrow = table.scan(selected_fields=tuple(columns)).to_arrow()
    assert arrow.num_rows == row_count, f"{name}: our SQL counts {row_count} rows, pyiceberg {arrow.num_rows}"
    for column, ours in columns.items():
        values = arrow[column]
        count = len(values) - values.null_count
        is_number = pt.is_integer(values.type) or pt.is_floating(values.type)
        total = pc.sum(values.cast("float64")).as_py() if is_number else pc.count_distinct(values).as_py()
        lake.assert_same(name, column, ours, (count, total))
    schema = table.schema()
    for task in table.scan().plan_files():
        file = task.file
        assert os.path.getsize(file.file_path.removeprefix("file://")) == file.file_size_in_bytes, file.file_path
        for field_id, lower in (file.lower_bounds or {}).items():
            field = schema.find_field(field_id)
            low, high = from_bytes(field.field_type, lower), from_bytes(field.field_type, file.upper_bounds[field_id])
            assert low <= high, f"{name}.{field.name}: bounds {low}..{high}"
            bounds += 1
    snapshots = table.inspect.snapshots().num_rows
    ours = lake.sql(f"SELECT count(*) FROM lake.snapshots WHERE table_name = '{name}'")[0][0]
    assert snapshots == ours, f"{name}: our SQL lists {ours} snapshots, pyiceberg {snapshots}"
assert bounds > 0, "no bounds in any manifest"
print(f"{len(lake.tables())} tables, {bounds} bounds")
