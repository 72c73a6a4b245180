"""pyiceberg plans the same scans: python planning_pyiceberg.py METADATA FARM DATE REPEATS. Prints JSON: milliseconds and a hash of the files."""
import hashlib
import json
import sys
import time

from pyiceberg.expressions import AlwaysTrue, And, EqualTo
from pyiceberg.table import StaticTable

metadata, farm, date, repeats = sys.argv[1:]
filters = {"farm day": And(EqualTo("farm_id", farm), EqualTo("acquisition_date", date)), "everything": AlwaysTrue()}
result = {}
for name, row_filter in filters.items():
    table = StaticTable.from_metadata(metadata)
    times = []
    for _ in range(int(repeats)):
        start = time.perf_counter()
        tasks = list(table.scan(row_filter=row_filter).plan_files())
        times.append((time.perf_counter() - start) * 1000)
    paths = sorted(task.file.file_path for task in tasks)
    result[name] = {"milliseconds": times, "fileCount": len(paths), "hash": hashlib.sha256("\n".join(paths).encode()).hexdigest()}
print(json.dumps(result))
