import { type Command, hasFlag, jsonOption, lakeOption, numberOption, textOption } from '../command.ts';
import { lakeFolder } from '../config.ts';
import { askAgain } from '../ingest/ask-again.ts';
import { captureFromOptions, captureOptions } from '../ingest/capture-options.ts';
import { planIngest } from '../ingest/ingest-plan.ts';
import { granuleKeysOf, ingestReport, reportText, requireSuccess } from '../ingest/ingest-report.ts';
import { uploadAll } from '../ingest/upload-all.ts';
import { openLake } from '../open-lake.ts';
import { runFlow } from '../run-flow.ts';

export const command: Command = {
  name: 'ingest',
  summary: 'put cubes into the lake and run the whole flow on them',
  usage: 'FILES... --farm F [--region R] [--date D] [--dark D --white W] [--plots P.geojson] [--yields Y.csv]',
  details:
    'FILES are cubes (ENVI header or data file, HDF5, NetCDF-4, GeoTIFF), or one folder laid out by raw keys.\nWhat was ingested before is recognized and not done again.',
  argumentCountMax: Number.POSITIVE_INFINITY,
  options: {
    lake: lakeOption,
    farm: { type: 'string', value: 'ID', help: 'farm of the cubes' },
    region: { type: 'string', value: 'ID', help: 'region of the farm (default "local")' },
    date: { type: 'string', value: 'D', help: 'date of acquisition, yyyy-mm-dd UTC; default what the cube says' },
    dark: { type: 'string', value: 'CUBE', help: "dark reference, taken with the cube's integration time" },
    white: { type: 'string', value: 'CUBE', help: 'white reference: the panel' },
    'white-dark': {
      type: 'string',
      value: 'CUBE',
      help: "dark reference of the white's integration time, where that differs",
    },
    plots: { type: 'string', value: 'FILE', help: 'plot polygons, GeoJSON' },
    'plot-buffer-m': { type: 'string', value: 'M', help: 'metres to leave off along plot edges (default 0)' },
    yields: { type: 'string', value: 'FILE', help: 'CSV of plot_id, trait, value and season' },
    ...captureOptions,
    json: jsonOption,
  },
  async run(call, io) {
    const positive = { min: Number.MIN_VALUE, max: 1e9 };
    const uploads = await planIngest({
      paths: call.positionals,
      farmId: textOption(call, 'farm'),
      region: textOption(call, 'region') ?? 'local',
      date: textOption(call, 'date'),
      dark: textOption(call, 'dark'),
      white: textOption(call, 'white'),
      whiteDark: textOption(call, 'white-dark'),
      whiteTimeMs: numberOption(call, 'white-time-ms', positive),
      darkTimeMs: numberOption(call, 'dark-time-ms', positive),
      plots: textOption(call, 'plots'),
      yields: textOption(call, 'yields'),
      capture: captureFromOptions(call),
    });
    const lake = openLake(lakeFolder(call), { progress: io.progress });
    const uploaded = await uploadAll(lake, uploads, io.progress);
    await askAgain(lake, uploaded);
    const flow = await runFlow(lake);
    const report = await ingestReport(lake, granuleKeysOf(lake, uploaded));
    const newCount = uploaded.filter((upload) => upload.isNew).length;
    if (hasFlag(call, 'json')) io.print(JSON.stringify({ uploaded, manifestCount: flow.manifestCount, ...report }));
    else io.print(`${newCount} of ${uploaded.length} objects were new. ${reportText(report)}`);
    requireSuccess(report);
  },
};
