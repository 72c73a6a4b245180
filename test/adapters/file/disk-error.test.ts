import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diskError } from '#adapters/file/disk-error.ts';
import { FormatError, NotFoundError, TemporaryError } from '#core/errors.ts';

const scratch = mkdtempSync(join(tmpdir(), 'cubelake-disk-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function failureOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('Expected a failure, got none');
}

describe('a failure of the disk', () => {
  it('is worth another try when the disk is full', () => {
    const full = failureOf(() => writeFileSync('/dev/full', 'x'));
    expect(diskError(full, 'k')).toBeInstanceOf(TemporaryError);
    expect((diskError(full, 'k') as TemporaryError).message).toBe(
      'Expected free disk space, got none (k). Free some space and run again.',
    );
  });

  it('is the fault of the key when its name is too long or a folder', () => {
    const tooLong = failureOf(() => writeFileSync(join(scratch, 'n'.repeat(300)), 'x'));
    mkdirSync(join(scratch, 'folder'));
    const isFolder = failureOf(() => readFileSync(join(scratch, 'folder')));
    expect(diskError(tooLong, 'k')).toBeInstanceOf(FormatError);
    expect(diskError(isFolder, 'k')).toBeInstanceOf(FormatError);
  });

  it('stays what it is when it is ours already or unknown', () => {
    const ours = new NotFoundError('Expected a file, got none.');
    expect(diskError(ours, 'k')).toBe(ours);
    const unknown = new TypeError('x');
    expect(diskError(unknown, 'k')).toBe(unknown);
  });
});
