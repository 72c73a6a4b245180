import { createHash } from 'node:crypto';
import type { TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import { escapeHtml } from '#core/escape.ts';
import { decisionTable } from './decision-table.ts';
import { fieldMap } from './field-map.ts';
import { intervalChart } from './interval-chart.ts';
import { fixed, reportDecimals } from './numbers.ts';
import { reportStyle } from './report-style.ts';
import { countDecisions, modelInWords, ruleInWords } from './rule-in-words.ts';

/**
 * A recommendation as one HTML page that loads nothing and runs nothing: its content security policy allows the one style
 * sheet by its hash and refuses all else. Every text from outside is escaped.
 */
export function renderReportHtml(recommendation: TrialRecommendation): string {
  const decimals = reportDecimals(recommendation);
  const title = `Trial ${recommendation.trialId}: which lines advance`;
  const styleHash = createHash('sha256').update(reportStyle).digest('base64');
  const chart = intervalChart(recommendation, decimals.trait);
  const map = fieldMap(recommendation, decimals.trait);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p class="lead">Farm ${escapeHtml(recommendation.farmId)}, judged by ${escapeHtml(recommendation.trait.label)}</p>
${counts(recommendation, decimals.trait)}
${chart === '' ? '' : `<section><h2>Lines against the checks</h2>\n${chart}</section>`}
<section><h2>Decisions</h2>
${decisionTable(recommendation, decimals)}</section>
${map === '' ? '' : `<section><h2>Field map: ${recommendation.trait.isIndex ? 'index' : escapeHtml(recommendation.trait.label)} by plot</h2>\n${map}</section>`}
${basis(recommendation)}
${remarks(recommendation)}
</main>
</body>
</html>
`;
}

function counts(recommendation: TrialRecommendation, decimals: number): string {
  const { advance, discard, insufficient } = countDecisions(recommendation);
  const { reference } = recommendation;
  const lack = insufficient === 0 ? 'discarded' : `discarded, ${insufficient} of them for lack of data`;
  const item = (kind: string, figure: string, text: string): string =>
    `<li class="${kind}"><b>${escapeHtml(figure)}</b><span>${escapeHtml(text)}</span></li>`;
  const checkWords =
    reference === null
      ? 'no check has an estimate'
      : recommendation.rule.comparison === 'best check'
        ? `best check, ${reference.germplasm[0]}`
        : `mean of ${reference.germplasm.length} ${reference.germplasm.length === 1 ? 'check' : 'checks'}`;
  return `<ul class="counts">
${item('of-advance', String(advance), advance === 1 ? 'line advances' : 'lines advance')}
${item('of-discard', String(discard), lack)}
${item('of-check', fixed(reference?.mean ?? null, decimals), checkWords)}
${item('of-check', String(recommendation.model?.plotCount ?? 0), `plots used of ${recommendation.plots.length + withoutGermplasm(recommendation)}`)}
</ul>`;
}

/** Excluded plots that are not among `plots`: the plot set does not say what grows there, or where in the design. */
function withoutGermplasm({ plots, excludedPlots }: TrialRecommendation): number {
  const known = new Set(plots.map((plot) => plot.plotId));
  return excludedPlots.filter((plot) => !known.has(plot.plotId)).length;
}

/** How the decision came about: rule, model, traits, flights, snapshots. */
function basis(recommendation: TrialRecommendation): string {
  const { rule, model, flights, snapshots, traits, trait } = recommendation;
  const entry = (name: string, html: string): string => `<dt>${name}</dt><dd>${html}</dd>`;
  const scales = traits.map(
    ({ name, centre, scale }) =>
      `${escapeHtml(name)}: mean ${Number(centre.toPrecision(4))}, standard deviation ${Number(scale.toPrecision(3))}`,
  );
  const flown = flights.map(({ date, sensorId, spectralIndex, plotCount, counts }) => {
    const words = `${date}, ${sensorId ?? 'unnamed sensor'}, ${spectralIndex}: ${plotCount} plots${counts ? '' : ', not counted'}`;
    return `<li>${escapeHtml(words)}</li>`;
  });
  const read = Object.entries(snapshots)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([table, snapshot]) => `${escapeHtml(table)} <code>${escapeHtml(snapshot)}</code>`);
  return `<section><h2>How this was decided</h2>
<ul class="plain">${ruleInWords(rule)
    .map((sentence) => `<li>${escapeHtml(sentence)}</li>`)
    .join('')}</ul>
<p>${escapeHtml(modelInWords(model))}</p>
<dl>
${entry('Rule', `${escapeHtml(rule.rule_id)}, version ${escapeHtml(rule.version)}: ${escapeHtml(rule.description)}`)}
${trait.isIndex && scales.length > 0 ? entry('Adjusted means', scales.join('<br>')) : ''}
${flown.length > 0 ? entry('Flights', `<ul class="plain">${flown.join('')}</ul>`) : ''}
${read.length > 0 ? entry('Snapshots read', read.join('<br>')) : ''}
${entry('Recommendation', `<code>${escapeHtml(recommendation.recommendationId)}</code>`)}
</dl></section>`;
}

/** Plots left out and oddities; nothing when there are none. */
function remarks({ excludedPlots, notes }: TrialRecommendation): string {
  if (excludedPlots.length === 0 && notes.length === 0) return '';
  const noted = notes.map((note) => `<li>${escapeHtml(note)}</li>`);
  const excluded = excludedPlots.map(
    ({ plotId, germplasm, reason }) =>
      `<li><b>${escapeHtml(plotId)}</b>${germplasm === null ? '' : ` (<bdi>${escapeHtml(germplasm)}</bdi>)`}: ${escapeHtml(reason)}</li>`,
  );
  const list = `<ul class="plain">${excluded.join('')}</ul>`;
  const count = excluded.length === 1 ? '1 plot was left out' : `${excluded.length} plots were left out`;
  return `<section><h2>Remarks</h2>
${noted.length === 0 ? '' : `<ul class="plain">${noted.join('')}</ul>`}
${excluded.length === 0 ? '' : `<details${excluded.length <= 12 ? ' open' : ''}><summary>${count}</summary>${list}</details>`}
</section>`;
}
