#!/usr/bin/env bash
# Writes sample bronze groups and lets zarr-python, xarray, rioxarray and tensorstore read them.
source "$(dirname "$0")/../installed.sh"
venv zarr numpy==2.4.6 zarr==3.1.6 numcodecs==0.16.6 xarray==2026.9.0 rioxarray==0.19.0 pyproj==3.7.2 tensorstore==0.1.86
groups="$peers_home/bronze-groups"
rm -rf "$groups"
mkdir -p "$groups"
node "$(dirname "$0")/write-sample.ts" "$groups"
"$venv_home/bin/python" -W error::UserWarning "$(dirname "$0")/read_bronze.py" "$groups"
