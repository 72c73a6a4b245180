#!/usr/bin/env bash
# Runs one of the Python checks beside this file on the demo lake.
source "$(dirname "$0")/../installed.sh"
venv python numpy==2.4.6 pyarrow==26.0.1 zarr==3.1.6 xarray==2025.12.0 'pyiceberg[pyarrow,sql-sqlite]==0.12.0'
export CUBELAKE_REPOSITORY="$repository" CUBELAKE_DEMO_LAKE="$demo_lake"
if [ "$1" = read_with_pyiceberg.py ]; then
  serve_catalog
  export CUBELAKE_CATALOG="$catalog_uri"
fi
"$venv_home/bin/python" "$(dirname "$0")/$1"
