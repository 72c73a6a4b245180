import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '#core/errors.ts';
import { applyUpdates } from '#core/formats/iceberg/apply-updates.ts';
import { createTableRequest, newTableMetadata } from '#core/formats/iceberg/create-table.ts';
import { evolveSchema } from '#core/formats/iceberg/evolve-schema.ts';
import { currentSchema, type TableMetadata } from '#core/formats/iceberg/table-metadata.ts';
import { isPromotion } from '#core/formats/iceberg/type-promotion.ts';
import type { ColumnDefinition, ColumnType, TableDefinition } from '#schemas/table-definition.ts';
import { bandColumn, column, plots } from './small-table.ts';

const birth = { uuid: '00000000-0000-4000-8000-000000000000', location: 'file:///lake/plots', nowMs: 0 };

function tableWith(...extra: ColumnDefinition[]): TableDefinition {
  return { ...plots, columns: [...plots.columns, ...extra] };
}

function metadataOf(table: TableDefinition): TableMetadata {
  return newTableMetadata(createTableRequest(table), birth);
}

/** The table after the change was committed to it. */
function evolved(
  metadata: TableMetadata,
  table: TableDefinition,
  extra: readonly ColumnDefinition[] = [],
): TableMetadata {
  const { requirements, updates } = evolveSchema(metadata, table, extra);
  return applyUpdates({ metadata, metadataLocation: 'v1' }, { requirements, updates }, 'gold.plots', 1);
}

const typeOf = (metadata: TableMetadata, name: string) =>
  currentSchema(metadata).fields.find((field) => field.name === name)?.type;

describe('evolving a schema', () => {
  it.each<[ColumnType, ColumnType]>([
    ['int', 'long'],
    ['float', 'double'],
  ])('grows %s to %s under the same id, and keeps the old schema', (from, to) => {
    const before = metadataOf(tableWith(column(4, 'pixel_count', from)));
    const after = evolved(before, tableWith(column(4, 'pixel_count', to)));
    expect(typeOf(after, 'pixel_count')).toBe(to);
    expect(currentSchema(after).fields.map((field) => field.id)).toEqual([1, 2, 3, 4]);
    expect(after.schemas.map((schema) => schema.fields.at(-1)!.type)).toEqual([from, to]);
    expect(after['last-column-id']).toBe(4);
  });

  it('grows types and adds the bands of a new sensor in one schema', () => {
    const before = metadataOf(tableWith(column(4, 'pixel_count', 'int')));
    const after = evolved(before, tableWith(column(4, 'pixel_count', 'long')), [bandColumn(670), bandColumn(800)]);
    expect(after.schemas).toHaveLength(2);
    expect(
      currentSchema(after)
        .fields.slice(3)
        .map((field) => `${field.name} ${field.type}`),
    ).toEqual(['pixel_count long', 'r0670 float', 'r0800 float']);
  });

  it('changes nothing the second time', () => {
    const wide = tableWith(column(4, 'pixel_count', 'long'));
    const after = evolved(metadataOf(tableWith(column(4, 'pixel_count', 'int'))), wide);
    expect(evolveSchema(after, wide, [])).toEqual({ schema: currentSchema(after), requirements: [], updates: [] });
  });

  it('lets a required column become optional, and leaves an optional one optional', () => {
    const required = column(4, 'cube_id', 'string', true);
    const optional = column(4, 'cube_id', 'string', false);
    expect(currentSchema(evolved(metadataOf(tableWith(required)), tableWith(optional))).fields[3]!.required).toBe(
      false,
    );
    expect(evolveSchema(metadataOf(tableWith(optional)), tableWith(required), []).updates).toEqual([]);
  });

  it.each<[what: string, before: ColumnDefinition, wanted: ColumnDefinition, message: RegExp]>([
    [
      'long to int',
      column(4, 'n', 'long'),
      column(4, 'n', 'int'),
      /^Expected long or a wider type, got int: a type never narrows/,
    ],
    ['double to float', column(4, 'n', 'double'), column(4, 'n', 'float'), /a type never narrows/],
    ['int to double', column(4, 'n', 'int'), column(4, 'n', 'double'), /only int grows to long and float to double/],
    ['text to a number', column(4, 'n', 'string'), column(4, 'n', 'int'), /n \(int, id 4\), got n \(string, id 4\)/],
    ['a date to an instant', column(4, 'n', 'date'), column(4, 'n', 'timestamptz'), /only int grows/],
    ['another id under the name', column(4, 'n', 'int'), column(5, 'n', 'int'), /n \(int, id 5\), got n \(int, id 4\)/],
    ['another name under the id', column(4, 'n', 'int'), column(4, 'm', 'int'), /m \(int, id 4\), got n \(int, id 4\)/],
  ])('refuses %s', (_what, before, wanted, message) => {
    const refused = () => evolveSchema(metadataOf(tableWith(before)), tableWith(wanted), []);
    expect(refused).toThrow(ConfigurationError);
    expect(refused).toThrow(message);
  });

  it.each<[what: string, wanted: ColumnDefinition, message: RegExp]>([
    ['a reserved word', column(9, 'order', 'int'), /no word of SQL, got order \(column order of gold\.plots\)/],
    ['capital letters', column(9, 'Mean2', 'int'), /small letters.*got "Mean2"/],
    ['the id of a partition field', column(1000, 'late', 'int'), /ids of columns and partition fields apart, got 1000/],
  ])('refuses to add a column with %s', (_what, wanted, message) => {
    expect(() => evolveSchema(metadataOf(plots), plots, [wanted])).toThrow(message);
  });

  it('adds to a table in which another program broke the conventions', () => {
    const base = metadataOf(plots);
    const theirs = { id: 30, name: 'Theirs', required: false, type: 'uuid' };
    const schema = { ...currentSchema(base), fields: [...currentSchema(base).fields, theirs] };
    const metadata = { ...base, schemas: [schema], 'last-column-id': 30 };
    expect(currentSchema(evolved(metadata, plots, [bandColumn(670)])).fields.map((field) => field.name)).toEqual([
      'farm_id',
      'day',
      'mean',
      'Theirs',
      'r0670',
    ]);
  });
});

describe('promotion', () => {
  it('is what version 2 of the specification allows, and nothing back', () => {
    const types = [
      'boolean',
      'int',
      'long',
      'float',
      'double',
      'date',
      'timestamptz',
      'string',
      'decimal(9,2)',
      'decimal(18, 2)',
      'decimal(18,3)',
    ];
    const allowed = types.flatMap((from) =>
      types.filter((to) => isPromotion(from, to)).map((to) => `${from} -> ${to}`),
    );
    expect(allowed).toEqual(['int -> long', 'float -> double', 'decimal(9,2) -> decimal(18, 2)']);
  });
});
