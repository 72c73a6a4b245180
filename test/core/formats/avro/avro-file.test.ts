import { Readable } from 'node:stream';
import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CubelakeError, FormatError } from '#core/errors.ts';
import { decodeAvroFile, encodeAvroFile } from '#core/formats/avro/avro-file.ts';
import type { AvroRecord } from '#core/formats/avro/avro-value.ts';

/** Every type that manifests have, with and without field ids. */
const schema = {
  type: 'record',
  name: 'entry',
  fields: [
    { name: 'status', type: 'int', 'field-id': 0 },
    { name: 'sequence', type: ['null', 'long'], default: null, 'field-id': 3 },
    { name: 'path', type: 'string', 'field-id': 100 },
    { name: 'flag', type: 'boolean', 'field-id': 5 },
    { name: 'share', type: 'double', 'field-id': 6 },
    { name: 'key', type: ['null', 'bytes'], default: null, 'field-id': 7 },
    { name: 'digest', type: { type: 'fixed', name: 'digest_t', size: 4 }, 'field-id': 8 },
    {
      name: 'sizes',
      type: {
        type: 'array',
        logicalType: 'map',
        items: {
          type: 'record',
          name: 'k117_v118',
          fields: [
            { name: 'key', type: 'int', 'field-id': 117 },
            { name: 'value', type: 'long', 'field-id': 118 },
          ],
        },
      },
      'field-id': 108,
    },
    { name: 'anonymous', type: 'float' },
  ],
};

const records: AvroRecord[] = [
  {
    f0: 1,
    f3: 9_007_199_254_740_993n,
    f100: 'file:///lake/ä 漢.parquet',
    f5: true,
    f6: 0.1,
    f7: Buffer.from([0, 255]),
    f8: Buffer.from([1, 2, 3, 4]),
    f108: [
      { f117: 1, f118: 0n },
      { f117: 16_700, f118: -(2n ** 63n) },
    ],
    ':anonymous': 0.5,
  },
  {
    f0: -2_147_483_648,
    f3: null,
    f100: '',
    f5: false,
    f6: -1e300,
    f7: null,
    f8: Buffer.alloc(4),
    f108: [],
    ':anonymous': -2,
  },
];

/** avsc needs to be told that longs are bigint. */
const longType = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const out = Buffer.alloc(8);
    out.writeBigInt64LE(value);
    return out;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});
const oracleOptions = () => ({ registry: { long: longType }, wrapUnions: false }) as never;
const named = (record: AvroRecord) => ({
  status: record['f0'],
  sequence: record['f3'],
  path: record['f100'],
  flag: record['f5'],
  share: record['f6'],
  key: record['f7'],
  digest: record['f8'],
  sizes: (record['f108'] as AvroRecord[]).map((item) => ({ key: item['f117'], value: item['f118'] })),
  anonymous: record[':anonymous'],
});

async function readWithAvsc(bytes: Uint8Array): Promise<unknown[]> {
  const parseHook = (json: never) => avsc.Type.forSchema(json, oracleOptions());
  const decoder = new avsc.streams.BlockDecoder({ parseHook: parseHook as never });
  const out: unknown[] = [];
  for await (const record of Readable.from([Buffer.from(bytes)]).pipe(decoder)) out.push(record);
  return out;
}

async function writeWithAvsc(codec: 'deflate' | 'null', blockSize: number): Promise<Buffer> {
  const type = avsc.Type.forSchema(schema as never, oracleOptions());
  const encoder = new avsc.streams.BlockEncoder(type, { codec, blockSize });
  for (const record of records) encoder.write(named(record));
  encoder.end();
  return Buffer.concat(await Array.fromAsync(encoder as AsyncIterable<Buffer>));
}

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)));

/** Without the colon that tells names from ids. */
const byName = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(byName);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.slice(1), byName(each)]));
};

describe('Avro files', () => {
  it.each(['deflate', 'null'] as const)('are read by avsc as they were written (%s)', async (codec) => {
    const read = await readWithAvsc(encodeAvroFile(schema, { content: 'data' }, records, codec));
    expect(plain(read)).toEqual(plain(records.map(named)));
  });

  it.each([
    ['deflate', 64_000],
    ['null', 64_000],
    ['null', 1],
  ] as const)('that avsc wrote are read (%s, blocks of %i bytes)', async (codec, blockSize) => {
    const { records: read } = decodeAvroFile(await writeWithAvsc(codec, blockSize), 'avsc.avro');
    // avsc leaves field ids out of the schema that it writes: names take their place.
    expect(plain(byName(read))).toEqual(plain(records.map(named)));
  });

  it('keep their header entries and give the same bytes every time', () => {
    const first = encodeAvroFile(schema, { 'partition-spec-id': '7' }, records);
    expect(decodeAvroFile(first, 'x').metadata.get('partition-spec-id')).toBe('7');
    expect(Buffer.compare(first, encodeAvroFile(schema, { 'partition-spec-id': '7' }, records))).toBe(0);
  });

  it('hold no records at all', () => {
    expect(decodeAvroFile(encodeAvroFile(schema, {}, []), 'x').records).toEqual([]);
  });

  it('go over many blocks', () => {
    const many = Array.from({ length: 3000 }, (_, index) => ({ ...records[0]!, f3: BigInt(index) }));
    const { records: read } = decodeAvroFile(encodeAvroFile(schema, {}, many), 'x');
    expect(read.map((record) => record['f3'])).toEqual(many.map((record) => record['f3']));
  });

  it('give back every integer of 64 bits and every text', () => {
    const type = {
      type: 'record',
      name: 'r',
      fields: [
        { name: 'long', type: 'long' },
        { name: 'int', type: 'int' },
        { name: 'text', type: 'string' },
        { name: 'list', type: { type: 'array', items: ['null', 'double'] } },
      ],
    };
    const record = fc.record({
      ':long': fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      ':int': fc.integer(),
      ':text': fc.string({ unit: 'grapheme' }),
      ':list': fc.array(fc.option(fc.double())),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), (wanted) => {
        const { records: read } = decodeAvroFile(encodeAvroFile(type, {}, wanted), 'x');
        expect(read.map((each) => ({ ...each }))).toEqual(wanted);
      }),
      { seed: 20_260_601, numRuns: 100 },
    );
  });
});

describe('damaged Avro files', () => {
  const whole = encodeAvroFile(schema, {}, records);

  it('are refused with a tagged error at whatever byte they end', () => {
    const lengths = Array.from({ length: whole.length }, (_, length) => length);
    const outcomes = lengths.map((length) => {
      try {
        return decodeAvroFile(whole.subarray(0, length), 'cut.avro').records.length;
      } catch (error) {
        return error instanceof CubelakeError ? 'refused' : error;
      }
    });
    // A file cut exactly after its header is a file without records.
    expect(outcomes.filter((outcome) => outcome !== 'refused' && outcome !== 0)).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === 0).length).toBeLessThanOrEqual(1);
  });

  it('never crash the reader when one byte is another', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (position, flip) => {
        const damaged = Uint8Array.from(whole);
        damaged[position]! ^= flip;
        try {
          decodeAvroFile(damaged, 'flipped.avro');
        } catch (error) {
          expect(error).toBeInstanceOf(CubelakeError);
        }
      }),
      { seed: 20_260_602, numRuns: 2000 },
    );
  });

  it('that name another codec are refused by its name', () => {
    const text = Buffer.from(encodeAvroFile(schema, {}, records, 'deflate')).toString('latin1');
    const snappy = Buffer.from(text.replace('\x0edeflate', '\x0csnappy'), 'latin1');
    expect(() => decodeAvroFile(snappy, 's.avro')).toThrow(/codec null, deflate or zstandard, got snappy/);
  });

  it('that claim more records than bytes are refused before anything is allocated', () => {
    const empty = encodeAvroFile({ type: 'record', name: 'r', fields: [] }, {}, [], 'null');
    const sync = empty.subarray(-16);
    // 2^40 records in a block of no bytes.
    const block = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0x00]);
    expect(() => decodeAvroFile(Buffer.concat([empty, block, sync]), 'bomb.avro')).toThrow(FormatError);
  });
});
