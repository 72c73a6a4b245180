"""What a field machine made of a cube against the cloud's rows of it: silver.reflectance, gold.plot_index."""
import glob
import json
import os
import re
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

payloads, tables = sys.argv[1:]
FLOAT32 = 2e-7
SATURATED, LOW_REFERENCE = 2, 4


def live(table):
    return pa.concat_tables(
        [pq.ParquetFile(path).read() for path in sorted(glob.glob(f"{tables}/{table}/data/**/*.parquet", recursive=True))]
    )


parts = {"cells": [], "plots": []}
for path in glob.glob(f"{payloads}/??/*"):
    if open(path, "rb").read(4) != b"PAR1":
        continue
    file = pq.ParquetFile(path)
    said = json.loads(file.metadata.metadata[b"cubelake.edge"])
    parts[said["mode"]].append((said, file.read()))
said = parts["cells"][0][0]
cells = pa.concat_tables([table for _, table in parts["cells"]])
plots = pa.concat_tables([table for _, table in parts["plots"]])
size, step, index_step = said["cell_size"], said["reflectance_precision"], said["index_precision"]

pixels = live("silver/reflectance")
bands = [name for name in pixels.column_names if re.fullmatch(r"r\d{4}(_\d)?", name)]
assert bands == [name for name in cells.column_names if re.fullmatch(r"r\d{4}(_\d)?", name)] and len(bands) > 100
number = lambda table, name: table[name].to_numpy(zero_copy_only=False)
nm = np.array([float(name[1:].replace("_", ".")) for name in bands])
nearest = lambda wanted: bands[int(np.argmin(abs(nm - wanted)))]
red, infrared = (number(pixels, nearest(wanted)).astype("f8") for wanted in (670, 800))
with np.errstate(divide="ignore", invalid="ignore"):
    ndvi = np.where(infrared + red > 0, (infrared - red) / (infrared + red), np.nan)
# Which band of a pixel is saturated or without references the rows do not say: cells with such a pixel are compared in nothing.
doubtful = (number(pixels, "quality") & (SATURATED | LOW_REFERENCE)) != 0
kept = np.ones(len(ndvi), bool)
if said["ndvi_min"] is not None:
    kept = ndvi >= said["ndvi_min"]

plot_ids = sorted({text for text in pixels["plot_id"].to_pylist() if text is not None})
code_of = {None: 0, **{text: at + 1 for at, text in enumerate(plot_ids)}}
code = lambda table: np.array([code_of[text] for text in table["plot_id"].to_pylist()])
key_of = lambda line, sample, plot: (line.astype("i8") * 2**20 + sample) * 2**12 + plot
line, sample = number(pixels, "line"), number(pixels, "sample")
pixel_key = key_of(line // size * size, sample // size * size, code(pixels))
keys, cell_of_pixel = np.unique(pixel_key, return_inverse=True)
is_clean = np.bincount(cell_of_pixel, weights=doubtful) == 0
count = np.bincount(cell_of_pixel, weights=kept)
row_key = key_of(number(cells, "line"), number(cells, "sample"), code(cells))
assert len(np.unique(row_key)) == len(row_key)
at = np.searchsorted(keys, row_key)
assert (keys[at] == row_key).all()
clean = is_clean[at]
assert clean.mean() > 0.5, clean.mean()
# Nothing lacks and nothing is more, pixel by pixel.
assert (number(cells, "pixel_count")[clean] == count[at][clean]).all()
assert set(keys[is_clean & (count > 0)]) == set(row_key[clean])

worst = 0.0
compared = 0
for name in bands:
    value = number(pixels, name).astype("f8")
    use = kept & ~np.isnan(value)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(cell_of_pixel[use], weights=value[use], minlength=len(keys)) / np.bincount(
            cell_of_pixel[use], minlength=len(keys)
        )
    stored = number(cells, name).astype("f8") * step
    assert (np.isnan(stored) == np.isnan(mean[at]))[clean].all(), name
    difference = abs(stored - mean[at])[clean]
    compared += int(np.isfinite(difference).sum())
    worst = max(worst, float(np.nanmax(difference)))
assert worst <= step / 2 + FLOAT32, (worst, step)

use = kept & ~np.isnan(ndvi)
ndvi_count = np.bincount(cell_of_pixel[use], minlength=len(keys))
with np.errstate(invalid="ignore"):
    ndvi_mean = np.bincount(cell_of_pixel[use], weights=ndvi[use], minlength=len(keys)) / ndvi_count
assert (number(cells, "ndvi_count")[clean] == ndvi_count[at][clean]).all()
worst_ndvi = float(np.nanmax(abs(number(cells, "ndvi_mean") * index_step - ndvi_mean[at])[clean]))
assert worst_ndvi <= index_step / 2 + 1e-6, worst_ndvi

# Plots: the field has seen every pixel, so nothing but the processing differs.
gold = live("gold/plot_index")
order = [("plot_id", "ascending"), ("spectral_index", "ascending")]
in_cloud, in_field = gold.sort_by(order), plots.sort_by(order)
assert in_cloud.num_rows == in_field.num_rows > 0
for name in in_cloud.column_names:
    if name != "processing_id":
        assert in_cloud[name].to_pylist() == in_field[name].to_pylist(), name

print(
    f"{os.path.basename(said['granule_key'])}, cells of {size} x {size}"
    + (f", NDVI >= {said['ndvi_min']}" if said["ndvi_min"] is not None else "")
    + f": {len(row_key)} cells ({clean.mean():.0%} clean) of {len(ndvi)} pixels, {compared} means of {len(bands)} bands: "
    f"largest difference {worst:.2e} where half a step is {step / 2:.2e}; NDVI {worst_ndvi:.2e} where it is "
    f"{index_step / 2:.2e}; {gold.num_rows} plot means equal"
)
