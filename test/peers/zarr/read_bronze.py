"""zarr-python, xarray, rioxarray and tensorstore open sample bronze groups and find what was put there.

    python read_bronze.py FOLDER    FOLDER as written by write-sample.ts

The formulas are those of test/core/formats/zarr/sample-group.ts, in numpy.
"""
import json
import os
import sys

import numpy as np
import pyproj
import rioxarray  # noqa: F401 (registers .rio)
import tensorstore
import xarray as xr
import zarr

folder = sys.argv[1]
FILL = -32768
TRANSFORMS = {
    "utm": (0.5, 0, 500_000, 0, -0.5, 5_300_000),
    "rotated": (0.4, 0.3, 500_000, 0.3, -0.4, 5_300_000),
    "degrees": (1e-5, 0, 11.5, 0, -1e-5, 48.25),
}


def expected(bands, lines, samples):
    band, line, sample = np.ogrid[:bands, :lines, :samples]
    values = (band * 7919 + line * 131 + sample * sample * 17) % 12_000 - 500
    is_fill = (band == 2) | ((sample == 0) & (band > 0)) | np.zeros_like(values, bool)
    values = np.where(is_fill, FILL, values).astype(np.int16)
    bits = np.where(is_fill, 1, np.where((band == 1) & (line == sample), 2, 0)).astype(np.uint8)
    return values, bits


def open_with_tensorstore(path):
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": path}}
    return tensorstore.open(spec, read=True).result()


def check(name, shape):
    path = os.path.join(folder, f"{name}.zarr")
    values, bits = expected(*shape)
    group = zarr.open_group(path, mode="r", use_consolidated=True)
    np.testing.assert_array_equal(group["reflectance"][:], values)
    np.testing.assert_array_equal(group["quality"][:], bits)
    for array, wanted in (("reflectance", values), ("quality", bits)):
        np.testing.assert_array_equal(open_with_tensorstore(os.path.join(path, array)).read().result(), wanted)
        single = zarr.open_array(os.path.join(path, array), mode="r")
        assert single.metadata.to_dict() == group[array].metadata.to_dict(), f"{name}/{array}: consolidated differs"
        assert single.shards == (shape[0], min(64, shape[1]), shape[2]), single.shards
        assert single.chunks == (1, min(64, shape[1]), shape[2]), single.chunks

    dataset = xr.open_zarr(path, consolidated=True)
    reflectance = dataset["reflectance"]
    wanted = np.where(values == FILL, np.nan, values * 1e-4)
    np.testing.assert_allclose(reflectance.values, wanted, rtol=0, atol=1e-7)
    assert reflectance.dims == ("band", "y", "x")
    assert dataset["quality"].dtype == np.uint8, "quality must stay whole numbers"
    assert reflectance.attrs["standard_name"] == "surface_bidirectional_reflectance"
    meanings = dict(zip(dataset["quality"].attrs["flag_meanings"].split(), dataset["quality"].attrs["flag_masks"]))
    assert meanings["no_data"] == 1 and meanings["saturated"] == 2 and meanings["out_of_range"] == 16, meanings
    bands = np.arange(shape[0])
    for coordinate in ("wavelength", "fwhm", "good_band"):
        assert coordinate in reflectance.coords, f"{name}: {coordinate} is no coordinate of reflectance"
    np.testing.assert_array_equal(reflectance["wavelength"], 400.25 + bands * 5.5)
    np.testing.assert_array_equal(reflectance["fwhm"], 6 + bands / 16)
    np.testing.assert_array_equal(reflectance["good_band"], bands != 2)
    assert reflectance["wavelength"].attrs["units"] == "nm"
    assert dataset.attrs["Conventions"] == "CF-1.11"
    assert dataset.attrs["cubelake:provenance"]["method"] == "dark-white"
    return dataset


def check_system(dataset, epsg):
    assert dataset["reflectance"].rio.crs.to_epsg() == epsg, dataset["reflectance"].rio.crs
    assert dataset.attrs["proj:code"] == f"EPSG:{epsg}"
    uuids = {convention["uuid"] for convention in dataset.attrs["zarr_conventions"]}
    assert "f17cb550-5864-4468-aeb7-f3180cfb622f" in uuids
    # The CF parameters alone, without the WKT, must place a point where the code does.
    mapping = dataset["spatial_ref"].attrs
    system = pyproj.CRS.from_cf({key: mapping[key] for key in mapping if key not in ("crs_wkt", "spatial_ref")})
    point = (501_234.5, 5_298_765.5) if epsg == 32633 else (11.5, 48.25)
    wanted = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True).transform(*point)
    np.testing.assert_allclose(pyproj.Transformer.from_crs(system, 4326, always_xy=True).transform(*point), wanted, rtol=1e-12)
    return uuids


def check_affine(name, dataset, lines, samples):
    a, b, c, d, e, f = TRANSFORMS[name]
    assert "689b58e2-cf7b-45e0-9fff-9cfc0883d6b4" in check_system(dataset, 4326 if name == "degrees" else 32633)
    assert tuple(dataset.attrs["spatial:transform"]) == TRANSFORMS[name]
    assert dataset.attrs["spatial:dimensions"] == ["y", "x"] and dataset.attrs["spatial:shape"] == [lines, samples]
    corner_x = [c, a * samples + c, b * lines + c, a * samples + b * lines + c]
    corner_y = [f, d * samples + f, e * lines + f, d * samples + e * lines + f]
    np.testing.assert_allclose(
        dataset.attrs["spatial:bbox"], [min(corner_x), min(corner_y), max(corner_x), max(corner_y)], rtol=1e-15)
    affine = dataset["reflectance"].rio.transform(recalc=False)
    np.testing.assert_allclose(tuple(affine)[:6], TRANSFORMS[name], rtol=1e-15)
    if b == 0:
        np.testing.assert_array_equal(dataset["x"], a * (np.arange(samples) + 0.5) + c)
        np.testing.assert_array_equal(dataset["y"], e * (np.arange(lines) + 0.5) + f)
    else:
        assert "x" not in dataset.coords and "y" not in dataset.coords


def check_locations(dataset, lines, samples):
    check_system(dataset, 4326)
    line, sample = np.ogrid[:lines, :samples]
    unknown = np.broadcast_to(sample == samples - 1, (lines, samples))
    reflectance = dataset["reflectance"]
    longitude = np.where(unknown, np.nan, 11.5 + sample * 1e-4 + line * line * 1e-7)
    latitude = np.where(unknown, np.nan, 48.25 - line * 1e-4 + sample * 1e-6)
    np.testing.assert_array_equal(reflectance["longitude"].values, longitude)
    np.testing.assert_array_equal(reflectance["latitude"].values, latitude)
    assert reflectance["longitude"].attrs["units"] == "degrees_east"


check("plain", (5, 150, 67))
check("tiny", (4, 3, 3))
for name in TRANSFORMS:
    check_affine(name, check(name, (5, 150, 67)), 150, 67)
check_locations(check("locations", (5, 150, 67)), 150, 67)
with open(os.path.join(folder, "wkt.json")) as file:
    for code, wkt in json.load(file).items():
        system = pyproj.CRS.from_wkt(wkt)
        assert system.to_epsg(min_confidence=100) == int(code), f"{code}: {wkt}"
        assert system.equals(pyproj.CRS.from_epsg(int(code)), ignore_axis_order=True), code
versions = ", ".join(f"{module.__name__} {module.__version__}" for module in (zarr, xr, rioxarray, pyproj, np))
print(f"6 groups read by {versions} and tensorstore")
