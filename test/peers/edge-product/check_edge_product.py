"""The edge product of one simulated pushbroom cube against numpy, which starts from the raw counts."""
import base64
import glob
import json
import re
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

cube, reference, parts, preview = sys.argv[1:]
PART_BYTES_MAX = 900 * 1024


def envi(path):
    header = open(path + ".hdr").read()
    whole = lambda name: int(re.search(rf"^{name}\s*=\s*(\d+)", header, re.M).group(1))
    shape = whole("lines"), whole("bands"), whole("samples")
    wavelengths = [float(text) for text in re.search(r"wavelength = \{([^}]*)\}", header, re.S).group(1).split(",")]
    return np.fromfile(path + ".bil", "<u2").reshape(shape), np.array(wavelengths)


raw, wavelength_nm = envi(cube)
capture = json.load(open(cube + ".capture.json"))
mean = lambda name: envi(f"{reference}-{name}")[0].astype("f8").mean(0)
white = capture["white"]
panel = np.interp(wavelength_nm, white["panel"]["wavelength_nm"], white["panel"]["reflectance"])
exposure = white["integration_time_ms"] / capture["integration_time_ms"]
with np.errstate(divide="ignore", invalid="ignore"):
    reflectance = (raw - mean("dark")) / (mean("white") - mean("white-dark")) * exposure * panel[:, None]
saturated = raw >= capture["saturation_level"]
# The product starts from calibrated tiles, which hold ten-thousandths.
packed = np.rint(reflectance * 10_000).transpose(0, 2, 1)
usable = ~saturated.transpose(0, 2, 1)
lines, samples, bands = packed.shape
band = lambda nm: int(np.argmin(abs(wavelength_nm - nm)))
with np.errstate(divide="ignore", invalid="ignore"):
    red, infrared = packed[:, :, band(670)], packed[:, :, band(800)]
    ndvi = np.where(infrared + red > 0, (infrared - red) / (infrared + red), np.nan)
ndvi[~(usable[:, :, band(670)] & usable[:, :, band(800)])] = np.nan

report = json.load(open(preview))
assert report["raw_bytes"] == raw.nbytes
by_mode = {entry["mode"]: entry for entry in report["modes"]}


def table_of(mode):
    paths = sorted(glob.glob(f"{parts}/*-{mode}-*.parquet"))
    files = [pq.ParquetFile(path) for path in paths]
    sizes = [len(open(path, "rb").read()) for path in paths]
    assert max(sizes) <= PART_BYTES_MAX and sum(sizes) == by_mode[mode]["size_bytes"], (mode, sizes)
    assert len(paths) == by_mode[mode]["part_count"]
    said = [json.loads(file.metadata.metadata[b"cubelake.edge"]) for file in files]
    assert all(entry == said[0] and entry["cube"] == cube.split("/")[-1] + ".bil" for entry in said)
    table = pa.concat_tables([pq.read_table(path) for path in paths])
    assert table.num_rows == by_mode[mode]["row_count"]
    return table, said[0]


# Cells.
table, said = table_of("cells")
size = said["cell_size"]
line, sample, count = (table[name].to_numpy() for name in ("line", "sample", "pixel_count"))
assert count.sum() == lines * samples
cell_of_pixel = (np.arange(lines)[:, None] // size) * samples + np.arange(samples)[None, :] // size
cell_of_row = (line // size) * samples + sample // size
whole = np.bincount(cell_of_row, minlength=cell_of_pixel.max() + 1)
# Detectors that are dead or lost in noise are left out here: which they are is calibration's own judgement.
doubtful = np.zeros(len(whole), bool)
doubtful[cell_of_row[table["quality"].to_numpy() & 5 != 0]] = True
clean = ~doubtful[cell_of_row]
assert clean.mean() > 0.7, clean.mean()
single = clean & (whole[cell_of_row] == 1)
names = [name for name in table.column_names if re.fullmatch(r"r\d{4}(_\d)?", name)]
assert len(names) == bands
means = np.empty((cell_of_pixel.max() + 1, bands))
counted = np.empty_like(means)
for at in range(bands):
    good = usable[:, :, at]
    counted[:, at] = np.bincount(cell_of_pixel[good], minlength=len(means))
    sums = np.bincount(cell_of_pixel[good], weights=packed[:, :, at][good], minlength=len(means))
    means[:, at] = sums / np.maximum(1, counted[:, at])
order = np.argsort([float(name[1:].replace("_", ".")) for name in names])
stored = np.column_stack([table[names[at]].to_numpy(zero_copy_only=False) for at in order])
stored = stored * said["reflectance_precision"] * 10_000
# A pixel on the border of two ten-thousandths may fall to the other side in float32: it moves the mean of a cell a little.
half = said["reflectance_precision"] * 5_000 + 0.05
difference = abs(stored[single] - means[cell_of_row[single]])
assert not np.isnan(difference).any() or (counted[cell_of_row[single]][np.isnan(difference)] == 0).all()
assert np.nanmax(difference) <= half, np.nanmax(difference)
# Cells that plots share: their rows together make the cell.
shared = clean & ~single
sums = np.zeros_like(means)
np.add.at(sums, cell_of_row[shared], stored[shared] * count[shared][:, None])
cells = np.unique(cell_of_row[shared])
full = (counted[cells] == np.bincount(cell_of_pixel.ravel(), minlength=len(means))[cells][:, None]).all(1)
assert abs(sums[cells][full] / counted[cells][full] - means[cells][full]).max() <= half

valid = ~np.isnan(ndvi)
ndvi_count = np.bincount(cell_of_pixel[valid], minlength=len(means))
ndvi_mean = np.bincount(cell_of_pixel[valid], weights=ndvi[valid], minlength=len(means)) / np.maximum(1, ndvi_count)
ndvi_squares = np.bincount(cell_of_pixel[valid], weights=(ndvi - ndvi_mean[cell_of_pixel])[valid] ** 2, minlength=len(means))
kept = single & (ndvi_count[cell_of_row] > 1)
assert (table["ndvi_count"].to_numpy()[single] == ndvi_count[cell_of_row[single]]).all()
assert abs(table["ndvi_mean"].to_numpy(zero_copy_only=False)[kept] * 1e-4 - ndvi_mean[cell_of_row[kept]]).max() <= 5.001e-5
spread = np.sqrt(ndvi_squares / np.maximum(1, ndvi_count - 1))
assert abs(table["ndvi_sd"].to_numpy(zero_copy_only=False)[kept] * 1e-4 - spread[cell_of_row[kept]]).max() <= 5.001e-5

cells_said = by_mode["cells"]
assert cells_said["compression_ratio"] >= 50, cells_said["compression_ratio"]
assert cells_said["ndvi_rmse"] <= 0.01 and cells_said["ndvi_plot_rmse"] <= 0.01

# Pixels.
table, said = table_of("pixels")
where = table["line"].to_numpy(), table["sample"].to_numpy()
assert table.num_rows == lines * samples
found = table["ndvi"].to_numpy(zero_copy_only=False) * said["index_precision"]
certain = table["quality"].to_numpy() & 5 == 0
assert certain.mean() > 0.9
found, wanted = found[certain], ndvi[where][certain]
assert (np.isnan(found) == np.isnan(wanted)).all()
beyond = abs(found - wanted) > said["index_precision"] / 2 + 1e-9
assert beyond.mean() < 2e-3 and np.nanmax(abs(found - wanted)) < 0.01, (beyond.mean(), np.nanmax(abs(found - wanted)))

# Components: the spectra of all pixels come back with the error that the preview tells.
table, said = table_of("components")
floats = lambda name: np.frombuffer(base64.b64decode(said[name]), "<f4").astype("f8")
base = floats("mean")
vectors = floats("vectors").reshape(-1, len(base))
assert abs(vectors @ vectors.T - np.eye(len(vectors))).max() < 1e-5
scores = np.column_stack(
    [table[f"component_{at + 1}"].to_numpy(zero_copy_only=False) for at in range(len(vectors))]
) * said["score_precision"]
where = table["line"].to_numpy(), table["sample"].to_numpy()
rebuilt = base + scores @ vectors
exact = packed[where] * 1e-4
scored = ~np.isnan(scores).any(1)
rmse = float(np.sqrt(((rebuilt - exact)[scored] ** 2).mean()))
assert abs(rmse - by_mode["components"]["reflectance_rmse"]) < 0.05 * rmse, (rmse, by_mode["components"])

print(
    f"{lines} x {samples} x {bands}: cells {cells_said['compression_ratio']:.1f} times smaller, NDVI RMSE "
    f"{cells_said['ndvi_rmse']:.1e} (plots {cells_said['ndvi_plot_rmse']:.1e}, from the spectrum "
    f"{cells_said['ndvi_from_spectrum_rmse']:.3f}); pixels {by_mode['pixels']['compression_ratio']:.1f}; "
    f"components {by_mode['components']['compression_ratio']:.1f}, reflectance RMSE {rmse:.4f}"
)
