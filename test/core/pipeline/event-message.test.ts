import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeKey, encodeKey, parseEventMessage } from '#core/pipeline/event-message.ts';

const record = (key: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  eventVersion: '2.1',
  eventSource: 'aws:s3',
  eventName: 'ObjectCreated:Put',
  s3: { bucket: { name: 'raw' }, object: { key, size: 3, eTag: 'e', sequencer: '0A' } },
  ...more,
});
const body = (...records: unknown[]): string => JSON.stringify({ Records: records });
const keysOf = (text: string): string[] => parseEventMessage(text).created.map(({ key }) => key);

describe('messages of the event queue', () => {
  it.each(['ObjectCreated:Put', 'ObjectCreated:CompleteMultipartUpload', 's3:ObjectCreated:Copy'])(
    'takes %s',
    (eventName) => {
      expect(keysOf(body(record('a/b.hdr', { eventName })))).toEqual(['a/b.hdr']);
    },
  );

  it.each(['2.0', '2.1', '2.2', '2.3', '2.6'])('takes event version %s', (eventVersion) => {
    expect(keysOf(body(record('a', { eventVersion })))).toEqual(['a']);
  });

  it('takes an event that SNS or EventBridge wrapped, where only EventBridge does not encode the key', () => {
    const sns = JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message: body(record('a%2Bb+c')) });
    expect(keysOf(sns)).toEqual(['a+b c']);
    const detail = { bucket: { name: 'raw' }, object: { key: 'a%2Bb+c', size: 1, etag: 'e', 'version-id': 'v' } };
    const bridged = { source: 'aws.s3', 'detail-type': 'Object Created', detail };
    expect(keysOf(JSON.stringify(bridged))).toEqual(['a%2Bb+c']);
    expect(parseEventMessage(JSON.stringify({ ...bridged, 'detail-type': 'Object Deleted' })).ignoredCount).toBe(1);
  });

  it.each([
    ['a test event', { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'raw' }],
    ['a removal', { Records: [record('a', { eventName: 'ObjectRemoved:Delete' })] }],
    ['a restored object', { Records: [record('a', { eventName: 'ObjectRestore:Completed' })] }],
    ['a folder marker', { Records: [record('a/b/')] }],
    ['another major version', { Records: [record('a', { eventVersion: '3.0' })] }],
  ])('ignores %s', (_, event) => {
    expect(parseEventMessage(JSON.stringify(event))).toEqual({
      created: [],
      reprocess: null,
      ignoredCount: 1,
      poison: null,
    });
  });

  it('has nothing to do for an event without records', () => {
    expect(parseEventMessage(body())).toEqual({ created: [], reprocess: null, ignoredCount: 0, poison: null });
  });

  it.each([
    ['text', 'hello'],
    ['cut JSON', '{"Records": ['],
    ['a number', '12'],
    ['another object', '{"a": 1}'],
    ['a record of another shape', body({ a: 1 })],
    ['a key that climbs out', body(record('a/../../etc/passwd'))],
    ['a key that climbs out when decoded', body(record('a/%2E%2E/b'))],
    ['an absolute key', body(record('/etc/passwd'))],
    ['a key with a control character', body(record('a%00b'))],
    ['a key that is no UTF-8', body(record('a%FFb'))],
    ['a broken escape', body(record('a%2'))],
    ['a key of 1025 bytes', body(record('k'.repeat(1025)))],
    ['an unknown request', JSON.stringify({ cubelake: 'reprocess', granule_key: 'a' })],
  ])('says that %s is poison', (_, text) => {
    expect(parseEventMessage(text)).toMatchObject({ created: [], poison: expect.stringMatching(/^Expected .*, got /) });
  });

  it('takes the good records of a message that has a bad one too', () => {
    expect(parseEventMessage(body(record('a'), { bad: true }, record('b')))).toMatchObject({
      created: [{ key: 'a' }, { key: 'b' }],
      poison: expect.any(String),
    });
  });

  it('reads a message with a byte order mark', () => {
    expect(keysOf(`\uFEFF${body(record('a'))}`)).toEqual(['a']);
  });

  it('tells two events of one key apart by ETag, version and sequencer', () => {
    const version = (object: Record<string, unknown>): string =>
      parseEventMessage(body(record('', { s3: { bucket: { name: 'raw' }, object: { key: 'a', ...object } } })))
        .created[0]!.version;
    const versions = [{}, { eTag: 'e' }, { versionId: 'e' }, { sequencer: 'e' }, { eTag: 'f' }].map(version);
    expect(new Set(versions).size).toBe(5);
  });
});

describe('keys in events', () => {
  it('are decoded as a form is: the same as URLSearchParams does', () => {
    const property = fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (key) => {
      const encoded = new URLSearchParams([['k', key]]).toString().slice(2);
      expect(decodeKey(encoded)).toBe(key);
    });
    fc.assert(property, { seed: 5, numRuns: 500 });
  });

  it('are encoded so that URLSearchParams reads them back', () => {
    const property = fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (key) => {
      expect(new URLSearchParams(`k=${encodeKey(key)}`).get('k')).toBe(key);
      expect(decodeKey(encodeKey(key))).toBe(key);
    });
    fc.assert(property, { seed: 6, numRuns: 500 });
  });

  it('are decoded once', () => {
    expect(decodeKey('a%252Fb%2B+c')).toBe('a%2Fb+ c');
  });

  it('come out as they were put, in the events that a running S3 emulator sent', () => {
    const path = join(import.meta.dirname, '../../fixtures/s3-events/moto.json');
    const { messages, putKeys } = JSON.parse(readFileSync(path, 'utf8')) as { messages: string[]; putKeys: string[] };
    const parsed = messages.map((message) => parseEventMessage(message));
    expect(parsed.flatMap(({ created }) => created.map(({ key }) => key)).toSorted()).toEqual(putKeys.toSorted());
    expect(parsed.map(({ poison }) => poison)).toEqual(messages.map(() => null));
  });
});
