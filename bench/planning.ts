// node bench/planning.ts: planning a scan of silver.reflectance against pyiceberg on the same metadata, 100 to 100 000 files.
// Each side is a process of its own; its first plan is cold (the machine's own file cache is warm), the median of the others
// warm: our session remembers manifests up to a bound, pyiceberg manifest lists. Both must find the same files.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { farmDay, planningTable } from './planning-table.ts';

const repeatCount = 6;
const packages = ['pyarrow==26.0.1', 'pyiceberg[pyarrow,pyiceberg-core]==0.12.0'];
const here = import.meta.dirname;
const venv = process.env['CUBELAKE_PYICEBERG'] ?? join(tmpdir(), 'cubelake-planning-venv');
if (!existsSync(join(venv, 'bin/python'))) {
  execFileSync('python3', ['-m', 'venv', venv], { stdio: 'inherit' });
  execFileSync(join(venv, 'bin/pip'), ['install', '--quiet', '--no-input', ...packages], { stdio: 'inherit' });
}

interface Side {
  readonly milliseconds: readonly number[];
  readonly fileCount: number;
  readonly hash: string;
  readonly manifestReadCount?: number;
  readonly skippedManifestCount?: number;
}

const round = (value: number, digits = 2) => Number(value.toFixed(digits));
const timesOf = ({ milliseconds: [cold, ...warm] }: Side) => ({
  cold: round(cold!),
  warm: round(warm.toSorted((a, b) => a - b)[Math.floor(warm.length / 2)]!),
});
const measured = (command: string, parameters: readonly string[]) =>
  JSON.parse(
    execFileSync(command, [...parameters, farmDay.farm, farmDay.date, String(repeatCount)], { encoding: 'utf8' }),
  ) as Record<string, Side>;

const loadBefore = round(loadavg()[0]!);
const results: object[] = [];
for (const fileCount of [100, 10_000, 100_000]) {
  const folder = mkdtempSync(join(tmpdir(), 'cubelake-planning-'));
  const { table, warehouse } = await planningTable(folder, fileCount);
  const theirs = measured(join(venv, 'bin/python'), [join(here, 'planning_pyiceberg.py'), table.metadataLocation]);
  const ours = measured(process.execPath, [join(here, 'planning-ours.ts'), fileURLToPath(warehouse.rootUri)]);
  for (const [predicate, side] of Object.entries(ours)) {
    const their = theirs[predicate]!;
    if (side.hash !== their.hash)
      throw new Error(`Expected the same files, got ${side.fileCount} and ${their.fileCount} (${predicate}).`);
    const [own, other] = [timesOf(side), timesOf(their)];
    const { manifestReadCount, skippedManifestCount } = side;
    const ratio = { cold: round(other.cold / own.cold, 1), warm: round(other.warm / own.warm, 1) };
    const result = {
      fileCount,
      predicate,
      plannedFiles: side.fileCount,
      manifestReadCount,
      skippedManifestCount,
      oursMs: own,
      pyicebergMs: other,
      ratio,
    };
    console.log(JSON.stringify(result));
    results.push(result);
  }
  rmSync(folder, { recursive: true });
}
const machine = { cpu: cpus()[0]!.model, cores: cpus().length, node: process.version, loadBefore };
const peer = packages.join(' ');
writeFileSync(join(here, 'results/planning.json'), `${JSON.stringify({ machine, peer, results }, null, 2)}\n`);
