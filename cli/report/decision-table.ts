import type { LineSummary, TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import { escapeHtml } from '#core/escape.ts';
import { fixed, probabilityText, signed } from './numbers.ts';

type Decimals = { readonly trait: number; readonly traits: readonly number[] };

/** Every line by rank with its reason below it, then the checks that they were compared with. */
export function decisionTable(recommendation: TrialRecommendation, decimals: Decimals): string {
  const { trait, traits, reference } = recommendation;
  const traitHeads = trait.isIndex ? traits.map(({ name }) => figureHead(escapeHtml(name))) : [];
  const heads = [
    figureHead('Rank'),
    '<th scope="col">Line</th>',
    '<th scope="col">Decision</th>',
    figureHead(`${trait.isIndex ? 'Index' : 'Adjusted mean'} ± SE`),
    ...traitHeads,
    figureHead('Difference ± SE'),
    figureHead('Probability'),
    figureHead('Plots'),
  ];
  const reasonRow = (reason: string): string =>
    `<tr class="reason-row"><td></td><td colspan="${heads.length - 1}"><div>${escapeHtml(reason)}</div></td></tr>`;
  const rows = recommendation.lines.map((line) => {
    const { rank, decision, probability, reason } = line.row;
    const badge = `<span class="${decision === 'Advance' ? 'advance-badge' : 'discard-badge'}">${decision}</span>`;
    const cells = [
      figure(String(rank)),
      name(line),
      `<td>${badge}</td>`,
      ...estimates(line, trait.isIndex, decimals),
      figure(escapeHtml(probabilityText(probability))),
      figure(String(line.plotCount)),
    ];
    return `<tr>${cells.join('')}</tr>${reasonRow(reason)}`;
  });
  const checks = recommendation.checks.map((line) => {
    const cells = [
      figure('–'),
      name(line),
      '<td><span class="check-badge">Check</span></td>',
      ...estimates(line, trait.isIndex, decimals),
      figure('–'),
      figure(String(line.plotCount)),
    ];
    const isReference = reference?.germplasm.includes(line.germplasm) ?? false;
    return `<tr>${cells.join('')}</tr>${reasonRow(isReference ? 'The lines are compared with it.' : 'Not compared with.')}`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="Decisions by line"><table>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
<tbody class="checks">
${checks.join('\n')}
</tbody>
</table></div>`;
}

function figureHead(html: string): string {
  return `<th scope="col" class="figure">${html}</th>`;
}

function figure(html: string): string {
  return `<td class="figure">${html}</td>`;
}

function name(line: LineSummary): string {
  return `<th scope="row" title="${escapeHtml(line.germplasm)}"><bdi>${escapeHtml(line.germplasm)}</bdi></th>`;
}

function estimates(line: LineSummary, isIndex: boolean, decimals: Decimals): string[] {
  const means = line.traitMeans.map((mean, position) => figure(fixed(mean, decimals.traits[position] ?? 2)));
  return [
    figure(withError(fixed(line.adjustedMean, decimals.trait), line.standardError, decimals.trait)),
    ...(isIndex ? means : []),
    figure(withError(signed(line.difference, decimals.trait), line.differenceStandardError, decimals.trait)),
  ];
}

function withError(value: string, error: number | null, decimals: number): string {
  // A check against itself has no error, which is no finding.
  return error === null || error === 0 ? value : `${value} <span class="quiet">± ${fixed(error, decimals)}</span>`;
}
