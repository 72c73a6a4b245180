#!/usr/bin/env bash
# numpy makes cells and plots of the cloud's own rows of three cubes: the parts of a field machine are these, within the precision that they state
source "$(dirname "$0")/../installed.sh"
venv edge-product numpy==2.4.6 pyarrow==24.0.0
work="$(mktemp -d "$peers_home/edge-cloud-XXXXXX")"
trap 'rm -rf "$work"' EXIT
quietly() { "$@" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }
day=midwest/demo-farm/2025/06/09
name=wheat-2025-vnir-20250609
# Seed, cell size and further options of both; the third field machine keeps vegetation alone, and all of its cells.
while read -r seed cell_size options; do
  season="$work/season-$seed" captures="$work/captures-$seed"
  quietly node "$repository/cli/main.ts" simulate --out "$season" --seed "$seed" --sensor vnir --date 2025-06-09 --lines 300
  mkdir "$captures"
  cp "$season/raw_cubes/$day/$name".{hdr,bil} "$captures"
  reference="$season/reference_cubes/$day/$name"
  same=(--farm demo-farm --region midwest --date 2025-06-09 --panel 0.98 --saturation-level 16383 --integration-time-ms 12
    --dark "$reference-dark.bil" --white "$reference-white.bil" --white-dark "$reference-white-dark.bil" --white-time-ms 8
    --plots "$season/plot_sets/$day/wheat-2025-plots.geojson" --plot-buffer-m 0.15)
  # shellcheck disable=SC2086
  quietly node "$repository/cli/main.ts" edge run "$captures" --spool "$work/spool-$seed" --device tractor-1 --once \
    --cell-size "$cell_size" $options "${same[@]}"
  quietly node "$repository/cli/main.ts" ingest "$captures/$name.hdr" --lake "$work/lake-$seed" "${same[@]}"
  "$venv_home/bin/python" "$(dirname "$0")/check_edge_cloud.py" "$work/spool-$seed/payloads" "$work/lake-$seed/warehouse/tables"
done <<< "1 8
2 3 --precision 0.001
3 4 --ndvi-min 0.3"
