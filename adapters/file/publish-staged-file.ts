import { type BigIntStats, linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PreconditionFailedError } from '#core/errors.ts';
import type { PutOptions } from '#core/ports/object-store.ts';
import { diskError } from './disk-error.ts';
import type { ObjectLedger } from './object-ledger.ts';
import { makeFolders, statObject, syncFolder } from './object-path.ts';

interface StagedObject {
  readonly folder: string;
  readonly key: string;
  /** The finished and synced file in the staging folder. */
  readonly path: string;
  readonly etag: string;
  readonly condition: PutOptions;
  readonly ledger: ObjectLedger;
}

/**
 * Gives a staged file its key. The ledger's write lock makes check and rename one step among all processes that use the
 * store; creation is by link(2) besides, so that a file dropped in by another program is never overwritten by a create.
 */
export function publishStagedFile(staged: StagedObject): BigIntStats {
  const { folder, key, path, etag, ledger } = staged;
  const target = join(folder, key);
  try {
    const stats = ledger.exclusively(() => {
      checkVersion(staged);
      makeFolders(folder, key);
      if (staged.condition.ifNoneMatch === undefined) renameSync(path, target);
      else moveToNew(path, target);
      const published = lstatSync(target, { bigint: true });
      ledger.record(key, etag, published, false);
      return published;
    });
    syncFolder(dirname(target));
    return stats;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && syscall === 'link') {
      throw new PreconditionFailedError(`Expected no object, got one (${key}).`, { key }, error);
    }
    throw diskError(error, key);
  }
}

/** link(2) fails where the name is taken, rename(2) does not. */
function moveToNew(path: string, target: string): void {
  linkSync(path, target);
  unlinkSync(path);
}

function checkVersion({ folder, key, condition, ledger }: StagedObject): void {
  if (condition.ifMatch === undefined) return;
  const stats = statObject(folder, key);
  const found = stats === null ? null : ledger.find(key, stats);
  if (found?.etag !== condition.ifMatch) {
    const shown = found?.etag ?? (stats === null ? 'none' : 'a file that another program just wrote');
    throw new PreconditionFailedError(`Expected version ${condition.ifMatch}, got ${shown} (${key}).`, { key });
  }
}
