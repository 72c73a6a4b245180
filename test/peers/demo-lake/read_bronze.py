"""zarr-python and xarray open every bronze group of the demo lake and agree with each other and with silver."""
import os

import numpy as np
import xarray as xr
import zarr

import lake

groups = [folder for folder, _, files in os.walk(os.path.join(lake.warehouse, "bronze"))
          if folder.endswith(".zarr") and "zarr.json" in files]
assert groups, f"no bronze groups below {lake.warehouse}/bronze"
for folder in groups:
    group = zarr.open_group(folder, mode="r")
    reflectance, quality = group["reflectance"], group["quality"]
    assert reflectance.dtype == np.int16 and reflectance.shape == quality.shape, folder
    assert reflectance.metadata.dimension_names == ("band", "y", "x"), folder
    band_count = reflectance.shape[0]
    wavelength = group["wavelength"][:]
    assert wavelength.shape == (band_count,) and 300 < wavelength.min() <= wavelength.max() < 3000, f"{folder}: {wavelength}"
    middle = band_count // 2
    plane = reflectance[middle]
    dataset = xr.open_zarr(folder, consolidated=None)
    decoded = dataset["reflectance"].isel(band=middle).values
    missing = plane == -32768
    assert np.array_equal(np.isnan(decoded), missing), f"{folder}: fill values"
    assert np.allclose(decoded[~missing], plane[~missing] * 1e-4, rtol=0, atol=1e-6), f"{folder}: scale"
    assert 0 < np.nanmean(decoded) < 1, f"{folder}: mean reflectance {np.nanmean(decoded)}"
    processing = os.path.basename(folder).removesuffix(".zarr")
    silver = lake.sql(f"SELECT count(*) FROM silver.reflectance WHERE processing_id = '{processing}'")[0][0]
    assert silver <= plane.size, f"{folder}: silver has {silver} rows of {plane.size} pixels"
print(f"{len(groups)} bronze groups")
