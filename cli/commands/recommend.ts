import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defaultBreedingRule, parseBreedingRule } from '#core/breeding/parse-rule.ts';
import { ConfigurationError, NotFoundError } from '#core/errors.ts';
import { type Command, type CommandCall, hasFlag, jsonOption, lakeOption, textOption } from '../command.ts';
import { lakePlace } from '../config.ts';
import { requireFile } from '../ingest/cube-files.ts';
import { openOwnTables } from '../open-tables.ts';
import { writeOwnText } from '../own-files.ts';
import { recommendTrial } from '../recommend-trial.ts';
import { renderReportCsv } from '../report/report-csv.ts';
import { renderReportHtml } from '../report/report-html.ts';
import { renderReportText } from '../report/report-text.ts';

export const command: Command = {
  name: 'recommend',
  summary: 'Advance or Discard for every genetic line of a trial, with reasons',
  usage: '--trial T [--farm F] [--rule FILE] [--out report.html] [--csv report.csv]',
  options: {
    lake: lakeOption,
    trial: { type: 'string', value: 'T', help: 'trial id; may be left out when the lake has one trial' },
    farm: { type: 'string', value: 'F', help: 'farm id; may be left out when the trial is on one farm' },
    season: { type: 'string', value: 'S', help: 'season of the yields, where there are several' },
    rule: { type: 'string', value: 'FILE', help: 'breeding rule (JSON); default yield with NDRE' },
    out: { type: 'string', value: 'FILE', help: 'also write a self-contained HTML page' },
    csv: { type: 'string', value: 'FILE', help: 'also write a CSV file' },
    json: jsonOption,
  },
  async run(call, io) {
    const lake = openOwnTables(lakePlace(call));
    const recommendation = await recommendTrial(lake, {
      trialId: textOption(call, 'trial'),
      farmId: textOption(call, 'farm'),
      season: textOption(call, 'season'),
      rule: ruleOf(call),
    });
    const out = textOption(call, 'out');
    const csv = textOption(call, 'csv');
    if (out !== null) writeOwnText(out, renderReportHtml(recommendation));
    if (csv !== null) writeOwnText(csv, renderReportCsv(recommendation));
    if (hasFlag(call, 'json')) return io.print(JSON.stringify(recommendation));
    io.print(renderReportText(recommendation));
    if (out !== null) io.print(`page: ${resolve(out)}`);
  },
};

function ruleOf(call: CommandCall) {
  const path = textOption(call, 'rule');
  if (path === null) return defaultBreedingRule;
  try {
    requireFile(path);
  } catch (cause) {
    // A rule is configuration, not data.
    if (cause instanceof NotFoundError) throw new ConfigurationError(cause.message, { path }, cause);
    throw cause;
  }
  return parseBreedingRule(readFileSync(path, 'utf8'), path);
}
