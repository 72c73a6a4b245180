#!/usr/bin/env bash
# numpy makes the edge product of three simulated cubes from their raw counts: every stored number is the same, and what is said of size and error is true.
source "$(dirname "$0")/../installed.sh"
venv edge-product numpy==2.4.6 pyarrow==24.0.0
work="$(mktemp -d "$peers_home/edge-product-XXXXXX")"
trap 'rm -rf "$work"' EXIT
for seed in 1 2 3; do
  folder="$work/season"
  rm -rf "$folder" "$work/parts"
  node "$repository/cli/main.ts" simulate --out "$folder" --seed "$seed" --sensor vnir --date 2025-06-09 --lines 400 2> "$work/log" > /dev/null
  day=midwest/demo-farm/2025/06/09
  cube="$folder/raw_cubes/$day/wheat-2025-vnir-20250609"
  reference="$folder/reference_cubes/$day/wheat-2025-vnir-20250609"
  node "$repository/cli/main.ts" edge preview "$cube.bil" --capture "$cube.capture.json" --mode all --json --out "$work/parts" \
    --dark "$reference-dark.bil" --white "$reference-white.bil" --white-dark "$reference-white-dark.bil" \
    --plots "$folder/plot_sets/$day/wheat-2025-plots.geojson" --plot-buffer-m 0.15 > "$work/preview.json" 2> "$work/log" || { cat "$work/log"; exit 1; }
  "$venv_home/bin/python" "$(dirname "$0")/check_edge_product.py" "$cube" "$reference" "$work/parts" "$work/preview.json"
done
