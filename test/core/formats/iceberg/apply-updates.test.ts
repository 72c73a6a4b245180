import { describe, expect, it } from 'vitest';
import { CommitConflictError, FormatError } from '#core/errors.ts';
import { applyUpdates, type BaseTable } from '#core/formats/iceberg/apply-updates.ts';
import { createTableRequest, newTableMetadata } from '#core/formats/iceberg/create-table.ts';
import type { Snapshot, TableMetadata, TableRequirement, TableUpdate } from '#core/formats/iceberg/table-metadata.ts';
import { plots } from './small-table.ts';

const birth = { uuid: 'u', location: 'memory://lake/t', nowMs: 1_000_000 };
const empty = newTableMetadata(createTableRequest(plots), birth);
const base = (metadata: TableMetadata = empty): BaseTable => ({ metadata, metadataLocation: 'v1' });

function apply(updates: readonly TableUpdate[], from = empty, requirements: readonly TableRequirement[] = []) {
  return applyUpdates(base(from), { requirements, updates }, 'gold.plots', 2_000_000);
}

function snapshot(id: bigint, sequenceNumber: bigint, parts: Partial<Snapshot> = {}): Snapshot {
  return {
    'snapshot-id': id,
    'sequence-number': sequenceNumber,
    'timestamp-ms': 2_000_000,
    'manifest-list': 'memory://lake/list',
    summary: { operation: 'append' },
    ...parts,
  };
}

const add = (each: Snapshot): TableUpdate => ({ action: 'add-snapshot', snapshot: each });
const toMain = (id: bigint): TableUpdate => ({
  action: 'set-snapshot-ref',
  'ref-name': 'main',
  type: 'branch',
  'snapshot-id': id,
});
const one = apply([add(snapshot(1n, 1n)), toMain(1n)]);
const two = apply([add(snapshot(2n, 2n, { 'parent-snapshot-id': 1n, 'timestamp-ms': 2_000_500 })), toMain(2n)], one);

describe('requirements', () => {
  it.each<[string, TableRequirement]>([
    ['the table to be absent', { type: 'assert-create' }],
    ['another uuid', { type: 'assert-table-uuid', uuid: 'x' }],
    ['another snapshot of main', { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 9n }],
    ['no snapshot yet', { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': null }],
    ['another last column', { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 9 }],
    ['another schema', { type: 'assert-current-schema-id', 'current-schema-id': 9 }],
    ['another last partition', { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 9 }],
    ['another spec', { type: 'assert-default-spec-id', 'default-spec-id': 9 }],
    ['another order', { type: 'assert-default-sort-order-id', 'default-sort-order-id': 9 }],
  ])('for %s are a conflict', (_what, requirement) => {
    expect(() => apply([], two, [requirement])).toThrow(CommitConflictError);
  });

  it('that hold let the commit pass', () => {
    const held: TableRequirement[] = [
      { type: 'assert-table-uuid', uuid: 'U' },
      { type: 'assert-ref-snapshot-id', ref: 'main', 'snapshot-id': 2n },
      { type: 'assert-ref-snapshot-id', ref: 'season', 'snapshot-id': null },
      { type: 'assert-last-assigned-field-id', 'last-assigned-field-id': 3 },
      { type: 'assert-last-assigned-partition-id', 'last-assigned-partition-id': 1001 },
    ];
    expect(apply([], two, held).snapshots).toHaveLength(2);
  });
});

describe('snapshots', () => {
  it('become current through their branch, and the log says when', () => {
    expect(two['current-snapshot-id']).toBe(2n);
    expect(two['last-sequence-number']).toBe(2n);
    expect(two['snapshot-log']).toEqual([
      { 'snapshot-id': 1n, 'timestamp-ms': 2_000_000 },
      { 'snapshot-id': 2n, 'timestamp-ms': 2_000_500 },
    ]);
    expect(two['metadata-log']).toHaveLength(2);
  });

  it('with a sequence number that a writer of another branch took lose to that one', () => {
    expect(() => apply([add(snapshot(3n, 2n))], two)).toThrow(CommitConflictError);
  });

  it('with an id that is taken are refused', () => {
    expect(() => apply([add(snapshot(1n, 3n))], two)).toThrow(FormatError);
  });

  // Others may expire a parent, or have a clock that is ahead, while a writer prepares its snapshot of another branch. A
  // refusal for good would have lost its rows.
  it.each<[string, Snapshot]>([
    ['with a parent that is gone', snapshot(3n, 3n, { 'parent-snapshot-id': 9n })],
    ['more than a minute before the last one', snapshot(3n, 3n, { 'timestamp-ms': 1_900_000 })],
  ])('%s lose to whoever was first, and may be staged anew', (_what, late) => {
    expect(() => apply([add(late)], two)).toThrow(CommitConflictError);
  });

  it('can be rolled back to, at the time of the rollback', () => {
    const back = apply([toMain(1n)], two);
    expect(back['current-snapshot-id']).toBe(1n);
    expect(back.snapshots).toHaveLength(2);
    // A moment after the last entry of the log, which is snapshot 2.
    expect(back['snapshot-log'].at(-1)).toEqual({ 'snapshot-id': 1n, 'timestamp-ms': 2_000_501 });
    expect(back['last-sequence-number']).toBe(2n);
  });

  it('go with their part of the log when they are removed, but never the current one or a tagged one', () => {
    const tagged = apply([{ action: 'set-snapshot-ref', 'ref-name': 'may', type: 'tag', 'snapshot-id': 1n }], two);
    const removal: TableUpdate = { action: 'remove-snapshots', 'snapshot-ids': [1n] };
    expect(() => apply([removal], tagged)).toThrow(CommitConflictError);
    const expired = apply([{ action: 'remove-snapshot-ref', 'ref-name': 'may' }, removal], tagged);
    expect(expired.snapshots.map((each) => each['snapshot-id'])).toEqual([2n]);
    expect(Object.keys(expired.refs)).toEqual(['main']);
    expect(expired['snapshot-log'].map((entry) => entry['snapshot-id'])).toEqual([2n]);
    expect(() => apply([{ action: 'remove-snapshots', 'snapshot-ids': [2n] }], two)).toThrow(FormatError);
  });

  it('keep the kind of their ref, and need to exist for one', () => {
    expect(() => apply([{ ...toMain(1n), type: 'tag' } as TableUpdate], two)).toThrow(/to stay a branch, got a tag/);
    expect(() => apply([toMain(9n)], two)).toThrow(/a snapshot of the table for ref main, got 9/);
  });
});

describe('structure', () => {
  const wider = {
    ...empty.schemas[0]!,
    fields: [...empty.schemas[0]!.fields, { id: 9, name: 'x', required: false, type: 'int' }],
  };

  it('gets schemas with new ids, -1 meaning the one just added, and equal ones once', () => {
    const updates: TableUpdate[] = [
      { action: 'add-schema', schema: wider },
      { action: 'set-current-schema', 'schema-id': -1 },
    ];
    const next = apply(updates);
    expect([next['current-schema-id'], next['last-column-id'], next.schemas.length]).toEqual([1, 9, 2]);
    expect(apply(updates, next).schemas).toHaveLength(2);
    expect(() => apply([{ action: 'set-current-schema', 'schema-id': -1 }])).toThrow(/a schema that this commit added/);
    expect(() => apply([{ action: 'set-current-schema', 'schema-id': 7 }])).toThrow(/current schema among the schemas/);
  });

  it('gets specs and orders likewise', () => {
    const spec = { 'spec-id': 0, fields: [{ 'source-id': 2, 'field-id': 1002, name: 'day_m', transform: 'month' }] };
    const order = {
      'order-id': 0,
      fields: [
        { 'source-id': 3, transform: 'identity', direction: 'asc' as const, 'null-order': 'nulls-last' as const },
      ],
    };
    const next = apply([
      { action: 'add-spec', spec },
      { action: 'set-default-spec', 'spec-id': -1 },
      { action: 'add-sort-order', 'sort-order': order },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
    ]);
    expect([next['default-spec-id'], next['last-partition-id'], next['default-sort-order-id']]).toEqual([1, 1002, 1]);
  });

  it('keeps properties apart from the prototype of objects', () => {
    const updates = JSON.parse('{"__proto__":"x","a":"1","b":"2"}') as Record<string, string>;
    const next = apply([
      { action: 'set-properties', updates },
      { action: 'remove-properties', removals: ['b'] },
    ]);
    expect(Object.keys(next.properties)).toContain('__proto__');
    expect(next.properties['a']).toBe('1');
    expect(next.properties['b']).toBeUndefined();
  });

  it('stays at its uuid and at format version 2', () => {
    expect(() => apply([{ action: 'assign-uuid', uuid: 'other' }])).toThrow(/uuid u for ever/);
    expect(() => apply([{ action: 'upgrade-format-version', 'format-version': 3 }])).toThrow(/format version 2, got 3/);
  });

  it('logs at most as many older files as the table asks for', () => {
    const short = apply([{ action: 'set-properties', updates: { 'write.metadata.previous-versions-max': '2' } }]);
    const later = [1, 2, 3, 4].reduce((metadata) => apply([], metadata), short);
    expect(later['metadata-log']).toHaveLength(2);
  });

  it('comes into being by a commit that asserts it', () => {
    const updates: TableUpdate[] = [
      { action: 'assign-uuid', uuid: 'n' },
      { action: 'set-location', location: 'memory://lake/new' },
      { action: 'add-schema', schema: empty.schemas[0]! },
      { action: 'set-current-schema', 'schema-id': -1 },
      { action: 'add-spec', spec: empty['partition-specs'][0]! },
      { action: 'set-default-spec', 'spec-id': -1 },
      { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
    ];
    const created = applyUpdates(null, { requirements: [{ type: 'assert-create' }], updates }, 't', 5);
    expect(created).toMatchObject({
      'table-uuid': 'n',
      'current-schema-id': 0,
      'last-column-id': 3,
      'last-updated-ms': 5,
    });
    expect(() => applyUpdates(null, { requirements: [], updates }, 't', 5)).toThrow(/assert-create/);
  });
});
