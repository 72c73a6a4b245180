import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openSql } from '#adapters/duckdb/sql-session.ts';
import { folderSink } from '#adapters/h5wasm/write-folder.ts';
import { defaultBreedingRule } from '#core/breeding/parse-rule.ts';
import { defaultSimulation } from '#core/simulation/options.ts';
import { simulate } from '#core/simulation/simulate.ts';
import type { SimulationTruth } from '#core/simulation/truth.ts';
import { type Command, type CommandIo, lakeFolderOption, textOption } from '../command.ts';
import { compareWithTruth, truthText } from '../demo/compare-with-truth.ts';
import { filesByRawKey } from '../ingest/cube-files.ts';
import { granuleKeysOf, ingestReport, reportText, requireSuccess } from '../ingest/ingest-report.ts';
import { uploadAll } from '../ingest/upload-all.ts';
import { type Lake, openLake } from '../open-lake.ts';
import { writeOwnText } from '../own-files.ts';
import { recommendTrial } from '../recommend-trial.ts';
import { renderReportCsv } from '../report/report-csv.ts';
import { renderReportHtml } from '../report/report-html.ts';
import { renderReportText } from '../report/report-text.ts';
import { runFlow } from '../run-flow.ts';
import { tableText } from '../table-text.ts';

const { farmId, trialId } = defaultSimulation;

const questions = [
  {
    title: 'NDVI of the field by week and crop',
    sql: `SELECT period_start, crop, count(*) AS field_rows, round(avg(mean), 3) AS ndvi, sum(plot_count)::INT AS plots
FROM gold.field_metrics WHERE farm_id = '${farmId}' AND period = 'week' AND spectral_index = 'ndvi'
GROUP BY ALL ORDER BY period_start`,
  },
  {
    title: 'the greenest lines and what they yielded',
    sql: `SELECT p.germplasm, round(avg(p.mean), 3) AS ndre, round(avg(y.value), 2) AS yield_t_ha
FROM gold.plot_index p JOIN ref.yields y USING (farm_id, plot_id)
WHERE p.farm_id = '${farmId}' AND p.spectral_index = 'ndre'
GROUP BY ALL ORDER BY ndre DESC LIMIT 5`,
  },
  {
    title: 'red and near infrared, straight from the pixels',
    sql: `SELECT acquisition_date, count(*) AS pixels, round(avg(r0670), 4) AS r0670, round(avg(r0801), 4) AS r0801
FROM silver.reflectance WHERE farm_id = '${farmId}' AND sensor_id = 'vnir' AND plot_id IS NOT NULL
GROUP BY ALL ORDER BY acquisition_date`,
  },
] as const;

export const command: Command = {
  name: 'demo',
  summary: 'simulate a field trial, run everything on it, print the recommendation',
  usage: '[--lake DIR]',
  details: 'Needs no account and no data. Running it again in the same folder adds nothing twice.',
  options: { lake: { ...lakeFolderOption, help: 'folder to work in (default ./demo-lake)' } },
  async run(call, io) {
    const folder = resolve(textOption(call, 'lake') ?? 'demo-lake');
    const truth = await simulateOnce(join(folder, 'simulated'), io);
    const lake = openLake(folder, { progress: io.progress });
    const uploaded = await uploadAll(lake, filesByRawKey(join(folder, 'simulated')), io.progress);
    await runFlow(lake);
    const report = await ingestReport(lake, granuleKeysOf(lake, uploaded));
    requireSuccess(report);
    const newCount = uploaded.filter((upload) => upload.isNew).length;
    io.print(`\n${newCount} of ${uploaded.length} objects were new. ${reportText(report)}`);
    await answerQuestions(lake, io);
    const recommendation = await recommendTrial(lake, { trialId, farmId, season: null, rule: defaultBreedingRule });
    const page = join(folder, 'report.html');
    writeOwnText(page, renderReportHtml(recommendation));
    writeOwnText(join(folder, 'report.csv'), renderReportCsv(recommendation));
    io.print(`\n${renderReportText(recommendation)}`);
    io.print(`\n${truthText(await compareWithTruth(lake, truth, recommendation))}`);
    io.print(`\npage: ${page}\nask:  npx cubelake sql --lake "${folder}" "SELECT * FROM gold.plot_index LIMIT 5"`);
  },
};

async function simulateOnce(folder: string, io: CommandIo): Promise<SimulationTruth> {
  const path = join(folder, 'truth.json');
  // Truth is written last: where it stands, the simulation is whole.
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as SimulationTruth;
  const { truth } = await simulate(defaultSimulation, folderSink(folder), io.progress);
  return truth;
}

async function answerQuestions(lake: Lake, io: CommandIo): Promise<void> {
  const session = await openSql(lake);
  for (const { title, sql } of questions) {
    const { columns, rows } = await session.query(sql);
    io.print(
      `\n${title}\n${sql.replaceAll(/^/gm, '  ')}\n${tableText(
        columns.map((column) => column.name),
        rows,
      )}`,
    );
  }
}
