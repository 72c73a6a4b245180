#!/usr/bin/env bash
# pyiceberg and pyarrow read the same rows before and after compaction, manifest rewrite, expiry and orphan removal
source "$(dirname "$0")/../installed.sh"
venv iceberg pyarrow==26.0.1 'pyiceberg[pyarrow,pyiceberg-core,sql-sqlite]==0.12.0'
node "$repository/test/peers/maintenance/check.ts" "$venv_home/bin/python"
