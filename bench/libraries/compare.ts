// node bench/libraries/compare.ts: installs each library into a folder of its own under the temporary folder, measures, prints
// one JSON document and keeps it as bench/results/libraries.json. Needs a package registry; the product does not.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { installApart } from './install-apart.ts';
import { parquetFeatures } from './parquet-features.ts';
import { parquetSpeeds } from './parquet-speed.ts';
import { zarrFeatures } from './zarr-features.ts';

const folder = mkdtempSync(join(tmpdir(), 'cubelake-libraries-'));
try {
  const specs = ['parquetjs-lite@0.8.7', 'zarr@0.6.3', 'hyparquet@1.31.5', 'hyparquet-writer@0.17.0', 'zarrita@0.7.5'];
  const installed = specs.map((spec) => installApart(folder, spec));
  const parquetJs = ((await installed[0]!.load()) as { default: never }).default;
  const zarrJs = (await installed[1]!.load()) as never;
  const report = {
    machine: { cpu: cpus()[0]!.model, cores: cpus().length, node: process.version },
    input: '20 float columns x 200 000 rows, 16 MB',
    packages: installed.map(({ spec, packageCount, sizeKib }) => ({ spec, packageCount, sizeKib })),
    parquetFeatures: parquetFeatures(parquetJs),
    parquetSpeed: await parquetSpeeds(parquetJs),
    zarrFeatures: await zarrFeatures(zarrJs),
  };
  const text = `${JSON.stringify(report, null, 2)}\n`;
  writeFileSync(join(import.meta.dirname, '../results/libraries.json'), text);
  process.stdout.write(text);
} finally {
  rmSync(folder, { recursive: true });
}
