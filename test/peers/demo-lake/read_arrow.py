"""pyarrow reads the Arrow stream of a query over the demo lake: the values are those of `cubelake sql --json`."""
import datetime
import decimal
import os
import subprocess

import pyarrow as pa

import lake

query = """SELECT acquired_at, acquisition_date, cube_id, plot_id, line, x, cell, r0670, quality = 0 AS clean, [line, NULL] AS list
FROM silver.reflectance ORDER BY cube_id, line, sample LIMIT 3000"""
command = ["node", os.path.join(lake.repository, "cli/main.ts"), "sql", "--lake", lake.lake, "--format", "arrow"]
arrow = pa.ipc.open_stream(subprocess.run([*command, query], capture_output=True, check=True).stdout).read_all()
arrow.validate(full=True)
types = {field.name: str(field.type) for field in arrow.schema}
assert types == {"acquired_at": "timestamp[us, tz=UTC]", "acquisition_date": "date32[day]", "cube_id": "string", "plot_id": "string",
                 "line": "int32", "x": "double", "cell": "int64", "r0670": "float", "clean": "bool", "list": "list<item: int32>"}, types


def as_json(value):
    if isinstance(value, datetime.datetime):
        text = value.strftime("%Y-%m-%dT%H:%M:%S")
        return text + (f".{value.microsecond:06d}" if value.microsecond else "") + "Z"
    return value.isoformat() if isinstance(value, datetime.date) else value


theirs = [[as_json(value) for value in row.values()] for row in arrow.to_pylist()]
ours = lake.sql(query)
assert len(ours) == 3000 and theirs == ours, next((a, b) for a, b in zip(theirs, ours) if a != b)

total = pa.ipc.open_stream(subprocess.run([*command, "SELECT sum(line) AS s FROM silver.reflectance"], capture_output=True, check=True).stdout).read_all()
assert total.schema.field("s").type == pa.decimal128(38, 0), total.schema
assert total["s"][0].as_py() == decimal.Decimal(lake.sql("SELECT sum(line) FROM silver.reflectance")[0][0])
print(f"{arrow.num_rows} rows")
