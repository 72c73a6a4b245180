"""What the programs that ask an engine have in common: one run that does not count, then the median of three."""
import json
import statistics
import sys
import time

RUNS = 3


def seconds(work):
    work()
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def ask(plan_path, result_path, is_asked, questions):
    """`questions(table)`: (what, callable) in order. Writes one record for each table."""
    results = []
    for table in filter(is_asked, json.load(open(plan_path))["tables"]):
        record = {key: table[key] for key in ("layout", "bandCount", "fileCount")}
        for what, work in questions(table):
            record[what] = seconds(work)
        results.append(record)
        print(record, file=sys.stderr, flush=True)
    json.dump(results, open(result_path, "w"))
