import { describe, expect, it } from 'vitest';
import { type FetchAnswer, recordsOf } from '#adapters/kafka/fetched-records.ts';

const [transactional, control] = [0x10, 0x20];

/** A batch of one message per text. */
function batch(firstOffset: bigint, texts: readonly string[], { attributes = 0, producerId = -1n } = {}) {
  const records = texts.map((text, offsetDelta) => ({
    offsetDelta,
    key: Buffer.from('k'),
    value: text === '' ? null : Buffer.from(text),
    headers: [[Buffer.from('ce_id'), Buffer.from('zoë')]],
  }));
  return { firstOffset, lastOffsetDelta: texts.length - 1, attributes, producerId, records };
}

function answer(records: readonly object[] | null, more: object = {}): FetchAnswer {
  const partition = { partitionIndex: 3, errorCode: 0, abortedTransactions: null, records, ...more };
  return { responses: [{ topicId: 't', partitions: [partition] }] } as unknown as FetchAnswer;
}

const textsOf = (fetched: FetchAnswer, next: Map<number, bigint>): string[] =>
  [...recordsOf(fetched, next)].map(({ value }) => Buffer.from(value).toString());

describe('messages of an answer of Kafka', () => {
  it('have their place, key and headers', () => {
    const [, second] = [...recordsOf(answer([batch(7n, ['a', 'b'])]), new Map())];
    expect(second).toEqual({
      partition: 3,
      offset: 8n,
      key: 'k',
      headers: { ce_id: 'zoë' },
      value: Buffer.from('b'),
    });
  });

  it('begin where they are wanted, although a batch is given whole', () => {
    const next = new Map([[3, 6n]]);
    expect(textsOf(answer([batch(5n, ['old', 'new']), batch(7n, ['newer'])]), next)).toEqual(['new', 'newer']);
    expect(next).toEqual(new Map([[3, 8n]]));
  });

  it('go on after offsets that compaction or a marker has taken', () => {
    const next = new Map([[3, 5n]]);
    const marker = batch(6n, ['marker'], { attributes: control | transactional, producerId: 9n });
    expect(textsOf(answer([batch(5n, ['a']), marker]), next)).toEqual(['a']);
    expect(next.get(3)).toBe(7n);
  });

  it('are empty bytes where there is no value', () => {
    expect(textsOf(answer([batch(0n, [''])]), new Map())).toEqual(['']);
  });

  it('are none where there is nothing new', () => {
    const next = new Map([[3, 5n]]);
    expect(textsOf(answer(null), next)).toEqual([]);
    expect(next.get(3)).toBe(5n);
  });

  it('leave out what a transaction has taken back, and only that of its producer until its marker', () => {
    const of = (producerId: bigint, more = 0) => ({ attributes: transactional | more, producerId });
    const records = [
      batch(0n, ['kept: other producer'], of(1n)),
      batch(1n, ['taken back'], of(2n)),
      batch(2n, ['kept: no transaction'], { producerId: 2n }),
      batch(3n, ['taken back, later'], of(2n)),
      batch(4n, ['marker'], of(2n, control)),
      batch(5n, ['kept: next transaction'], of(2n)),
    ];
    const abortedTransactions = [{ producerId: 2n, firstOffset: 1n }];
    expect(textsOf(answer(records, { abortedTransactions }), new Map())).toEqual([
      'kept: other producer',
      'kept: no transaction',
      'kept: next transaction',
    ]);
  });

  it('know a transaction that was taken back before what is wanted', () => {
    const taken = batch(6n, ['taken back'], { attributes: transactional, producerId: 2n });
    const abortedTransactions = [{ producerId: 2n, firstOffset: 1n }];
    expect(textsOf(answer([taken], { abortedTransactions }), new Map([[3, 6n]]))).toEqual([]);
  });
});
