"""pyiceberg appends to silver.samples and makes, evolves, reads and drops tables of its own, all through the REST catalog."""
import datetime
import os

import pyarrow as pa
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.types import StringType

catalog = RestCatalog("lake", uri=os.environ["CUBELAKE_CATALOG"])
table = catalog.load_table("silver.samples")
before = table.scan().to_arrow().num_rows
schema = table.schema().as_arrow()
row = dict(farm_id="pyi", day=datetime.date(2027, 3, 23), line=9000, acquired_at=None, lon=1.5, cell=7, good=True, note="n", r0670=0.25)
table.append(pa.Table.from_pylist([{**row, "line": 9000 + index} for index in range(3)], schema=schema))
assert catalog.load_table("silver.samples").scan().to_arrow().num_rows == before + 3

try:
    catalog.create_namespace("silver")
    raise AssertionError("a namespace twice")
except NamespaceAlreadyExistsError:
    pass
catalog.create_namespace("own")
data = pa.table({"a": pa.array([1, 2, 3], pa.int64()), "b": ["x", "y", None]})
own = catalog.create_table("own.plain", schema=data.schema)
try:
    catalog.create_table("own.plain", schema=data.schema)
    raise AssertionError("a table twice")
except TableAlreadyExistsError:
    pass
own.append(data)
with own.update_schema() as update:
    update.add_column("c", StringType())
own.append(pa.table({"a": pa.array([4], pa.int64()), "b": ["z"], "c": ["new"]}))
own.delete("a = 2")
own.overwrite(pa.table({"a": pa.array([9], pa.int64()), "b": ["w"], "c": ["o"]}), overwrite_filter="a = 1")
assert sorted(own.scan().to_arrow()["a"].to_pylist()) == [3, 4, 9]
with own.transaction() as transaction:
    transaction.set_properties({"owner": "peer"})
assert catalog.load_table("own.plain").properties["owner"] == "peer"
with catalog.create_table_transaction("own.staged", schema=data.schema) as transaction:
    with transaction.update_snapshot().fast_append() as append:
        pass
assert catalog.load_table("own.staged").scan().to_arrow().num_rows == 0
catalog.drop_table("own.plain")
assert catalog.list_tables("own") == [("own", "staged")]
try:
    catalog.load_table("own.plain")
    raise AssertionError("a dropped table")
except NoSuchTableError:
    pass
again = catalog.create_table("own.plain", schema=data.schema)
again.append(data)
assert again.scan().to_arrow().num_rows == 3
print("appended, created, evolved, deleted, dropped")
