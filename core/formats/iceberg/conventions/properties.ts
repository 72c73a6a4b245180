import {
  engineColumnCommentLengthMax,
  engineTableCommentLengthMax,
  gluePropertyKeyLengthMax,
  gluePropertyValueLengthMax,
} from '../../../limits.ts';
import { type Finding, refusal } from './finding.ts';
import { fieldsOf, type TableShape } from './table-shape.ts';

/** Glue keeps them beside the table's own properties; the catalog that commits sets them. */
const catalogProperties = ['metadata_location', 'previous_metadata_location'];
/** @source Amazon Athena User Guide, "Use Athena compression support" */
const codecs = ['zstd', 'snappy', 'gzip', 'lz4', 'uncompressed'];

export function propertyFindings(table: TableShape): Finding[] {
  const { properties } = table;
  return [
    ...formatFindings(table),
    ...valueFinding(
      properties,
      'table_type',
      ['iceberg'],
      'Athena reads any other value as a Hive table. Leave it to the catalog.',
    ),
    ...catalogProperties.filter((key) => key in properties).map((key) => catalogOwned(key)),
    ...Object.entries(properties).flatMap(([key, value]) => sizeFinding(key, value)),
  ];
}

function formatFindings({ formatVersion, properties }: TableShape): Finding[] {
  const findings: Finding[] = [];
  if (formatVersion !== 2) {
    const remedy = formatVersion < 2 ? 'Upgrade the table.' : 'Athena does not read it, and there is no way back.';
    findings.push(refusal('format', 'table', `Expected format version 2, got ${formatVersion}`, remedy));
  }
  return [
    ...findings,
    ...valueFinding(
      properties,
      'write.format.default',
      ['parquet'],
      'Tables here hold Parquet only: other writers follow this property.',
    ),
    ...valueFinding(properties, 'write.parquet.compression-codec', codecs, 'Athena reads no other codec.'),
  ];
}

function valueFinding(
  properties: TableShape['properties'],
  key: string,
  allowed: readonly string[],
  remedy: string,
): Finding[] {
  const value = properties[key];
  if (value === undefined || allowed.includes(value.toLowerCase())) return [];
  const rule = key.startsWith('write.') ? 'format' : 'property';
  return [refusal(rule, `property ${key}`, `Expected ${allowed.join(', ')}, got ${value}`, remedy)];
}

function catalogOwned(key: string): Finding {
  const remedy = 'Athena and Glue take it for the place of the newest metadata. Remove it.';
  return refusal('property', `property ${key}`, `Expected no property ${key}, got one`, remedy);
}

function sizeFinding(key: string, value: string): Finding[] {
  const where = `property ${key.slice(0, 80)}`;
  const remedy = 'Glue refuses the table. Shorten it.';
  if (key === 'comment') return commentFinding('table', value, engineTableCommentLengthMax);
  if (key.length > gluePropertyKeyLengthMax)
    return [
      refusal(
        'property',
        where,
        `Expected a key of at most ${gluePropertyKeyLengthMax} characters, got ${key.length}`,
        remedy,
      ),
    ];
  if (value.length > gluePropertyValueLengthMax)
    return [
      refusal(
        'property',
        where,
        `Expected a value of at most ${gluePropertyValueLengthMax} characters, got ${value.length}`,
        remedy,
      ),
    ];
  return [];
}

export function commentFindings(table: TableShape): Finding[] {
  return fieldsOf(table.schema).flatMap(({ path, field }) =>
    commentFinding(`column ${path}`, field.doc ?? '', engineColumnCommentLengthMax),
  );
}

function commentFinding(where: string, text: string, lengthMax: number): Finding[] {
  if (text.length > lengthMax) {
    const message = `Expected a comment of at most ${lengthMax} characters, got ${text.length}`;
    return [refusal('comment', where, message, 'Glue refuses the table. Shorten it.')];
  }
  if (![...text].some(isControl)) return [];
  return [
    refusal(
      'comment',
      where,
      'Expected a comment of one line, got a control character',
      'Glue refuses the table. Write it in one line.',
    ),
  ];
}

function isControl(character: string): boolean {
  return character < ' ' && character !== '\t';
}
