"""read_with_pyiceberg.py CATALOG_URI TABLE...: facts of tables as pyiceberg sees them."""
import json
import sys

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog.rest import RestCatalog

uri, *names = sys.argv[1:]
catalog = RestCatalog("lake", uri=uri)


def column(values):
    count = len(values) - values.null_count
    kind = values.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return [count, None]
    return [count, float(pc.sum(values.cast(pa.float64(), safe=False)).as_py() or 0)]


def text(values):
    return "/".join(f"{name}={'null' if value is None else value}" for name, value in values.items())


def facts(name):
    table = catalog.load_table(name)
    rows = table.scan().to_arrow()
    snapshots = []
    for snapshot in sorted(table.snapshots(), key=lambda each: each.timestamp_ms):
        at_time = table.snapshot_as_of_timestamp(snapshot.timestamp_ms)
        counted = [table.scan(snapshot_id=each).count() for each in (snapshot.snapshot_id, at_time.snapshot_id)]
        snapshots.append(dict(id=str(snapshot.snapshot_id), timestampMs=snapshot.timestamp_ms, rowsById=counted[0], rowsByTime=counted[1]))
    listed = table.inspect.partitions().to_pylist()
    partitions = {text(each["partition"]): each["record_count"] for each in listed if "partition" in each}
    return dict(rows=rows.num_rows, columns={each: column(rows[each]) for each in rows.column_names}, snapshots=snapshots,
                partitions=partitions)


print(json.dumps({name: facts(name) for name in names}))
