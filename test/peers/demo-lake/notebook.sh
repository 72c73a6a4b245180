#!/usr/bin/env bash
# Runs the notebook of a season as an analyst would: through the catalog, with pyiceberg and DuckDB. Its own assertions must hold.
#
#   bash test/peers/demo-lake/notebook.sh --keep      also keeps what the cells showed in the notebook
source "$(dirname "$0")/../installed.sh"
venv notebook 'pyiceberg[pyarrow]==0.12.0' duckdb==1.5.5 numpy==2.4.6 pandas==3.1.1 matplotlib==3.10.8 \
  nbconvert==7.17.2 nbclient==0.11.0 nbformat==5.11.1 ipykernel==7.4.0
serve_catalog
export CUBELAKE_CATALOG="$catalog_uri" PYTHONWARNINGS=ignore
notebook="$repository/notebooks/season-of-one-farm.ipynb"
executed="$peers_home/season-of-one-farm.ipynb"
"$venv_home/bin/python" - "$notebook" "$executed" <<'PYTHON'
import sys

import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
for cell in notebook.cells:
    cell.metadata.pop("execution", None)
nbformat.write(notebook, sys.argv[2])
cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
assert all(cell.execution_count for cell in cells), "a cell was left out"
print(f"{len(cells)} cells ran")
PYTHON
if [ "${1:-}" = --keep ]; then cp "$executed" "$notebook"; fi
