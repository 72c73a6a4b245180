"""A DuckDB with its extensions from the installed packages (nothing is downloaded) and the REST catalog attached as `lake`."""
import glob
import importlib
import os

import duckdb


def open_duckdb(uri):
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    for name in ("httpfs", "avro", "iceberg"):
        folder = os.path.dirname(importlib.import_module(f"duckdb_extension_{name}").__file__)
        path = glob.glob(os.path.join(folder, "**", f"{name}.duckdb_extension*"), recursive=True)[0]
        connection.execute(f"LOAD '{path}'")
    connection.execute(f"ATTACH '' AS lake (TYPE iceberg, ENDPOINT '{uri}', AUTHORIZATION_TYPE 'none')")
    return connection
