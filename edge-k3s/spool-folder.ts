import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { diskError } from '#adapters/file/disk-error.ts';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { SpoolDatabase } from '#adapters/sqlite-spool/spool-database.ts';
import { SqliteCaptureIndex } from '#adapters/sqlite-spool/sqlite-capture-index.ts';
import { SqliteSpoolIndex } from '#adapters/sqlite-spool/sqlite-spool-index.ts';
import { Spool } from '#core/edge/spool.ts';
import { ConfigurationError } from '#core/errors.ts';
import type { CaptureIndex } from '#core/ports/capture-index.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { withReserve } from './with-reserve.ts';

/** What agent and backhaul share: captures, and their raw files laid out by raw keys. */
export interface CaptureFolder {
  readonly captures: CaptureIndex;
  readonly raw: ObjectStore;
  /** Bytes free on the disk of the folder. */
  freeBytes(): number;
  close(): void;
}

export interface SpoolFolder extends CaptureFolder {
  readonly spool: Spool;
}

/** @throws as SpoolDatabase */
export function openCaptureFolder(folder: string): CaptureFolder {
  const { captures, raw, database } = openParts(folder);
  return { captures, raw, freeBytes: () => freeBytesOf(folder), close: () => database.close() };
}

/**
 * For the one agent of the folder.
 * @throws ConfigurationError when another agent has it; as SpoolDatabase.
 */
export async function openSpoolFolder(folder: string, budgetBytes: number): Promise<SpoolFolder> {
  makeFolder(folder);
  const lock = lockOf(folder);
  try {
    const { captures, database, ...stores } = openParts(folder);
    const freeBytes = (): number => freeBytesOf(folder);
    const reserveBytes = reserveOf(folder);
    const raw = withReserve(stores.raw, freeBytes, reserveBytes);
    const payloads = withReserve(stores.payloads, freeBytes, reserveBytes);
    const spool = await Spool.open({ payloads, index: new SqliteSpoolIndex(database), budgetBytes });
    const close = (): void => {
      database.close();
      lock.close();
    };
    return { spool, captures, raw, freeBytes, close };
  } catch (error) {
    lock.close();
    throw error;
  }
}

function openParts(folder: string) {
  makeFolder(folder);
  const database = new SpoolDatabase(join(folder, 'spool.db'));
  return {
    database,
    captures: new SqliteCaptureIndex(database),
    raw: fileObjectStore(join(folder, 'raw')),
    payloads: fileObjectStore(join(folder, 'payloads')),
  };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw diskError(error, folder);
  }
}

/** A lock that ends with its process, however that ends. */
function lockOf(folder: string): DatabaseSync {
  let lock: DatabaseSync;
  try {
    lock = new DatabaseSync(join(folder, 'agent.lock'), { timeout: 1000 });
  } catch (error) {
    throw diskError(error, folder);
  }
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw diskError(error, folder);
    throw new ConfigurationError(
      `Expected a spool that no other agent uses, got one that is locked (${folder}). Give each agent its own --spool.`,
      { folder },
      error,
    );
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /locked|busy/.test(error.message);
}

/** Room for the logs of three databases; on a disk as small as a test's, a sixteenth of it. */
function reserveOf(folder: string): number {
  const { blocks, bsize } = statfsSync(folder);
  return Math.min(64 * 1024 * 1024, (blocks * bsize) / 16);
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
