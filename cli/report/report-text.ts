import type { TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import { printable } from '#core/escape.ts';
import { fixed, probabilityText, reportDecimals, signed } from './numbers.ts';
import { countDecisions, modelInWords, ruleInWords } from './rule-in-words.ts';

const nameWidthMax = 24;

/**
 * A recommendation for the terminal: what was decided, a table of the best and the last lines, and how.
 * @param lineCountMax Lines to list; with more, the middle ones are left out and counted.
 */
export function renderReportText(recommendation: TrialRecommendation, lineCountMax = 20): string {
  const { advance, discard, insufficient } = countDecisions(recommendation);
  const lack = insufficient === 0 ? '' : ` (${insufficient} for lack of data)`;
  const plots = recommendation.excludedPlots.length;
  const closing = [
    ...ruleInWords(recommendation.rule),
    modelInWords(recommendation.model),
    ...(plots === 0 ? [] : [`${plots} ${plots === 1 ? 'plot was' : 'plots were'} left out.`]),
    ...recommendation.notes,
    `Rule ${recommendation.rule.rule_id} ${recommendation.rule.version}, recommendation ${recommendation.recommendationId}.`,
  ];
  return [
    `Trial ${printable(recommendation.trialId)}: ${advance} advance, ${discard} discard${lack}`,
    '',
    ...table(recommendation, lineCountMax),
    '',
    ...closing.map(printable),
    '',
  ].join('\n');
}

function table(recommendation: TrialRecommendation, lineCountMax: number): string[] {
  const decimals = reportDecimals(recommendation).trait;
  const { lines, reference } = recommendation;
  const topCount = lines.length <= lineCountMax ? lines.length : Math.ceil(lineCountMax / 2);
  const bottomCount = lines.length <= lineCountMax ? 0 : Math.floor(lineCountMax / 2);
  const listed = [...lines.slice(0, topCount), ...lines.slice(lines.length - bottomCount)];
  const cells = listed.map(({ germplasm, adjustedMean, standardError, difference, plotCount, row }) => [
    String(row.rank),
    shortened(printable(germplasm)),
    row.decision,
    fixed(adjustedMean, decimals),
    fixed(standardError, decimals),
    signed(difference, decimals),
    probabilityText(row.probability),
    String(plotCount),
  ]);
  const checkRow = [
    '',
    'checks',
    '',
    fixed(reference?.mean ?? null, decimals),
    fixed(reference?.standardError ?? null, decimals),
    '',
    '',
    '',
  ];
  const heads = ['rank', 'line', 'decision', 'mean', 'SE', 'difference', 'probability', 'plots'];
  const widths = heads.map((head, column) => {
    return Math.max(...[head, checkRow[column]!, ...cells.map((row) => row[column]!)].map(lengthOf));
  });
  const isText = [false, true, true, false, false, false, false, false];
  const format = (row: readonly string[]): string =>
    row
      .map((text, column) => pad(text, widths[column]!, isText[column]!))
      .join('  ')
      .trimEnd();
  const left = lines.length - listed.length;
  const gap = left === 0 ? [] : [`${' '.repeat(widths[0]!)}  … ${left} more`];
  return [
    format(heads),
    ...cells.slice(0, topCount).map(format),
    ...gap,
    ...cells.slice(topCount).map(format),
    ...(reference === null ? [] : [format(checkRow)]),
  ];
}

function shortened(name: string): string {
  const characters = [...name];
  return characters.length <= nameWidthMax ? name : `${characters.slice(0, nameWidthMax - 1).join('')}…`;
}

function lengthOf(text: string): number {
  return [...text].length;
}

function pad(text: string, width: number, isText: boolean): string {
  const space = ' '.repeat(width - lengthOf(text));
  return isText ? text + space : space + text;
}
