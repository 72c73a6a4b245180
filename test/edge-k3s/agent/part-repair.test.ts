import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openHdf5 } from '#adapters/h5wasm/open-hdf5.ts';
import { TemporaryError } from '#core/errors.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { SpoolEntry } from '#core/ports/spool-index.ts';
import { Stopping } from '#edge-k3s/agent/fault.ts';
import { PartRepair } from '#edge-k3s/agent/part-repair.ts';
import { openSpoolFolder, type SpoolFolder } from '#edge-k3s/spool-folder.ts';
import { writeCube } from './field.ts';
import { keyOf, machine, settings } from './machine.ts';

interface Bench {
  readonly folder: SpoolFolder;
  readonly entry: SpoolEntry;
  /** Its file in the spool. */
  readonly path: string;
  readonly reports: string[];
  step(
    repair: PartRepair,
    changes?: { cellSize?: number; isStopping?: boolean; raw?: ObjectStore },
  ): Promise<string[] | null>;
}

/** One capture that is made, and one bit of its only part turned over. */
async function withDamage(work: (bench: Bench) => Promise<void>): Promise<void> {
  const field = machine();
  writeCube(field.captures, 'a', 1);
  await field.run();
  const folder = await openSpoolFolder(field.spoolPath, 1e8);
  try {
    const [entry] = folder.spool.next(1);
    const path = join(field.spoolPath, 'payloads', entry!.contentId.slice(0, 2), entry!.contentId);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    const reports: string[] = [];
    const step: Bench['step'] = async (repair, { cellSize = settings.cellSize, isStopping = false, raw } = {}) => {
      const mended = await repair.step({
        ...folder,
        raw: raw ?? folder.raw,
        openHdf5,
        deviceId: 'd',
        settings: { ...settings, cellSize },
        progress: {
          report: (event, { reason }) => void (event.startsWith('Part:') && reports.push(`${event} ${reason ?? ''}`)),
        },
        betweenTiles: () => (isStopping ? Promise.reject(new Stopping()) : Promise.resolve()),
      });
      return mended && [...mended];
    };
    await work({ folder, entry: entry!, path, reports, step });
  } finally {
    folder.close();
  }
}

const noted = (entry: SpoolEntry): PartRepair => {
  const repair = new PartRepair();
  repair.note(entry);
  return repair;
};

describe('a part that the disk has damaged', () => {
  it('is made again from its raw cube, the same bytes, and nothing besides', async () => {
    await withDamage(async ({ folder, entry, path, reports, step }) => {
      const before = folder.spool.totals();
      await expect(folder.spool.read(entry)).rejects.toThrow('the disk is failing');
      const repair = noted(entry);
      expect([repair.isDone, repair.next]).toEqual([false, keyOf('a')]);
      expect(await step(repair)).toEqual([entry.contentId]);
      expect([repair.isDone, await step(repair)]).toEqual([true, null]);
      expect((await folder.spool.read(entry)).length).toBe(entry.sizeBytes);
      expect([folder.spool.totals(), folder.spool.next(10)]).toEqual([before, [entry]]);
      rmSync(path);
      await step(noted(entry));
      expect((await folder.spool.read(entry)).length).toBe(entry.sizeBytes);
      expect(reports).toEqual(['Part:Repair:Done ', 'Part:Repair:Done ']);
    });
  });

  it('is made again once, and stays, where other settings make other bytes', async () => {
    await withDamage(async ({ folder, entry, reports, step }) => {
      const repair = noted(entry);
      expect(await step(repair, { cellSize: 3 })).toEqual([]);
      await expect(folder.spool.read(entry)).rejects.toThrow('the disk is failing');
      repair.note(entry);
      expect(await step(repair)).toEqual([]);
      expect(repair.failures.get(keyOf('a'))).toMatch(/^Other settings/);
      expect(reports).toEqual([expect.stringMatching(/^Part:Repair:Failed Other settings/)]);
      expect(folder.spool.next(10)).toEqual([entry]);
    });
  });

  it('is sent no more where the disk damages it twice', async () => {
    await withDamage(async ({ entry, path, reports, step }) => {
      const repair = noted(entry);
      const damaged = readFileSync(path);
      await step(repair);
      writeFileSync(path, damaged);
      repair.note(entry);
      expect(await step(repair)).toEqual([]);
      repair.note(entry);
      expect(await step(repair)).toEqual([]);
      expect(reports).toEqual(['Part:Repair:Done ', 'Part:Repair:Failed The disk has damaged them twice.']);
    });
  });

  it('stays, with the reason, where its raw cube is damaged too', async () => {
    await withDamage(async ({ folder, entry, reports, step }) => {
      for await (const { key } of folder.raw.list(keyOf('a'))) await folder.raw.delete(key);
      await step(noted(entry));
      expect(reports).toEqual([expect.stringMatching(/^Part:Repair:Failed Expected the files of .*, got no/)]);
      expect(folder.spool.next(10)).toEqual([entry]);
    });
  });

  it.each(['uploaded', 'freed'] as const)('is given up once its raw cube is %s', async (rawState) => {
    await withDamage(async ({ folder, entry, path, reports, step }) => {
      folder.captures.markRaw(keyOf('a'), rawState);
      const repair = noted(entry);
      repair.failures.set(keyOf('a'), 'An earlier attempt.');
      expect(await step(repair)).toEqual([entry.contentId]);
      expect(repair.failures.size).toBe(0);
      expect(reports).toEqual(['Part:Drop:Done Its raw cube is in the cloud.']);
      expect(folder.spool.next(10)).toEqual([]);
      expect(existsSync(path)).toBe(false);
    });
  });

  it('waits where the agent is stopped or the disk is full', async () => {
    await withDamage(async ({ folder, entry, reports, step }) => {
      const repair = noted(entry);
      await expect(step(repair, { isStopping: true })).rejects.toThrow(Stopping);
      const full = Object.create(folder.raw, {
        list: {
          value: () => {
            throw new TemporaryError('Expected free disk space, got none.');
          },
        },
      });
      await expect(step(repair, { raw: full })).rejects.toThrow('free disk space');
      expect([repair.isDone, reports]).toEqual([false, []]);
      await step(repair);
      expect((await folder.spool.read(entry)).length).toBe(entry.sizeBytes);
    });
  });
});
