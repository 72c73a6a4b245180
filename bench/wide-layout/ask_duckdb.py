"""ask_duckdb.py PLAN LAKE_RESULT LAKE RESULT: DuckDB on the one file that our planner picks, and DuckDB's own Iceberg reader on the
whole table. threeBands and spectrum are of the planned file, allSpectra copies every band of it into a table in memory;
icebergPlan is EXPLAIN, icebergThreeBands the query through iceberg_scan."""
import glob
import json
import os
import sys

import duckdb
import duckdb_extension_avro
import duckdb_extension_iceberg
from asking import ask

plan_path, lake_result, lake, result_path = sys.argv[1:5]
metadata = {(one["layout"], one["bandCount"], one["fileCount"]): one["metadataLocation"]
            for one in json.load(open(lake_result))["planning"] if not one["hasBandMetrics"]}
connection = duckdb.connect(config={"threads": 2, "memory_limit": "4GB"})
for package in (duckdb_extension_avro, duckdb_extension_iceberg):
    [extension] = glob.glob(os.path.join(os.path.dirname(package.__file__), "extensions", "*", "*.duckdb_extension"))
    connection.execute(f"LOAD '{extension}'")


def questions(table):
    case = (table["layout"], table["bandCount"], table["fileCount"])
    queries = table["queries"]
    planned = f"read_parquet('{lake}/warehouse/files/{case[0]}_{case[1]}/0.parquet')"
    scan = f"iceberg_scan('{metadata[case].removeprefix('file://')}')"
    run = lambda query: lambda: connection.execute(query).to_arrow_table()
    if case[2] == 1:
        yield "threeBands", run(queries["duckdb"].replace("{from}", planned))
        yield "spectrum", run(queries["spectrum"].replace("{from}", planned))
        yield "allSpectra", run(f"CREATE OR REPLACE TEMP TABLE pixels AS SELECT * FROM {planned}")
    yield "icebergPlan", run("EXPLAIN " + queries["duckdb"].replace("{from}", scan))
    yield "icebergThreeBands", run(queries["duckdb"].replace("{from}", scan))
    yield "icebergSpectrum", run(queries["spectrum"].replace("{from}", scan))


ask(plan_path, result_path, lambda table: True, questions)
