"""pyiceberg reads silver.samples through the REST catalog: rows, snapshots, files, manifests, partitions, pruning, time travel."""
import json
import os

from pyiceberg.catalog.rest import RestCatalog

with open(os.environ["CUBELAKE_EXPECTED"]) as file:
    expected = json.load(file)
catalog = RestCatalog("lake", uri=os.environ["CUBELAKE_CATALOG"])
assert ("silver",) in catalog.list_namespaces()
assert ("silver", "samples") in catalog.list_tables("silver")
assert catalog.table_exists("silver.samples") and not catalog.table_exists("silver.nothing")
table = catalog.load_table("silver.samples")

rows = table.scan().to_arrow().to_pylist()
assert sorted(row["line"] for row in rows) == sorted(expected["lines"]), "other rows"
for row in rows:
    line = row["line"]
    assert row["lon"] == (None if line % 3 == 0 else line / 8), row
    assert row["cell"] == 2**60 + line and row["good"] == (line % 2 == 0), row
    assert row["note"] == (None if line % 5 == 0 else f"note {line} " + "ä" * 100), row
    assert row["acquired_at"].timestamp() == line * 1_000_001 / 1e6, row
    has_red = 200 <= line < 400
    assert (row["r0670"] is not None) == has_red and (not has_red or abs(row["r0670"] - line / 1e4) < 1e-6), row

files = {task.file.file_path: task.file for task in table.scan().plan_files()}
assert set(files) == {file["path"] for file in expected["files"]}, "other files"
for file in expected["files"]:
    ours = files[file["path"]]
    assert ours.record_count == file["recordCount"] and ours.file_size_in_bytes == file["fileSizeBytes"]
    assert os.path.getsize(file["path"].removeprefix("file://")) == file["fileSizeBytes"]

snapshots = {str(row["snapshot_id"]): row for row in table.inspect.snapshots().to_pylist()}
assert len(snapshots) == len(expected["snapshots"])
for snapshot in expected["snapshots"]:
    theirs = snapshots[snapshot["id"]]
    assert theirs["operation"] == snapshot["operation"]
    assert dict(theirs["summary"])["total-records"] == snapshot["total_records"]
    # Time travel: the totals in the summary are those of the rows.
    counted = table.scan(snapshot_id=int(snapshot["id"]), selected_fields=("line",))
    assert sum(task.file.record_count for task in counted.plan_files()) == int(snapshot["total_records"]), snapshot

manifests = table.inspect.manifests().to_pylist()
assert len(manifests) < 100, len(manifests)
assert sum(m["added_data_files_count"] + m["existing_data_files_count"] for m in manifests) == len(files)
entries = table.inspect.entries().to_pylist()
assert sum(1 for entry in entries if entry["status"] != 2) == len(files)
partitions = {(row["partition"]["farm_id"], str(row["partition"]["day_day"])) for row in table.inspect.partitions().to_pylist()}
assert ("knox", "1969-12-31") in partitions, partitions
for text, lines in [
    ("day = '1969-12-31'", range(100, 150)),
    ("farm_id = 'linn' and line >= 1100", range(1100, 1110)),
    ("line = 250", range(250, 251)),
    ("note is null and line < 120", (100, 105, 110, 115)),
]:
    found = table.scan(row_filter=text)
    assert sorted(row["line"] for row in found.to_arrow().to_pylist()) == list(lines), text
    assert len(list(found.plan_files())) < len(files), f"nothing was skipped: {text}"
print(f"{len(rows)} rows, {len(files)} files, {len(manifests)} manifests, {len(snapshots)} snapshots")
