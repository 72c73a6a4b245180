// npm run bench: the main job, raw cube to bronze and silver, against the same job in Python; alternating, whole processes.
// `job` is the container's process, which reads the raw cube where it lies as the Python program does; `ingest` is the whole
// command, which also copies the cube into the lake, packs a manifest, and commits and tags the results.
//
//   node bench/run.ts --lines 2000 --repeats 3 --name main-job --folder /tmp/bench --ours "node cli/main.ts ingest ..."
//
// In --ours, {cube} is the folder with cube.hdr, dark.hdr, white.hdr and their .bil files, {lake} an empty folder for the
// lake; parts are split at spaces. Prints and keeps bench/results/NAME.json: our number, the reference's, the ratio.
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bandColumns } from '#schemas/band-column.ts';
import { granuleJob } from './granule-job.ts';
import { measureProcess, type ProcessMeasure } from './measure-process.ts';
import { pythonReference, referenceEnvironment } from './python-reference.ts';
import { wavelengthNm, writeReferenceCube } from './reference-cube.ts';

const root = join(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    lines: { type: 'string', default: '2000' },
    repeats: { type: 'string', default: '3' },
    name: { type: 'string', default: 'main-job' },
    folder: { type: 'string', default: join(tmpdir(), 'cubelake-bench') },
    ours: {
      type: 'string',
      default:
        'node cli/main.ts ingest {cube}/cube.hdr --lake {lake} --region bench --farm bench --date 2026-05-01 --dark {cube}/dark.hdr --white {cube}/white.hdr --panel 0.99',
    },
  },
});

/** Both sides must agree on the mean NDVI to this: half a step of packed reflectance moves it by less. */
const ndviTolerance = 1e-4;
/** Bands that the reference takes for NDVI. */
const nirBand = 43;
const redBand = 29;

const lineCount = Number(options.lines);
const cube = join(options.folder, `cube-${lineCount}`);
const lake = join(options.folder, 'lake');
mkdirSync(options.folder, { recursive: true });
if (!existsSync(join(cube, 'white.hdr'))) writeReferenceCube(cube, lineCount);

const script = join(process.env['CUBELAKE_SHARED'] ?? join(root, '../shared'), 'bench/reference.py');
const reference = pythonReference(script, options.folder, cube);
const ours = options.ours.split(' ').map((part) => part.replace('{cube}', cube).replace('{lake}', lake));

/** Before the first run: above 0.5 something else is using the machine, and the seconds are not worth keeping. */
const loadBefore = round(loadavg()[0]!);
const ingestRuns: ProcessMeasure[] = [];
const jobRuns: ProcessMeasure[] = [];
const referenceRuns: ProcessMeasure[] = [];
let ourNdvi = Number.NaN;
for (let repeat = 0; repeat < Number(options.repeats); repeat++) {
  rmSync(lake, { recursive: true, force: true });
  ingestRuns.push(await measureProcess(ours, process.env));
  if (repeat === 0) ourNdvi = await ndviOfLake();
  const job = granuleJob(root, lake);
  jobRuns.push(await measureProcess(job.command, job.environment));
  rmSync(join(cube, 'reference-out'), { recursive: true, force: true });
  if (reference !== null) referenceRuns.push(await measureProcess(reference, referenceEnvironment()));
}

const referenceNdvi =
  referenceRuns.length === 0 ? null : (JSON.parse(referenceRuns[0]!.stdout) as { ndvi: number }).ndvi;
const report = {
  machine: {
    cpu: cpus()[0]!.model,
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadBefore,
  },
  input: { lines: lineCount, megabytes: Math.round(statSync(join(cube, 'cube.bil')).size / 1e6) },
  job: summary(jobRuns),
  ingest: { command: options.ours, ...summary(ingestRuns), ndvi: ourNdvi },
  reference: reference === null ? null : { ...summary(referenceRuns), ndvi: referenceNdvi },
  /**
   * Reference seconds for each of ours: above 1 we are faster. `durable` counts until the bytes are on the disk, which our job waits
   * for before it says that it is done, and the reference does not.
   */
  speedRatio: reference === null ? null : { job: ratios(jobRuns), ingest: ratios(ingestRuns) },
  memoryRatio: reference === null ? null : round(median(referenceRuns, 'peakMib') / median(jobRuns, 'peakMib')),
  ndviDifference: referenceNdvi === null ? null : Math.abs(ourNdvi - referenceNdvi),
};
const text = `${JSON.stringify(report, null, 2)}\n`;
mkdirSync(join(root, 'bench/results'), { recursive: true });
writeFileSync(join(root, 'bench/results', `${options.name}.json`), text);
process.stdout.write(text);
if (reference === null) process.stderr.write(`No reference was run: ${script} is not there.\n`);
if (report.ndviDifference !== null && report.ndviDifference > ndviTolerance) {
  process.stderr.write(`NDVI differs by ${report.ndviDifference}, more than ${ndviTolerance}.\n`);
  process.exitCode = 1;
}

/** Mean NDVI over the pixels of the lake, by the same rule as the reference's. */
async function ndviOfLake(): Promise<number> {
  const columns = bandColumns(wavelengthNm);
  const [nir, red] = [columns[nirBand]!.name, columns[redBand]!.name];
  const query = `SELECT avg((${nir}::DOUBLE - ${red}) / (${nir}::DOUBLE + ${red})) FROM silver.reflectance WHERE ${nir} + ${red} > 0`;
  const command = [process.execPath, join(root, 'cli/main.ts'), 'sql', '--lake', lake, '--json', query];
  const { stdout } = await measureProcess(command, process.env);
  return Number((JSON.parse(stdout) as { rows: number[][] }).rows[0]![0]);
}

function summary(runs: readonly ProcessMeasure[]) {
  return {
    medianSeconds: round(median(runs, 'wallSeconds')),
    seconds: runs.map((run) => round(run.wallSeconds)),
    medianDurableSeconds: round(median(runs, 'durableSeconds')),
    peakMib: median(runs, 'peakMib'),
  };
}

function ratios(runs: readonly ProcessMeasure[]) {
  const of = (field: 'wallSeconds' | 'durableSeconds'): number =>
    round(median(referenceRuns, field) / median(runs, field));
  return { wall: of('wallSeconds'), durable: of('durableSeconds') };
}

function median(runs: readonly ProcessMeasure[], field: 'wallSeconds' | 'durableSeconds' | 'peakMib'): number {
  const sorted = runs.map((run) => run[field]).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
