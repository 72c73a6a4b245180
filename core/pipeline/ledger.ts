import { Buffer } from 'node:buffer';
import type { z } from 'zod';
import { FormatError, NotFoundError, PreconditionFailedError } from '../errors.ts';
import { textFileBytesMax } from '../limits.ts';
import type { ObjectStore, PutOptions } from '../ports/object-store.ts';

export interface LedgerRecord<Value> {
  readonly value: Value;
  readonly etag: string;
  /** By the clock of the store, which dates the objects of raw too. */
  readonly writtenMs: number;
}

/**
 * A record of the control prefix, or null.
 * @throws FormatError when it is not of its shape. Disposition: quarantine.
 */
export async function readRecord<Value>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<Value>,
): Promise<LedgerRecord<Value> | null> {
  let object: Awaited<ReturnType<ObjectStore['get']>>;
  try {
    object = await store.get(key, { sizeBytesMax: textFileBytesMax });
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    throw error;
  }
  const value = schema.safeParse(parseJson(Buffer.from(object.bytes).toString('utf8')));
  if (!value.success) {
    throw new FormatError(`Expected a ledger record, got ${value.error.message} (${key}).`, { key }, value.error);
  }
  return { value: value.data, etag: object.etag, writtenMs: object.lastModifiedMs };
}

export async function writeRecord(
  store: ObjectStore,
  key: string,
  value: unknown,
  condition: PutOptions = {},
): Promise<string> {
  return (await store.put(key, Buffer.from(JSON.stringify(value)), condition)).etag;
}

/**
 * Writes a record on condition.
 * @returns Its ETag, or null when another writer was first.
 */
export async function tryWriteRecord(
  store: ObjectStore,
  key: string,
  value: unknown,
  condition: PutOptions,
): Promise<string | null> {
  try {
    return await writeRecord(store, key, value, condition);
  } catch (error) {
    if (error instanceof PreconditionFailedError) return null;
    throw error;
  }
}

/** Create where `etag` is null, replace that version otherwise. */
export function onVersion(etag: string | null): PutOptions {
  return etag === null ? { ifNoneMatch: '*' } : { ifMatch: etag };
}

/** Any JSON value; undefined for text that is not JSON. A byte order mark is ignored. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}
