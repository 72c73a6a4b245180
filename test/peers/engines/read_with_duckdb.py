"""read_with_duckdb.py CATALOG_URI TABLE...: facts of tables as DuckDB's own Iceberg extension sees them. It lists no partitions."""
import json
import sys

from duckdb_session import open_duckdb

uri, *names = sys.argv[1:]
duckdb = open_duckdb(uri)
NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE"}


def facts(name):
    table = f"lake.{name}"
    columns = [(row[0], row[1]) for row in duckdb.execute(f"DESCRIBE {table}").fetchall()]
    parts = ["count(*)"]
    for column, kind in columns:
        parts += [f'count("{column}")', f'sum("{column}"::DOUBLE)' if kind in NUMBERS else "NULL"]
    row = duckdb.execute(f"SELECT {', '.join(parts)} FROM {table}").fetchone()
    values = {}
    for index, (column, kind) in enumerate(columns):
        total = row[2 + 2 * index]
        values[column] = [row[1 + 2 * index], float(total or 0) if kind in NUMBERS else None]
    snapshots = []
    for snapshot_id, ms in duckdb.execute(f"SELECT snapshot_id::VARCHAR, epoch_ms(timestamp_ms) FROM iceberg_snapshots({table}) ORDER BY timestamp_ms").fetchall():
        by_id = duckdb.execute(f"SELECT count(*) FROM {table} AT (VERSION => {snapshot_id})").fetchone()[0]
        by_time = duckdb.execute(f"SELECT count(*) FROM {table} AT (TIMESTAMP => make_timestamp({ms} * 1000 + 500))").fetchone()[0]
        snapshots.append(dict(id=snapshot_id, timestampMs=ms, rowsById=by_id, rowsByTime=by_time))
    return dict(rows=row[0], columns=values, snapshots=snapshots, partitions=None)


print(json.dumps({name: facts(name) for name in names}))
