# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "numpy==2.4.6", "spectral==0.25", "h5py==3.16.0", "netCDF4==1.7.5.1.post1", "xarray==2026.9.0",
#   "rasterio==1.4.4", "pyproj==3.7.2",
# ]
# ///
"""Opens every cube of a simulated season with the usual libraries and computes plot NDVI from it, independently.

python check_simulation.py DIR

DIR is what `cubelake simulate` wrote. Prints one line per cube and ends with a non-zero code when a library cannot open a
file, a grid or an axis is not where it should be, or a plot's NDVI is not the truth within the noise.
"""

import json
import pathlib
import sys

import h5py
import netCDF4
import numpy
import pyproj
import rasterio
import spectral
import spectral.io.envi
import xarray

PLOT_BUFFER_M = 0.15
to_utm = pyproj.Transformer.from_crs(4326, 32615, always_xy=True)


def read_plots(path):
    """Plot id -> (west, south, east, north) in UTM, after the buffer. Plots are rectangles along the grid."""
    plots = {}
    for feature in json.loads(path.read_text())["features"]:
        ring = numpy.array(feature["geometry"]["coordinates"][0])
        signed_area = numpy.sum(ring[:-1, 0] * ring[1:, 1] - ring[1:, 0] * ring[:-1, 1]) / 2
        assert signed_area > 0, "exterior rings run counter-clockwise"
        east, north = to_utm.transform(ring[:, 0], ring[:, 1])
        plots[feature["properties"]["plot_id"]] = (
            east.min() + PLOT_BUFFER_M, north.min() + PLOT_BUFFER_M,
            east.max() - PLOT_BUFFER_M, north.max() - PLOT_BUFFER_M,
        )
    return plots


def compare(truth, plots, ndvi, east, north, tolerance):
    errors = []
    for plot_id, expected in truth["plots"].items():
        west, south, right, top = plots[plot_id]
        inside = (east >= west) & (east < right) & (north >= south) & (north < top)
        assert abs(int(inside.sum()) - expected["pixel_count"]) <= 2, (plot_id, inside.sum(), expected)
        errors.append(numpy.nanmean(ndvi[inside]) - expected["ndvi"])
    rmse = float(numpy.sqrt(numpy.mean(numpy.square(errors))))
    print(f"{truth['cube_id']}: {len(errors)} plots, NDVI rmse {rmse:.5f}, worst {numpy.abs(errors).max():.5f}")
    assert rmse < tolerance, (truth["cube_id"], rmse)


def nearest(wavelength, wanted):
    return int(numpy.argmin(numpy.abs(numpy.asarray(wavelength) - wanted)))


def index(r800, r670):
    return (r800 - r670) / (r800 + r670)


def check_envi(folder, truth, plots):
    header = folder / truth["key"].replace(".bil", ".hdr")
    capture = json.loads(header.with_suffix(".capture.json").read_text())
    cube = spectral.io.envi.open(header, header.with_suffix(".bil"))
    keys = [capture["dark"]["key"], capture["white"]["key"], capture["white"]["dark"]["key"]]
    references = [spectral.io.envi.open(folder / key, (folder / key).with_suffix(".bil")) for key in keys]
    wavelength = numpy.array(cube.bands.centers)
    panel = capture["white"]["panel"]
    panel_reflectance = numpy.interp(wavelength, panel["wavelength_nm"], panel["reflectance"])
    dark, white, white_dark = (numpy.asarray(c.load(dtype=numpy.float64)).mean(axis=0) for c in references)
    counts = numpy.asarray(cube.load(dtype=numpy.float64))
    ratio = capture["white"]["integration_time_ms"] / capture["integration_time_ms"]
    with numpy.errstate(divide="ignore", invalid="ignore"):
        reflectance = panel_reflectance * (counts - dark) / (white - white_dark) * ratio
    reflectance[:, (white - white_dark) < 100] = numpy.nan
    with rasterio.open(header.with_suffix(".bil")) as gdal:
        assert gdal.crs.to_epsg() == 32615, gdal.crs
        affine = gdal.transform
        assert numpy.array_equal(gdal.read(100), counts[:, :, 99])
    samples, lines = numpy.meshgrid(numpy.arange(cube.ncols) + 0.5, numpy.arange(cube.nrows) + 0.5)
    east, north = affine.a * samples + affine.b * lines + affine.c, affine.d * samples + affine.e * lines + affine.f
    ndvi = index(reflectance[..., nearest(wavelength, 800)], reflectance[..., nearest(wavelength, 670)])
    compare(truth, plots, ndvi, east, north, 0.002)


def check_emit(folder, truth, plots):
    path = folder / truth["key"]
    with netCDF4.Dataset(path) as file:
        assert file["reflectance"].dimensions == ("downtrack", "crosstrack", "bands"), file["reflectance"].dimensions
        assert file["location/glt_x"].dimensions == ("ortho_y", "ortho_x")
        file.set_auto_mask(False)
        reflectance = file["reflectance"][:].astype(numpy.float64)
        wavelength = file["sensor_band_parameters/wavelengths"][:]
        assert file["sensor_band_parameters/wavelengths"].dimensions == ("bands",)
        good = file["sensor_band_parameters/good_wavelengths"][:]
        assert 0 < (good == 0).sum() < 80
        lon, lat = file["location/lon"][:], file["location/lat"][:]
        glt_x, glt_y = file["location/glt_x"][:], file["location/glt_y"][:]
        geotransform = file.geotransform
    with xarray.open_dataset(path) as root, xarray.open_dataset(path, group="location") as location:
        assert root.reflectance.dims == ("downtrack", "crosstrack", "bands")
        assert int(root.reflectance.isnull().sum()) == int((reflectance == -9999).sum()) > 0
        assert location.lon.dims == ("downtrack", "crosstrack")
    found = glt_x > 0
    rows, columns = numpy.nonzero(found)
    y, x = glt_y[found] - 1, glt_x[found] - 1
    off_lon = lon[y, x] - (geotransform[0] + (columns + 0.5) * geotransform[1])
    off_lat = lat[y, x] - (geotransform[3] + (rows + 0.5) * geotransform[5])
    assert numpy.abs(off_lon).max() < geotransform[1] and numpy.abs(off_lat).max() < -geotransform[5]
    reflectance[reflectance == -9999] = numpy.nan
    ndvi = index(reflectance[..., nearest(wavelength, 800)], reflectance[..., nearest(wavelength, 670)])
    east, north = to_utm.transform(lon, lat)
    compare(truth, plots, ndvi, east, north, 0.002)


def check_neon(folder, truth, plots):
    with h5py.File(folder / truth["key"]) as file:
        (site,) = file.keys()
        group = file[site]["Reflectance"]
        data = group["Reflectance_Data"]
        assert data.dtype == numpy.int16
        stored = data[:]
        reflectance = numpy.where(stored == data.attrs["Data_Ignore_Value"], numpy.nan, stored / data.attrs["Scale_Factor"])
        wavelength = group["Metadata/Spectral_Data/Wavelength"][:]
        assert group["Metadata/Coordinate_System/EPSG Code"][()] == b"32615"
        wkt = group["Metadata/Coordinate_System/Coordinate_System_String"][()].decode()
        assert pyproj.CRS.from_wkt(wkt).to_epsg() == 32615
        corner = group["Metadata/Coordinate_System/Map_Info"][()].decode().split(",")
    east0, north0, pixel = float(corner[3]), float(corner[4]), float(corner[5])
    lines, samples = stored.shape[:2]
    east, north = numpy.meshgrid(east0 + (numpy.arange(samples) + 0.5) * pixel, north0 - (numpy.arange(lines) + 0.5) * pixel)
    ndvi = index(reflectance[..., nearest(wavelength, 800)], reflectance[..., nearest(wavelength, 670)])
    compare(truth, plots, ndvi, east, north, 0.002)


def main(folder):
    truth = json.loads((folder / "truth.json").read_text())
    plots = read_plots(next(folder.glob("plot_sets/**/*.geojson")))
    checks = {"vnir": check_envi, "vnir-swir": check_emit, "neon": check_neon}
    for cube in truth["cubes"]:
        checks[cube["sensor_id"]](folder, cube, plots)
    print(f"{len(truth['cubes'])} cubes agree with their truth.")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
