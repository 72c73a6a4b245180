import { fieldIdsOf } from '../parse-metadata.ts';
import type { IcebergType } from '../table-metadata.ts';
import { isPromotion } from '../type-promotion.ts';
import { type Finding, refusal } from './finding.ts';
import { fieldsOf, type TableShape } from './table-shape.ts';

/** Ids from here to the top of int32 are of Iceberg's own metadata columns. @source table specification, "Reserved Field IDs" */
const fieldIdMax = 2_147_483_447;

export function fieldIdFindings(table: TableShape): Finding[] {
  return [...idFindings(table), ...historyFindings(table)];
}

function idFindings(table: TableShape): Finding[] {
  const partitionIds = new Map(table.partition.map((field) => [field['field-id'], field.name]));
  const seen = new Set<number>();
  return fieldIdsOf(table.schema).flatMap((id) => {
    const where = `field id ${id}`;
    if (seen.has(id)) {
      return [
        refusal('field id', where, `Expected each field id once, got ${id} twice`, 'Readers find columns by it.'),
      ];
    }
    seen.add(id);
    if (!Number.isSafeInteger(id) || id < 1 || id > fieldIdMax) {
      return [refusal('field id', where, `Expected a field id from 1 to ${fieldIdMax}, got ${id}`, 'Give another id.')];
    }
    const partition = partitionIds.get(id);
    if (partition === undefined) return [];
    const message = `Expected ids of columns and partition fields apart, got ${id} for partition ${partition} too`;
    return [
      refusal(
        'field id',
        where,
        message,
        'Spark cannot update such a table. Give the column an id below 1000 or far above.',
      ),
    ];
  });
}

/** One id is one column for ever: its type may only grow, and it never becomes required. */
function historyFindings(table: TableShape): Finding[] {
  const before = new Map<number, { type: IcebergType; required: boolean }>();
  const findings: Finding[] = [];
  for (const schema of table.schemas) {
    for (const { path, field } of fieldsOf(schema)) {
      const earlier = before.get(field.id);
      before.set(field.id, field);
      if (earlier === undefined) continue;
      const isSame = JSON.stringify(nameless(earlier.type)) === JSON.stringify(nameless(field.type));
      if (!isSame && !isPromotion(earlier.type, field.type)) {
        const message = `Expected id ${field.id} to stay ${said(earlier.type)}, got ${said(field.type)}`;
        findings.push(
          refusal('field id', `column ${path}`, message, 'Older files would be misread. Add a column with a new id.'),
        );
      }
      if (field.required && !earlier.required) {
        const message = 'Expected a column that was optional to stay so, got a required one';
        findings.push(refusal('field id', `column ${path}`, message, 'Older rows lack it. Leave it optional.'));
      }
    }
  }
  return findings;
}

/** Only the kind of a nested type: what is inside has ids of its own. */
function nameless(type: IcebergType): string {
  return typeof type === 'string' ? type.replaceAll(' ', '') : type.type;
}

function said(type: IcebergType): string {
  return typeof type === 'string' ? type : type.type;
}
