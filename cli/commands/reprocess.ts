import { ConfigurationError, NotFoundError } from '#core/errors.ts';
import { reprocessMessage } from '#core/pipeline/flow-messages.ts';
import type { GranuleStatus } from '#core/pipeline/granule-status.ts';
import { status } from '#core/pipeline/status.ts';
import { type Command, hasFlag, jsonOption, lakeOption, textOption } from '../command.ts';
import { lakeFolder } from '../config.ts';
import { ingestReport, reportText, requireSuccess } from '../ingest/ingest-report.ts';
import { openLake } from '../open-lake.ts';
import { runFlow } from '../run-flow.ts';

export const command: Command = {
  name: 'reprocess',
  summary: 'make silver and gold again, from bronze or from raw',
  usage: '--cube ID | --all [--from bronze|raw] [--lake DIR]',
  details: 'The new rows replace the old ones of the same cubes in one snapshot per table.',
  options: {
    lake: lakeOption,
    cube: { type: 'string', value: 'ID', help: 'cube id, or its raw key without extension' },
    all: { type: 'boolean', help: 'every complete cube' },
    from: { type: 'string', value: 'WHERE', help: 'bronze (default) or raw' },
    json: jsonOption,
  },
  async run(call, io) {
    const cube = textOption(call, 'cube');
    if ((cube !== null) === hasFlag(call, 'all')) throw new ConfigurationError('Expected --cube ID or --all.');
    const source = textOption(call, 'from') ?? 'bronze';
    if (source !== 'bronze' && source !== 'raw')
      throw new ConfigurationError(`Expected bronze or raw as --from, got "${source}".`);
    const lake = openLake(lakeFolder(call), { mustExist: true, progress: io.progress });
    const granules = (await status(lake)).granules.filter((granule) => isWanted(granule, cube));
    if (granules.length === 0)
      throw new NotFoundError(`Expected a complete cube ${cube ?? ''}, found none. See "cubelake status".`);
    // Named after what the tables hold now: asking twice at once is one request, asking again later is another.
    const messages = granules.map(({ payload, granuleKey, manifestId }) =>
      reprocessMessage({ payload, granule_key: granuleKey, source, request: `from ${source} after ${manifestId}` }),
    );
    await lake.events.send(messages);
    await runFlow(lake);
    const report = await ingestReport(
      lake,
      granules.map((granule) => granule.granuleKey),
    );
    io.print(hasFlag(call, 'json') ? JSON.stringify(report) : reportText(report));
    requireSuccess(report);
  },
};

function isWanted({ granuleKey, status: state, payload }: GranuleStatus, cube: string | null): boolean {
  if (state !== 'complete' || payload !== 'hyperspectral-cube') return false;
  return cube === null || granuleKey === cube || granuleKey.endsWith(`/${cube}`);
}
