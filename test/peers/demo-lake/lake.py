"""What the Python checks know of the demo lake: where it is, and what our own SQL says of it."""
import json
import os
import subprocess

repository = os.environ["CUBELAKE_REPOSITORY"]
lake = os.environ["CUBELAKE_DEMO_LAKE"]
warehouse = os.path.join(lake, "warehouse")

NUMBERS = {"INTEGER", "BIGINT", "FLOAT", "DOUBLE"}
# Band columns beyond this many add time and no new kind of column.
BAND_COLUMNS_MAX = 6


def sql(query):
    """Rows of `cubelake sql --json`."""
    command = ["node", os.path.join(repository, "cli/main.ts"), "sql", "--lake", lake, "--json", query]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["rows"]


def tables():
    """Names of all tables, from information_schema through our SQL. `silver.latest` is a view of that SQL alone."""
    rows = sql("SELECT table_schema || '.' || table_name FROM information_schema.tables "
               "WHERE table_schema IN ('silver', 'gold', 'ref') ORDER BY 1")
    names = [row[0] for row in rows if row[0] != "silver.latest"]
    assert "silver.reflectance" in names and "gold.plot_index" in names, names
    return names


def facts(table):
    """{column: (kind, values that are not null, sum or distinct values)} and the row count, as our SQL says."""
    columns = [(row[0], row[1]) for row in sql(f"DESCRIBE {table}")]
    bands = [name for name, _ in columns if name[0] == "r" and name[1:5].isdigit()]
    kept = [(name, kind) for name, kind in columns if name not in bands[BAND_COLUMNS_MAX:]]
    parts = ["count(*)"]
    for name, kind in kept:
        total = f'sum("{name}"::DOUBLE)' if kind in NUMBERS else f'count(DISTINCT "{name}")'
        parts += [f'count("{name}")', total]
    row = sql(f"SELECT {', '.join(parts)} FROM {table}")[0]
    return row[0], {name: (kind, row[1 + 2 * i], row[2 + 2 * i]) for i, (name, kind) in enumerate(kept)}


def assert_same(table, column, ours, theirs):
    """Sums in another order differ in the last digits; counts do not differ."""
    (kind, our_count, our_total), (their_count, their_total) = ours, theirs
    assert our_count == their_count, f"{table}.{column}: our SQL counts {our_count} values, the peer {their_count}"
    if our_total is None or their_total is None:
        assert our_count == 0 and not their_total, f"{table}.{column}: our SQL says {our_total}, the peer {their_total}"
    else:
        near = abs(our_total - their_total) <= 1e-9 * max(1.0, abs(our_total))
        assert near, f"{table}.{column}: our SQL says {our_total}, the peer {their_total}"
