"""write_with_pyiceberg.py CATALOG_URI: pyiceberg makes, fills, evolves, deletes from, overwrites, renames and drops tables."""
import datetime
import sys
import time

import pyarrow as pa
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import NamespaceNotEmptyError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform, IdentityTransform
from pyiceberg.types import DateType, DoubleType, IntegerType, LongType, NestedField, StringType

catalog = RestCatalog("lake", uri=sys.argv[1])
catalog.create_namespace("peer_pyiceberg", {"owner": "pyiceberg"})
catalog.update_namespace_properties("peer_pyiceberg", removals={"owner", "none"}, updates={"season": "2026"})
properties = catalog.load_namespace_properties("peer_pyiceberg")
assert properties.pop("location").endswith("/tables/peer_pyiceberg") and properties == {"season": "2026"}, properties

schema = Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "farm", StringType(), required=False),
                NestedField(3, "day", DateType(), required=False), NestedField(4, "mean", DoubleType(), required=False))
spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "farm"), PartitionField(3, 1001, DayTransform(), "day_day"))
table = catalog.create_table("peer_pyiceberg.cow", schema=schema, partition_spec=spec)


def rows(start, end, **more):
    return [dict(id=i, farm="knox" if i % 2 == 0 else "linn", day=datetime.date(2026, 6, 1 + i % 3), mean=i / 8, **more) for i in range(start, end)]


def write(batch):
    time.sleep(0.05)
    table.append(pa.Table.from_pylist(batch, schema=table.schema().as_arrow()))


write(rows(0, 1000))
with table.update_schema() as update:
    update.add_column("plot_count", IntegerType())
write(rows(1000, 1200, plot_count=7))
time.sleep(0.05)
table.delete("id >= 100 and id < 200")
time.sleep(0.05)
table.overwrite(pa.Table.from_pylist(rows(5000, 5010, plot_count=None), schema=table.schema().as_arrow()),
                overwrite_filter="farm = 'linn' and day = '2026-06-02'")
other = catalog.create_table("peer_pyiceberg.before", schema=schema)
catalog.rename_table("peer_pyiceberg.before", "peer_pyiceberg.after")
assert catalog.load_table("peer_pyiceberg.after").metadata.table_uuid == other.metadata.table_uuid
try:
    catalog.drop_namespace("peer_pyiceberg")
    raise AssertionError("a namespace with tables was dropped")
except NamespaceNotEmptyError:
    pass
catalog.purge_table("peer_pyiceberg.after")
assert catalog.list_tables("peer_pyiceberg") == [("peer_pyiceberg", "cow")]
