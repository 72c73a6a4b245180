#!/usr/bin/env bash
# Spectral Python, h5py, netCDF4, xarray and rasterio open a simulated season and find the true NDVI of its plots.
source "$(dirname "$0")/../installed.sh"
venv simulation numpy==2.4.6 spectral==0.25 h5py==3.16.0 netCDF4==1.7.5.1.post1 xarray==2026.9.0 rasterio==1.4.4 pyproj==3.7.2
season="$peers_home/season"
rm -rf "$season"
node "$repository/cli/main.ts" simulate --out "$season"
"$venv_home/bin/python" "$(dirname "$0")/check_simulation.py" "$season"
