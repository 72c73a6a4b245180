import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FormatError, TemporaryError } from '#core/errors.ts';
import type { PageSources } from '#edge-k3s/agent/run-agent.ts';
import { dataOf, headerText, writeCube } from './field.ts';
import { keyOf, machine } from './machine.ts';

describe('the agent of a field machine', () => {
  it('makes what is captured, once, and leaves the files where they are', async () => {
    const { captures, run, of, look } = machine();
    writeCube(captures, 'a', 1);
    writeCube(captures, 'b', 2);
    await run();
    expect(of('Granule:Make:Done').map(({ granule }) => granule)).toEqual([keyOf('a'), keyOf('b')]);
    const parts = await look(({ spool }) => spool.next(10).map(({ contentId }) => contentId));
    expect(parts).toHaveLength(2);
    await run();
    expect(of('Granule:Make:Done')).toHaveLength(2);
    expect(await look(({ spool }) => spool.next(10).map(({ contentId }) => contentId))).toEqual(parts);
    expect(readdirSync(captures)).toHaveLength(4);
  });

  it('removes the files of imported captures where it is told to', async () => {
    const { captures, run, look } = machine();
    writeCube(captures, 'a', 1);
    writeFileSync(join(captures, 'a.done'), '');
    await run({ isConsuming: true });
    expect(readdirSync(captures)).toEqual([]);
    expect(await look(({ captures: index }) => index.get(keyOf('a'))!.state)).toBe('made');
  });

  it('tells why captures fail, and makes the others', async () => {
    const { captures, run, of, look } = machine();
    writeCube(captures, 'a', 1);
    writeCube(captures, 'b', 2);
    writeFileSync(join(captures, 'b.bil'), dataOf(2).subarray(0, 100));
    writeFileSync(join(captures, 'c.hdr'), headerText().replace('wavelength =', 'no wavelength ='));
    writeFileSync(join(captures, 'c.bil'), dataOf(3));
    writeFileSync(join(captures, 'd.h5'), 'no HDF5');
    await expect(run()).rejects.toThrow(FormatError);
    expect(of('Capture:Import:Refused').map(({ name }) => name)).toEqual(['b.hdr', 'd.h5']);
    expect(of('Granule:Make:Failed')).toEqual([
      expect.objectContaining({
        granule: keyOf('c'),
        reason: expect.stringMatching(/wavelength of each band.*--wavelengths/),
      }),
    ]);
    expect(await look(({ captures: index }) => index.latest(10).map(({ state }) => state))).toEqual(['failed', 'made']);
    writeCube(captures, 'b', 2);
    await expect(run()).rejects.toThrow(/1 that failed/);
    expect(await look(({ captures: index }) => index.get(keyOf('b'))!.state)).toBe('made');
  });

  it('keeps the first of two captures of one name', async () => {
    const { captures, run, of } = machine();
    writeCube(captures, 'a', 1);
    await run();
    mkdirSync(join(captures, 'again'));
    writeFileSync(join(captures, 'again/a.bil'), dataOf(5, 30));
    writeFileSync(join(captures, 'again/a.hdr'), headerText(undefined, 30));
    await expect(run()).rejects.toThrow(/1 that failed/);
    expect(of('Capture:Import:Refused')[0]!['reason']).toMatch(
      /captured already \(again\/a.hdr\). Rename the new files/,
    );
  });

  it('refuses a reference that has changed under its name, in words', async () => {
    const { folder, captures, run, of } = machine();
    writeCube(captures, 'a', 1);
    await run();
    writeFileSync(join(folder, 'dark.bil'), new Uint8Array(new Uint16Array(4 * 3 * 6).fill(120).buffer));
    writeCube(captures, 'b', 2);
    await expect(run()).rejects.toThrow(FormatError);
    expect(of('Capture:Import:Refused')[0]!['reason']).toMatch(/same reference or plots as before.*new name/);
  });

  it('lets a sidecar win over its options', async () => {
    const { captures, run, look } = machine();
    writeCube(captures, 'a', 1);
    writeFileSync(
      join(captures, 'a.capture.json'),
      JSON.stringify({ sensor_id: 'other', acquired_at: '2026-07-02T10:00:00Z' }),
    );
    await run({ quietMs: 1e9 });
    const key = 'raw_cubes/local/farm-a/2026/07/02/a';
    expect(await look(({ captures: index }) => index.get(key)!.state)).toBe('made');
  });

  it('is stopped between two tiles and goes on in the next run', async () => {
    const { captures, run, look } = machine();
    for (const name of ['a', 'b']) {
      writeFileSync(join(captures, `${name}.bil`), dataOf(1, 200));
      writeFileSync(join(captures, `${name}.hdr`), headerText(undefined, 200));
    }
    const stop = new AbortController();
    const progress = { report: (event: string) => void (event === 'Tile:Shrink:Done' && stop.abort()) };
    await run({ progress, isOnce: false }, stop.signal);
    expect(
      await look(({ spool, captures: index }) => [spool.next(10).length, index.inState('captured').length]),
    ).toEqual([0, 2]);
    await run();
    expect(await look(({ captures: index }) => index.inState('made').length)).toBe(2);
  });

  it('fails a granule that an empty spool has no room for, and stops where the spool is full', async () => {
    const { captures, run, of } = machine();
    writeCube(captures, 'a', 1);
    await expect(run({ spoolBytesMax: 1000 })).rejects.toThrow(FormatError);
    expect(of('Granule:Make:Failed')[0]!['reason']).toMatch(/room in the spool/);
    const other = machine();
    writeCube(other.captures, 'a', 1);
    await other.run();
    const { sizeBytes } = await other.look(({ spool }) => spool.totals());
    for (const [seed, name] of ['b', 'c'].entries()) writeCube(other.captures, name, seed + 2);
    await expect(other.run({ spoolBytesMax: 2.2 * sizeBytes })).rejects.toThrow(TemporaryError);
    expect(other.of('Granule:Make:Done').length).toBeGreaterThan(0);
    expect(other.of('Granule:Make:Failed')).toEqual([]);
    await other.run();
    expect(await other.look(({ captures: index }) => index.inState('made').length)).toBe(3);
  });

  it('shows its state to people', async () => {
    const { captures, run } = machine();
    writeCube(captures, 'a', 1);
    writeFileSync(join(captures, 'b.h5'), 'no HDF5');
    const stop = new AbortController();
    let sources: PageSources | null = null;
    const page = async (given: PageSources) => {
      sources = given;
      return { close: async () => {} };
    };
    const progress = { report: (event: string) => void (event === 'Granule:Make:Done' && setImmediate(() => look())) };
    let seen: unknown = null;
    let png: Uint8Array | null = null;
    async function look(): Promise<void> {
      seen = sources!.status();
      png = await sources!.quicklook(keyOf('a'));
      stop.abort();
    }
    await run({ page, progress, isOnce: false }, stop.signal);
    expect(seen).toMatchObject({
      deviceId: 'd',
      link: { isConnected: false },
      spool: { partCount: 1, isStopped: false },
      raw: { localCount: 1 },
      captures: [
        { granuleKey: 'b.h5', state: 'failed', reason: expect.stringMatching(/Expected an ENVI header, HDF5/) },
        { granuleKey: keyOf('a'), state: 'made', hasQuicklook: true, product: { partCount: 1, waitingPartCount: 1 } },
      ],
    });
    expect(Buffer.from(png!).subarray(1, 4).toString()).toBe('PNG');
  });

  it('makes the same parts on another disk', async () => {
    const first = machine();
    const second = machine();
    writeCube(first.captures, 'a', 1);
    cpSync(first.captures, second.captures, { recursive: true });
    await first.run();
    await second.run();
    const partsOf = ({ look }: typeof first) => look(({ spool }) => spool.next(9).map(({ contentId }) => contentId));
    expect(await partsOf(first)).toEqual(await partsOf(second));
    expect(existsSync(join(first.captures, 'a.hdr'))).toBe(true);
  });
});
