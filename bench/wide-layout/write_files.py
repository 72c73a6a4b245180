"""write_files.py PLAN FOLDER RESULT: one Parquet file for each layout and band count, all written by pyarrow with the same options
(dictionary, zstd 1, row groups of 16 384), the same pixels in each; and the pixels themselves as int16 planes for our own writer.
Soil and canopy mix in every pixel, brightness varies, noise of 0.004; rounded to 1e-4. Seed 1."""
import json
import os
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

plan = json.load(open(sys.argv[1]))
folder, result_path = sys.argv[2:4]
pixels, row_group, plot = plan["pixelCount"], plan["rowGroupPixelCount"], plan["plotPixelCount"]
RUNS = 3


def cube(wavelengths):
    """Packed reflectance, shape [pixels, bands], int16 x 1e-4."""
    random = np.random.default_rng(1)
    nm = np.array(wavelengths)
    water = 1 - 0.5 * np.exp(-(((nm - 1450) / 60) ** 2)) - 0.6 * np.exp(-(((nm - 1940) / 70) ** 2))
    green = 0.06 * np.exp(-(((nm - 550) / 40) ** 2))
    plant = (0.04 + green + 0.45 / (1 + np.exp(-(nm - 715) / 15))) * np.where(nm > 1300, 0.7 * water, 1)
    soil = 0.12 + 0.15 * (nm - 400) / 2100
    cover = np.clip(0.5 + 0.5 * np.sin(np.arange(pixels) / 37) * random.random(pixels), 0, 1)[:, None]
    light = (0.9 + 0.2 * random.random(pixels))[:, None]
    values = (soil * (1 - cover) + plant * cover) * light
    values += random.normal(0, 0.004, values.shape)
    return np.round(values * 1e4).astype(np.int16)


def field(name, kind, id, nullable):
    return pa.field(name, kind, nullable=nullable, metadata={"PARQUET:field_id": str(id)})


def keys():
    index = np.arange(pixels, dtype=np.int32)
    return [
        (field("farm_id", pa.string(), 1, False), pa.array(["f000"]).take(pa.array(np.zeros(pixels, np.int32)))),
        (field("acquisition_date", pa.date32(), 2, False), pa.array(np.full(pixels, plan["firstDay"], np.int32)).cast(pa.date32())),
        (field("cube_id", pa.string(), 3, False), pa.array(["cube"]).take(pa.array(np.zeros(pixels, np.int32)))),
        (field("line", pa.int32(), 4, False), pa.array(index // 640)),
        (field("sample", pa.int32(), 5, False), pa.array(index % 640)),
        (field("plot_id", pa.string(), 6, False), pa.array([f"p{p:03d}" for p in index // plot])),
    ]


def bands(case, floats):
    for part in case["fields"]:
        first, end = part["bandStart"], part["bandEnd"]
        if part["elementId"] is None:
            yield field(part["name"], pa.float32(), part["id"], True), pa.array(floats[first])
            continue
        element = field("element", pa.float32(), part["elementId"], True)
        flat = np.ascontiguousarray(floats[first:end].T).reshape(-1)
        offsets = np.arange(0, (pixels + 1) * (end - first), end - first, dtype=np.int32)
        yield (field(part["name"], pa.list_(element), part["id"], True),
               pa.ListArray.from_arrays(offsets, pa.array(flat), type=pa.list_(element)))


results, packed_count = [], None
for case in plan["cases"]:
    if packed_count != case["bandCount"]:
        packed_count = case["bandCount"]
        packed = np.ascontiguousarray(cube(plan["wavelengths"][str(packed_count)]).T)
        packed.tofile(os.path.join(folder, f"packed_{packed_count}.bin"))
        floats = (packed / np.float64(1e4)).astype(np.float32)
    parts = keys() + list(bands(case, floats))
    table = pa.Table.from_arrays([array for _, array in parts], schema=pa.schema([one for one, _ in parts]))
    path = os.path.join(folder, f"{case['layout']}_{case['bandCount']}.parquet")
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        pq.write_table(table, path, compression="zstd", compression_level=1, row_group_size=row_group)
        seconds.append(time.perf_counter() - start)
    facts = pq.read_metadata(path)
    groups = [facts.row_group(at) for at in range(facts.num_row_groups)]
    results.append({
        "layout": case["layout"], "bandCount": case["bandCount"], "fileBytes": os.path.getsize(path),
        "footerBytes": facts.serialized_size, "writeSeconds": sorted(seconds)[RUNS // 2],
        "splitOffsets": [min(o for o in (g.column(0).dictionary_page_offset, g.column(0).data_page_offset) if o) for g in groups],
    })
    print(results[-1], flush=True)
json.dump(results, open(result_path, "w"))
