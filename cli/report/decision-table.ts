import type { LineSummary, TrialRecommendation } from '#core/breeding/trial-recommendation.ts';
import { escapeHtml } from './escape.ts';
import { fixed, probabilityText, signed } from './numbers.ts';

type Decimals = { readonly trait: number; readonly traits: readonly number[] };

/** Every line by rank, then the checks that they were compared with. */
export function decisionTable(recommendation: TrialRecommendation, decimals: Decimals): string {
  const { trait, traits } = recommendation;
  const traitHeads = trait.isIndex
    ? traits.map(({ name }) => `<th scope="col" class="figure">${escapeHtml(name)}</th>`)
    : [];
  const rows = recommendation.lines.map((line) => {
    const { row } = line;
    const badge = row.decision === 'Advance' ? 'advance-badge' : 'discard-badge';
    return `<tr class="${row.decision === 'Advance' ? 'advance-row' : 'discard-row'}"><td class="figure">${row.rank}</td><th scope="row"><bdi>${escapeHtml(line.germplasm)}</bdi></th><td><span class="${badge}">${row.decision}</span></td>${figures(line, trait.isIndex, decimals)}<td class="figure">${escapeHtml(probabilityText(row.probability))}</td><td class="figure">${line.plotCount}</td><td class="reason">${escapeHtml(row.reason)}</td></tr>`;
  });
  const checks = recommendation.checks.map(
    (line) =>
      `<tr><td class="figure">–</td><th scope="row"><bdi>${escapeHtml(line.germplasm)}</bdi></th><td><span class="check-badge">Check</span></td>${figures(line, trait.isIndex, decimals)}<td class="figure">–</td><td class="figure">${line.plotCount}</td><td class="reason">${recommendation.reference?.germplasm.includes(line.germplasm) ? 'Compared with.' : ''}</td></tr>`,
  );
  return `<div class="scroll" tabindex="0" role="region" aria-label="Decisions by line"><table>
<thead><tr><th scope="col" class="figure">Rank</th><th scope="col">Line</th><th scope="col">Decision</th><th scope="col" class="figure">${trait.isIndex ? 'Index' : 'Adjusted mean'} ± SE</th>${traitHeads.join('')}<th scope="col" class="figure">Difference ± SE</th><th scope="col" class="figure">Probability</th><th scope="col" class="figure">Plots</th><th scope="col">Reason</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
<tbody class="checks">
${checks.join('\n')}
</tbody>
</table></div>`;
}

function figures(line: LineSummary, isIndex: boolean, decimals: Decimals): string {
  const traitCells = isIndex
    ? line.traitMeans.map((mean, position) => `<td class="figure">${fixed(mean, decimals.traits[position] ?? 2)}</td>`)
    : [];
  const mean = withError(fixed(line.adjustedMean, decimals.trait), line.standardError, decimals.trait);
  const difference = withError(signed(line.difference, decimals.trait), line.differenceStandardError, decimals.trait);
  return `<td class="figure">${mean}</td>${traitCells.join('')}<td class="figure">${difference}</td>`;
}

function withError(value: string, error: number | null, decimals: number): string {
  return error === null ? value : `${value} <span class="quiet">± ${fixed(error, decimals)}</span>`;
}
