import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TemporaryError } from '#core/errors.ts';
import { CaptureWatcher } from '#edge-k3s/agent/capture-watcher.ts';
import { temporaryFolder, writeCube } from './field.ts';

function watched(ignoredPaths: readonly string[] = []) {
  const folder = temporaryFolder();
  let elapsedMs = 0;
  const watcher = new CaptureWatcher({ folder, quietMs: 10_000, ignoredPaths, elapsedMs: () => elapsedMs });
  const names = (): string[] => watcher.scan().whole.map(({ name }) => name);
  const pass = (durationMs: number): void => {
    elapsedMs += durationMs;
  };
  return { folder, watcher, names, pass };
}

describe('a watcher of captures', () => {
  it('tells of a capture when its files have not changed for a while', () => {
    const { folder, watcher, names, pass } = watched();
    writeCube(folder, 'a');
    expect(watcher.scan()).toEqual({ whole: [], growingCount: 1 });
    pass(9000);
    expect(names()).toEqual([]);
    appendFileSync(join(folder, 'a.bil'), 'more');
    pass(9000);
    expect(names()).toEqual([]);
    pass(10_000);
    expect(names()).toEqual(['a.hdr']);
    expect(watcher.scan().growingCount).toBe(0);
  });

  it('tells at once of one whose sidecar or marker is there', () => {
    const { folder, names } = watched();
    writeCube(folder, 'a');
    writeCube(folder, 'b');
    writeCube(folder, 'c');
    writeFileSync(join(folder, 'a.capture.json'), '{}');
    writeFileSync(join(folder, 'b.done'), '');
    expect(names()).toEqual(['a.hdr', 'b.hdr']);
  });

  it('does not tell of a settled one again until its files change, and says so then', () => {
    const { folder, watcher, names, pass } = watched();
    mkdirSync(join(folder, 'strip-1'));
    writeCube(join(folder, 'strip-1'), 'a');
    watcher.scan();
    pass(10_000);
    const [found] = watcher.scan().whole;
    expect(found).toMatchObject({ name: 'strip-1/a.hdr', isRewritten: false, sidecarPath: null });
    expect(found!.cubePaths).toEqual([join(folder, 'strip-1/a.hdr'), join(folder, 'strip-1/a.bil')]);
    watcher.settle(found!);
    pass(60_000);
    expect(names()).toEqual([]);
    writeCube(join(folder, 'strip-1'), 'a', 2);
    watcher.scan();
    pass(10_000);
    expect(watcher.scan().whole[0]!.isRewritten).toBe(true);
  });

  it('takes no file for a capture that is being written, or that is a reference of the options', () => {
    const folder = temporaryFolder();
    const watcher = new CaptureWatcher({
      folder,
      quietMs: 0,
      ignoredPaths: [join(folder, 'dark.hdr')],
      elapsedMs: () => 0,
    });
    writeCube(folder, 'dark');
    writeCube(folder, 'a');
    renameSync(join(folder, 'a.bil'), join(folder, 'a.bil.part'));
    watcher.scan();
    expect(watcher.scan()).toEqual({ whole: [], growingCount: 0 });
  });

  it('waits for a folder whose disk is unplugged', () => {
    const { folder, watcher } = watched();
    rmSync(folder, { recursive: true });
    expect(() => watcher.scan()).toThrow(TemporaryError);
    mkdirSync(folder);
    expect(watcher.scan()).toEqual({ whole: [], growingCount: 0 });
  });
});
