import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '#core/errors.ts';
import { createTableRequest, newTableMetadata } from '#core/formats/iceberg/create-table.ts';
import { type Finding, lintTable, requireConventions } from '#core/formats/iceberg/table-conventions.ts';
import type { CreateTableRequest, Schema, SchemaField, TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import { engineColumnCountAdvised, glueColumnCountMax } from '#core/limits.ts';
import { bandColumns } from '#schemas/band-column.ts';
import { allTables, silverReflectance } from '#schemas/tables.ts';
import { column, plots } from './small-table.ts';

const birth = { uuid: '00000000-0000-4000-8000-000000000000', location: 'file:///lake/plots', nowMs: 0 };

/** The request for the plots table with some parts changed. */
function request(parts: {
  readonly fields?: readonly Partial<SchemaField>[];
  readonly properties?: Record<string, string>;
  readonly partition?: readonly (readonly [sourceId: number, name: string, transform: string])[];
}): CreateTableRequest {
  const base = createTableRequest(plots);
  const added = (parts.fields ?? []).map((field, at) => ({
    id: 50 + at,
    name: `c${at}`,
    required: false,
    type: 'int',
    ...field,
  }));
  const partition = parts.partition?.map(([sourceId, name, transform], at) => ({
    'source-id': sourceId,
    'field-id': 1000 + at,
    name,
    transform,
  }));
  return {
    ...base,
    schema: { ...base.schema, fields: [...base.schema.fields, ...(added as SchemaField[])] },
    properties: { ...base.properties, ...parts.properties },
    ...(partition === undefined ? {} : { 'partition-spec': { 'spec-id': 0, fields: partition } }),
  };
}

const withField = (field: Partial<SchemaField>) => request({ fields: [field] });
const struct = (...names: string[]): SchemaField['type'] => ({
  type: 'struct',
  fields: names.map((name, at) => ({ id: 70 + at, name, required: false, type: 'int' })),
});

function said(findings: readonly Finding[]): string[] {
  return findings.map((finding) => `${finding.severity} ${finding.rule}: ${finding.where}`);
}

describe('the conventions', () => {
  it.each(allTables.map((table) => [`${table.namespace}.${table.name}`, table] as const))('hold for %s', (_, table) => {
    expect(lintTable(table)).toEqual([]);
  });

  it('hold for silver with the bands of AVIRIS, and only advise beyond what a MERGE of Athena takes', () => {
    const bands = (count: number) =>
      bandColumns(Array.from({ length: count }, (_, band) => 380 + 3 * band)).filter((each) => each !== null);
    const silver = (count: number) => ({
      ...silverReflectance,
      columns: [...silverReflectance.columns, ...bands(count)],
    });
    expect(lintTable(silver(224))).toEqual([]);
    expect(said(lintTable(silver(engineColumnCountAdvised)))).toEqual(['advise size: table']);
    expect(() => createTableRequest(silver(engineColumnCountAdvised))).not.toThrow();
  });

  it.each<[what: string, table: CreateTableRequest, finding: string]>([
    ['capital letters', withField({ name: 'Mean_NDVI' }), 'refuse name: column Mean_NDVI'],
    ['a blank', withField({ name: 'plot id' }), 'refuse name: column plot id'],
    ['letters of other alphabets', withField({ name: 'größe' }), 'refuse name: column größe'],
    ['a digit first', withField({ name: '2nd' }), 'refuse name: column 2nd'],
    ['an underscore first, as metadata columns have', withField({ name: '_pos' }), 'refuse name: column _pos'],
    ['129 characters', withField({ name: 'a'.repeat(129) }), `refuse name: column ${'a'.repeat(129)}`],
    ['a word that Athena reserves', withField({ name: 'partition' }), 'refuse reserved word: column partition'],
    ['a word that Trino reserves', withField({ name: 'skip' }), 'refuse reserved word: column skip'],
    ['a name inside a struct', withField({ type: struct('Bad') }), 'refuse name: column c0.Bad'],
    ['the name of another column', withField({ name: 'mean' }), 'refuse duplicate name: column mean'],
    ['a time of day', withField({ type: 'time' }), 'refuse type: column c0'],
    ['a uuid', withField({ type: 'uuid' }), 'refuse type: column c0'],
    ['fixed bytes', withField({ type: 'fixed[16]' }), 'refuse type: column c0'],
    ['nanoseconds', withField({ type: 'timestamptz_ns' }), 'refuse type: column c0'],
    ['a decimal of 39 digits', withField({ type: 'decimal(39, 2)' }), 'refuse type: column c0'],
    ['more decimals than digits', withField({ type: 'decimal(4, 6)' }), 'refuse type: column c0'],
    [
      'a uuid in a list',
      withField({ type: { type: 'list', 'element-id': 90, element: 'uuid', 'element-required': false } }),
      'refuse type: column c0',
    ],
    ['a time without zone', withField({ type: 'timestamp' }), 'advise type: column c0'],
    ['an id twice', withField({ id: 3 }), 'refuse field id: field id 3'],
    ['an id of a metadata column', withField({ id: 2_147_483_546 }), 'refuse field id: field id 2147483546'],
    ['the id of a partition field', withField({ id: 1001 }), 'refuse field id: field id 1001'],
    [
      'a partition named as a column of another meaning',
      request({ partition: [[2, 'day', 'day']] }),
      'refuse partition: partition day',
    ],
    ['a transform that engines ignore', request({ partition: [[2, 'd', 'zorder']] }), 'refuse partition: partition d'],
    ['hours of a date', request({ partition: [[2, 'day_hour', 'hour']] }), 'refuse partition: partition day_hour'],
    [
      'buckets of a fraction',
      request({ partition: [[3, 'mean_bucket', 'bucket[8]']] }),
      'refuse partition: partition mean_bucket',
    ],
    ['a partition of no column', request({ partition: [[99, 'p', 'identity']] }), 'refuse partition: partition p'],
    [
      'one partition name twice',
      request({
        partition: [
          [1, 'p', 'identity'],
          [2, 'p', 'day'],
        ],
      }),
      'refuse partition: partition p',
    ],
    [
      'a partition by a fraction',
      request({ partition: [[3, 'mean', 'identity']] }),
      'advise partition: partition mean',
    ],
    ['format version 3', request({ properties: { 'format-version': '3' } }), 'refuse format: table'],
    [
      'another file format',
      request({ properties: { 'write.format.default': 'orc' } }),
      'refuse format: property write.format.default',
    ],
    [
      'a codec that Athena lacks',
      request({ properties: { 'write.parquet.compression-codec': 'brotli' } }),
      'refuse format: property write.parquet.compression-codec',
    ],
    ['another table_type', request({ properties: { table_type: 'HIVE' } }), 'refuse property: property table_type'],
    [
      'what a catalog sets itself',
      request({ properties: { metadata_location: 's3://b/m' } }),
      'refuse property: property metadata_location',
    ],
    [
      'a property value above 512 000',
      request({ properties: { note: 'x'.repeat(512_001) } }),
      'refuse property: property note',
    ],
    ['a column comment above 255', withField({ doc: 'x'.repeat(256) }), 'refuse comment: column c0'],
    ['a comment of two lines', withField({ doc: 'one\ntwo' }), 'refuse comment: column c0'],
    ['a table comment above 2048', request({ properties: { comment: 'x'.repeat(2049) } }), 'refuse comment: table'],
    [
      'metrics of a column that is not there',
      request({ properties: { 'write.metadata.metrics.column.gone': 'full' } }),
      'refuse metrics: property write.metadata.metrics.column.gone',
    ],
  ])('name %s', (_what, table, finding) => {
    expect(said(lintTable(table))).toContain(finding);
  });

  it('refuse bounds of hundreds of bands, by the default mode or one by one', () => {
    const bands = bandColumns(Array.from({ length: 120 }, (_, band) => 400 + 5 * band)).filter((each) => each !== null);
    const wide = { ...plots, columns: [...plots.columns, ...bands] };
    const full = { ...wide, columns: wide.columns.map((each) => ({ ...each, metrics: 'full' as const })) };
    expect(lintTable(wide)).toEqual([]);
    expect(said(lintTable(full))).toEqual(['refuse metrics: table']);
    const { 'write.metadata.metrics.default': _, ...properties } = createTableRequest(wide).properties!;
    expect(said(lintTable({ ...createTableRequest(wide), properties }))).toEqual(['refuse metrics: table']);
  });

  it('count columns that were dropped, as Glue is told of them', () => {
    const fields = (firstId: number): SchemaField[] =>
      Array.from({ length: glueColumnCountMax / 2 + 1 }, (_, at) => ({
        id: firstId + at,
        name: `c${firstId + at}`,
        required: false,
        type: 'int',
      }));
    const metadata = metadataWith([fields(10_000), fields(20_000)]);
    expect(said(lintTable(metadata))).toEqual(['refuse size: table']);
  });

  it.each<[what: string, first: Partial<SchemaField>, next: Partial<SchemaField>, isFound: boolean]>([
    ['a rename', {}, { name: 'renamed' }, false],
    ['int to long', { type: 'int' }, { type: 'long' }, false],
    ['float to double', { type: 'float' }, { type: 'double' }, false],
    ['more digits', { type: 'decimal(9, 2)' }, { type: 'decimal(18, 2)' }, false],
    ['required to optional', { required: true }, {}, false],
    ['long to int', { type: 'long' }, { type: 'int' }, true],
    ['double to float', { type: 'double' }, { type: 'float' }, true],
    ['fewer digits', { type: 'decimal(18, 2)' }, { type: 'decimal(9, 2)' }, true],
    ['another scale', { type: 'decimal(9, 2)' }, { type: 'decimal(18, 3)' }, true],
    ['int to string', { type: 'int' }, { type: 'string' }, true],
    ['int to float', { type: 'int' }, { type: 'float' }, true],
    ['plain to struct', { type: 'int' }, { type: struct('a') }, true],
    ['optional to required', {}, { required: true }, true],
  ])('see a history with %s', (_what, first, next, isFound) => {
    const field = (parts: Partial<SchemaField>): SchemaField => ({
      id: 5,
      name: 'value_a',
      required: false,
      type: 'int',
      ...parts,
    });
    const findings = lintTable(metadataWith([[field(first)], [field(next)]])).filter(({ rule }) => rule === 'field id');
    expect(findings.length > 0).toBe(isFound);
  });

  it('see an id that comes back as another column after it was dropped', () => {
    const old: SchemaField = { id: 5, name: 'note', required: false, type: 'string' };
    const other: SchemaField = { id: 6, name: 'other', required: false, type: 'int' };
    const findings = lintTable(metadataWith([[old], [other], [other, { ...old, name: 'count_b', type: 'long' }]]));
    expect(findings.map(({ message }) => message)).toEqual(['Expected id 5 to stay string, got long']);
  });
});

describe('refusing by the conventions', () => {
  it('says what, where and what to do before a table is created', () => {
    const table = { ...plots, columns: [...plots.columns, column(4, 'Yield', 'double'), column(5, 'order', 'int')] };
    const refused = () => createTableRequest(table);
    expect(refused).toThrow(ConfigurationError);
    expect(refused).toThrow(
      'Expected a name of small letters, digits and _ that begins with a letter, got "Yield" (column Yield of gold.plots). Glue and Athena keep names in small letters only. Name it yield. And 1 more.',
    );
  });

  it('lets pass what another program had done before', () => {
    const before = lintTable(withField({ name: 'Theirs' }));
    expect(() => requireConventions('gold.plots', before)).toThrow(ConfigurationError);
    expect(() => requireConventions('gold.plots', before, before)).not.toThrow();
  });
});

/** A table whose schemas followed on each other. */
function metadataWith(histories: readonly (readonly SchemaField[])[]): TableMetadata {
  const base = newTableMetadata(createTableRequest(plots), birth);
  const schemas: Schema[] = histories.map((fields, id) => ({ type: 'struct', 'schema-id': id, fields }));
  return {
    ...base,
    schemas,
    'current-schema-id': schemas.length - 1,
    'partition-specs': [{ 'spec-id': 0, fields: [] }],
    properties: { 'write.metadata.metrics.default': 'none' },
  };
}
