import { type Command, type CommandIo, hasFlag, jsonOption, lakeOption } from '../command.ts';
import { type LakePlace, lakePlace } from '../config.ts';
import { askAgain } from '../ingest/ask-again.ts';
import { captureOptions } from '../ingest/capture-options.ts';
import { planIngest, type Upload } from '../ingest/ingest-plan.ts';
import { granuleKeysOf, ingestReport, reportText, requireSuccess } from '../ingest/ingest-report.ts';
import { ingestRequestOf } from '../ingest/ingest-request.ts';
import { referenceOptions } from '../ingest/reference-readers.ts';
import { type Uploaded, uploadAll } from '../ingest/upload-all.ts';
import { openDeployedFlow } from '../open-flow.ts';
import { openLake } from '../open-lake.ts';
import { runFlow } from '../run-flow.ts';

export const command: Command = {
  name: 'ingest',
  summary: 'put cubes into the lake and run the whole flow on them',
  usage: 'FILES... --farm F [--region R] [--date D] [--dark D --white W] [--plots P.geojson] [--yields Y.csv]',
  details:
    'FILES are cubes (ENVI header or data file, HDF5, NetCDF-4, GeoTIFF), or one folder laid out by raw keys.\nWhat was ingested before is recognized and not done again. A deployed lake works on them by itself.',
  argumentCountMax: Number.POSITIVE_INFINITY,
  options: {
    lake: lakeOption,
    farm: { type: 'string', value: 'ID', help: 'farm of the cubes' },
    region: { type: 'string', value: 'ID', help: 'region of the farm (default "local")' },
    date: { type: 'string', value: 'D', help: 'date of acquisition, yyyy-mm-dd UTC; default what the cube says' },
    ...referenceOptions,
    plots: { type: 'string', value: 'FILE', help: 'plot polygons, GeoJSON' },
    'plot-buffer-m': { type: 'string', value: 'M', help: 'metres to leave off along plot edges (default 0)' },
    yields: { type: 'string', value: 'FILE', help: 'CSV of plot_id, trait, value and season' },
    ...captureOptions,
    json: jsonOption,
  },
  async run(call, io) {
    const uploads = await planIngest({ ...ingestRequestOf(call), paths: call.positionals });
    const place = lakePlace(call);
    await (place.kind === 'folder'
      ? ingestHere(place.folder, uploads, hasFlag(call, 'json'), io)
      : ingestThere(place, uploads, hasFlag(call, 'json'), io));
  },
};

async function ingestHere(folder: string, uploads: readonly Upload[], isJson: boolean, io: CommandIo): Promise<void> {
  const lake = openLake(folder, { progress: io.progress });
  const uploaded = await uploadAll(lake, uploads, io.progress);
  await askAgain(lake, uploaded);
  const flow = await runFlow(lake);
  const report = await ingestReport(lake, granuleKeysOf(lake, uploaded));
  if (isJson) io.print(JSON.stringify({ uploaded, manifestCount: flow.manifestCount, ...report }));
  else io.print(`${newText(uploaded)} ${reportText(report)}`);
  requireSuccess(report);
}

/** Only uploads: the bucket tells the flow, which may take its time. */
async function ingestThere(
  { warehouseUri }: Extract<LakePlace, { kind: 'deployed' }>,
  uploads: readonly Upload[],
  isJson: boolean,
  io: CommandIo,
): Promise<void> {
  const lake = openDeployedFlow(warehouseUri);
  const uploaded = await uploadAll(lake, uploads, io.progress);
  await askAgain(lake, uploaded);
  const granuleKeys = granuleKeysOf(lake, uploaded);
  if (isJson) io.print(JSON.stringify({ uploaded, granuleKeys }));
  else io.print(`${newText(uploaded)} The lake works on ${granuleKeys.length} granules: see "cubelake status".`);
}

function newText(uploaded: readonly Uploaded[]): string {
  return `${uploaded.filter((upload) => upload.isNew).length} of ${uploaded.length} objects were new.`;
}
