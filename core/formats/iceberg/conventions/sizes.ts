import { engineColumnCountAdvised, glueColumnCountMax, metricsColumnCountMax } from '../../../limits.ts';
import { fieldIdsOf } from '../parse-metadata.ts';
import { advice, type Finding, refusal } from './finding.ts';
import { fieldsOf, type TableShape } from './table-shape.ts';

const metricsDefaultKey = 'write.metadata.metrics.default';
const metricsColumnPrefix = 'write.metadata.metrics.column.';

/** Glue is told of columns that were dropped, too. */
export function sizeFindings(table: TableShape): Finding[] {
  const everCount = new Set(table.schemas.flatMap(fieldIdsOf)).size;
  if (everCount > glueColumnCountMax) {
    const message = `Expected at most ${glueColumnCountMax} columns, dropped ones counted, got ${everCount}`;
    const remedy = 'Glue refuses descriptions that large. Put sensors of other ranges into a table of their own.';
    return [refusal('size', 'table', message, remedy)];
  }
  const count = table.schema.fields.length;
  if (count <= engineColumnCountAdvised) return [];
  const remedy = "Athena's MERGE with several WHEN clauses fails above it. Reading and appending do not.";
  return [advice('size', 'table', `Expected at most ${engineColumnCountAdvised} columns, got ${count}`, remedy)];
}

/** Bounds of every band would make manifests of megabytes, and nobody searches by them. */
export function metricsFindings(table: TableShape): Finding[] {
  const { properties, schema } = table;
  const names = new Set(fieldsOf(schema).map(({ path }) => path));
  const modes = Object.entries(properties)
    .filter(([key]) => key.startsWith(metricsColumnPrefix))
    .map(([key, mode]) => ({ column: key.slice(metricsColumnPrefix.length), mode }));
  const unknown = modes
    .filter(({ column }) => !names.has(column))
    .map(({ column }) => {
      const where = `property ${metricsColumnPrefix}${column}`;
      return refusal(
        'metrics',
        where,
        `Expected a column named ${column}, got none`,
        'Spark refuses to write. Remove the property.',
      );
    });
  const isNone = (mode: string | undefined) => mode === 'none' || mode === 'counts';
  const ownModes = new Map(modes.map(({ column, mode }) => [column, mode]));
  const withBounds = [...names].filter((name) => !isNone(ownModes.get(name) ?? properties[metricsDefaultKey])).length;
  if (withBounds <= metricsColumnCountMax) return unknown;
  const message = `Expected bounds of at most ${metricsColumnCountMax} columns, got ${withBounds}`;
  const remedy = `Every engine reads them before any query. Set ${metricsDefaultKey} to none, and full for the columns that are searched by.`;
  return [...unknown, refusal('metrics', 'table', message, remedy)];
}
