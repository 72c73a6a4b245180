import { ConfigurationError } from '../../errors.ts';
import { fieldIdFindings } from './conventions/field-ids.ts';
import type { Finding } from './conventions/finding.ts';
import { nameFindings } from './conventions/names.ts';
import { partitionFindings } from './conventions/partitions.ts';
import { commentFindings, propertyFindings } from './conventions/properties.ts';
import { metricsFindings, sizeFindings } from './conventions/sizes.ts';
import { type DescribedTable, shapeOf } from './conventions/table-shape.ts';
import { typeFindings } from './conventions/types.ts';

export type { Finding } from './conventions/finding.ts';

/**
 * What Athena, Glue, Spark or Trino could not read of a table, or would misread: looked for before anything is committed,
 * because names, types and ids cannot be taken back from a table with data.
 *
 * @param table A definition of ours, a request to create a table, or the metadata of one that exists.
 * @returns What must not be committed (`refuse`), then what some engine restricts (`advise`). Empty when all is well.
 */
export function lintTable(table: DescribedTable): Finding[] {
  const shape = shapeOf(table);
  const findings = [
    nameFindings,
    typeFindings,
    fieldIdFindings,
    partitionFindings,
    propertyFindings,
    commentFindings,
    metricsFindings,
    sizeFindings,
  ].flatMap((rule) => rule(shape));
  return findings.toSorted((a, b) => Number(a.severity === 'advise') - Number(b.severity === 'advise'));
}

/**
 * @param already Findings that the table had before: another program's sins are not ours to refuse.
 * @throws ConfigurationError with the first thing that must not be committed, and how many more. Disposition: stop.
 */
export function requireConventions(
  table: string,
  findings: readonly Finding[],
  already: readonly Finding[] = [],
): void {
  const known = new Set(already.map(keyOf));
  const refused = findings.filter((finding) => finding.severity === 'refuse' && !known.has(keyOf(finding)));
  const [first] = refused;
  if (first === undefined) return;
  const more = refused.length === 1 ? '' : ` And ${refused.length - 1} more.`;
  throw new ConfigurationError(`${first.message} (${first.where} of ${table}). ${first.remedy}${more}`, {
    table,
    rule: first.rule,
    where: first.where,
  });
}

function keyOf({ rule, where }: Finding): string {
  return `${rule}\n${where}`;
}
