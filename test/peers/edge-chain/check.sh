#!/usr/bin/env bash
# From simulated captures to silver through real Mosquitto and Kafka: 200 kills, restarts, a cut link and a full disk later every part is there exactly once
#
#   check.sh [KILLS [SEED]]
here="$(cd "$(dirname "$0")" && pwd)"
source "$here/../installed.sh"
source "$here/../engines/at-exit.sh"
folder="$(mktemp -d "$peers_home/edge-chain-XXXXXX")"
at_exit "rm -rf $folder"
mkdir "$folder/spool"
mount -t tmpfs -o size=8m tmpfs "$folder/spool"
at_exit "umount $folder/spool"
venv python numpy==2.4.6 pyarrow==26.0.1 zarr==3.1.6 xarray==2025.12.0 'pyiceberg[pyarrow,sql-sqlite]==0.12.0'
node "$here/edge-chain.ts" "$folder" "$folder/spool" "${1:-200}" "${2:-1}" 2> "$folder/failure" ||
  { tail -n 5 "$folder"/*.log; cat "$folder/failure"; exit 1; }
"$venv_home/bin/python" "$here/check_chain.py" "$folder/chain.json"
