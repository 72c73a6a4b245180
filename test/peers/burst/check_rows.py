"""check_rows.py BURST.json: silver has the pixels of every good cube once, with the reflectance that numpy gets from the raw bytes."""
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from pyarrow.fs import FileSelector, S3FileSystem
from pyiceberg.table import StaticTable

burst = json.load(open(sys.argv[1]))
scheme, address = burst["s3Uri"].split("://")
s3 = S3FileSystem(endpoint_override=address, scheme=scheme, region="us-east-1", access_key="testing", secret_key="testing")
raw, warehouse = (burst[name].removeprefix("s3://") for name in ("raw", "warehouse"))
lines, samples, bands, step = 20, 16, 40, 1e-4


def counts(key, line_count):
    with s3.open_input_stream(f"{raw}/{key}") as stream:
        return np.frombuffer(stream.read(), "<u2").reshape(line_count, bands, samples)


folder = "reference_cubes/eu/farm-0/2026/07/01"
dark, white = (counts(f"{folder}/{name}.bil", 2).mean(axis=0) for name in ("dark", "white"))

metadata = f"{warehouse}/tables/silver/reflectance/metadata"
names = [info.path for info in s3.get_file_info(FileSelector(metadata)) if info.path.endswith(".metadata.json")]
newest = max(names, key=lambda name: int(name.rsplit("/v", 1)[1].split(".")[0]))
io = {"s3.endpoint": burst["s3Uri"], "s3.access-key-id": "testing", "s3.secret-access-key": "testing", "s3.region": "us-east-1"}
table = StaticTable.from_metadata(f"s3://{newest}", io).scan().to_arrow()

cubes = {key.rsplit("/", 1)[1]: key for key in burst["complete"]}
assert table.num_rows == len(cubes) * lines * samples, (table.num_rows, len(cubes) * lines * samples)
cube_ids = table["cube_id"].to_numpy(zero_copy_only=False).astype(str)
columns = [name for name in table.column_names if name[0] == "r" and name[1:].isdigit()]
assert len(columns) == bands, columns
pixels = table["line"].to_numpy().astype(int) * samples + table["sample"].to_numpy().astype(int)
order = np.lexsort((pixels, cube_ids))
assert sorted(cubes) == sorted(set(cube_ids)), sorted(set(cubes) ^ set(cube_ids))[:5]
assert np.array_equal(pixels[order].reshape(len(cubes), -1), np.tile(np.arange(lines * samples), (len(cubes), 1)))
values = np.stack([table[name].to_numpy() for name in columns], axis=1)[order].reshape(len(cubes), lines, samples, bands)

with ThreadPoolExecutor(8) as pool:
    measured = list(pool.map(lambda cube: counts(f"{cubes[cube]}.bil", lines), sorted(cubes)))
expected = np.stack([0.4 * (cube - dark) / (white - dark) for cube in measured]).transpose(0, 1, 3, 2)
error = np.abs(values - expected).max()
assert error <= step / 2 + 1e-6, error
print(f"pyiceberg: {table.num_rows} rows of {len(cubes)} cubes, each pixel once; {values.size} values within {error:.1e} of numpy's")
