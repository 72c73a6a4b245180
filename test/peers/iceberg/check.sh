#!/usr/bin/env bash
# pyiceberg reads a table with a history, writes into it, makes a table of its own, and reads what we add to both
source "$(dirname "$0")/../installed.sh"
venv iceberg pyarrow==26.0.1 'pyiceberg[pyarrow,pyiceberg-core,sql-sqlite]==0.12.0'
node "$repository/test/peers/iceberg/check.ts" "$venv_home/bin/python"
node "$repository/test/peers/iceberg/merged-granules.ts" "$venv_home/bin/python"
