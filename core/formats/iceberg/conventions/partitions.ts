import type { PartitionField } from '../table-metadata.ts';
import { advice, type Finding, refusal } from './finding.ts';
import { fieldsOf, type TableShape } from './table-shape.ts';

const firstPartitionId = 1000;
const dates = ['date', 'timestamp', 'timestamptz'];
const whole = ['int', 'long', 'string', 'binary', 'decimal'];

/** Types that each transform takes, where not all do. @source Apache Iceberg table specification, "Partition Transforms" */
const sourceTypes: Readonly<Record<string, readonly string[]>> = {
  year: dates,
  month: dates,
  day: dates,
  hour: ['timestamp', 'timestamptz'],
  bucket: [...whole, ...dates],
  truncate: whole,
};

export function partitionFindings(table: TableShape): Finding[] {
  const seen = new Set<string>();
  return table.partition.flatMap((field) => {
    const findings = [...nameFindings(field, table, seen), ...transformFindings(field, table)];
    seen.add(field.name.toLowerCase());
    return findings;
  });
}

function nameFindings(field: PartitionField, table: TableShape, seen: ReadonlySet<string>): Finding[] {
  const where = `partition ${field.name}`;
  const findings: Finding[] = [];
  if (seen.has(field.name.toLowerCase()))
    findings.push(
      refusal('partition', where, `Expected each partition name once, got ${field.name} twice`, 'Rename one.'),
    );
  const column = table.schema.fields.find((each) => each.name.toLowerCase() === field.name.toLowerCase());
  if (column !== undefined && (field.transform !== 'identity' || column.id !== field['source-id'])) {
    const message = `Expected a partition name that no column has, got ${field.name} = ${field.transform}(${field['source-id']})`;
    const remedy = `Every engine refuses or mixes them up. Name it ${field.name}_${/^[a-z]+/.exec(field.transform)?.[0] ?? 'part'}.`;
    findings.push(refusal('partition', where, message, remedy));
  }
  // A request may leave the id to the catalog.
  const id = field['field-id'] as number | undefined;
  if (id !== undefined && id < firstPartitionId)
    findings.push(
      refusal('partition', where, `Expected a field id from ${firstPartitionId}, got ${id}`, 'Give it a higher one.'),
    );
  return findings;
}

function transformFindings(field: PartitionField, table: TableShape): Finding[] {
  const where = `partition ${field.name}`;
  const source = fieldsOf(table.schema).find((each) => each.field.id === field['source-id'])?.field;
  if (source === undefined) {
    const message = `Expected a column with id ${field['source-id']}, got none`;
    return [refusal('partition', where, message, 'Partition by a column of the current schema.')];
  }
  const transform = /^(identity|year|month|day|hour|(?:bucket|truncate)\[[1-9]\d{0,8}\])$/.test(field.transform);
  if (!transform) {
    const message = `Expected identity, year, month, day, hour, bucket[N] or truncate[W], got ${field.transform}`;
    return [refusal('partition', where, message, 'Engines read other transforms as unpartitioned, or not at all.')];
  }
  if (typeof source.type !== 'string')
    return [
      refusal(
        'partition',
        where,
        `Expected a plain column, got ${source.name} of type ${source.type.type}`,
        'Partition by another.',
      ),
    ];
  const kind = /^[a-z]+/.exec(field.transform)![0];
  const type = /^[a-z]+/.exec(source.type)![0];
  const taken = sourceTypes[kind];
  if (taken !== undefined && !taken.includes(type)) {
    const message = `Expected ${kind} of ${taken.join(', ')}, got ${source.name} of type ${source.type}`;
    return [refusal('partition', where, message, 'The specification defines it for no other type.')];
  }
  if (kind !== 'identity' || (type !== 'float' && type !== 'double')) return [];
  const message = `Expected a partition by whole numbers, text or dates, got ${source.name} of type ${source.type}`;
  return [advice('partition', where, message, 'Engines differ about NaN and -0. Partition by a rounded value.')];
}
