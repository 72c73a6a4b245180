import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { granuleVersionId, manifestIdOf, objectVersions } from '#core/pipeline/granule-version.ts';
import type { Granule } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { textKey } from '../../flow/text-payload.ts';

const root = join(import.meta.dirname, '../../..');
const textJob = join(root, 'test/flow/text-job.ts');
const scratch = mkdtempSync(join(tmpdir(), 'cubelake-run-job-'));
afterAll(() => rmSync(scratch, { recursive: true }));

interface JobEnd {
  readonly code: number;
  readonly stderr: string;
}

async function run(entryPath: string, env: Record<string, string>): Promise<JobEnd> {
  try {
    const { stderr } = await promisify(execFile)(process.execPath, [entryPath], { env });
    return { code: 0, stderr };
  } catch (error) {
    const { code, stderr } = error as unknown as JobEnd;
    return { code, stderr };
  }
}

/** A lake with one manifest of one granule with this text. */
async function lakeWith(text: string) {
  const folder = mkdtempSync(join(scratch, 'lake-'));
  const raw = fileObjectStore(join(folder, 'raw'));
  const warehouse = fileObjectStore(join(folder, 'warehouse'));
  const facts = [
    await raw.put(textKey('a', 'txt'), Buffer.from(text)),
    await raw.put(textKey('a', 'sum'), Buffer.from('1')),
  ];
  const parts = objectVersions(facts);
  const granule_key = textKey('a', 'txt').slice(0, -4);
  const granule: Granule = {
    payload: 'text',
    granule_key,
    granule_version_id: granuleVersionId(parts, 'raw', null),
    parts,
  };
  const manifestId = manifestIdOf([granule]);
  const manifest = { format_version: 1, manifest_id: manifestId, source: 'raw', granules: [granule] };
  await warehouse.put(controlKeys.manifest(manifestId), Buffer.from(JSON.stringify(manifest)));
  const env = {
    CUBELAKE_RAW_URI: raw.rootUri,
    CUBELAKE_WAREHOUSE_URI: warehouse.rootUri,
    CUBELAKE_MANIFEST_ID: manifestId,
  };
  const outcome = async (): Promise<unknown> => {
    const key = controlKeys.outcome(manifestId, 0);
    if ((await warehouse.head(key)) === null) return null;
    return JSON.parse(Buffer.from((await warehouse.get(key)).bytes).toString());
  };
  return { env, outcome };
}

describe('the container entry of a job', () => {
  it('exits 0 and leaves a complete outcome, also when it is run again', async () => {
    const { env, outcome } = await lakeWith('one');
    expect(await run(textJob, env)).toEqual({ code: 0, stderr: '' });
    const first = await outcome();
    expect(first).toMatchObject({ status: 'complete', report: { rowCount: 1 } });
    expect((await run(textJob, env)).code).toBe(0);
    expect(await outcome()).toEqual(first);
  });

  it('exits 65 for bad data, and leaves an outcome that says why', async () => {
    const { env, outcome } = await lakeWith('poison');
    const { code, stderr } = await run(textJob, env);
    expect(code).toBe(65);
    const line = JSON.parse(stderr) as Record<string, unknown>;
    expect(line).toEqual({ event: 'Granule:Process:Failed', manifestId: env.CUBELAKE_MANIFEST_ID, ...sayings() });
    expect(await outcome()).toMatchObject({ status: 'failed', disposition: 'quarantine', ...sayings() });
  });

  it('exits 75 for what may pass, and leaves no outcome', async () => {
    const { env, outcome } = await lakeWith('flaky');
    expect((await run(textJob, env)).code).toBe(75);
    expect(await outcome()).toBeNull();
  });

  it('exits 78 without configuration, for an index outside the manifest and for a payload that it does not have', async () => {
    const main = join(root, 'batch-jobs/process-granule/main.ts');
    const { code, stderr } = await run(main, {});
    expect(code).toBe(78);
    expect(stderr).toContain('Expected the environment variable CUBELAKE_RAW_URI, got none');
    const { env } = await lakeWith('one');
    expect((await run(textJob, { ...env, CUBELAKE_GRANULE_INDEX: '1' })).code).toBe(78);
    expect((await run(main, env)).code).toBe(78);
  });

  it('exits 65 for a manifest that nobody wrote', async () => {
    const { env } = await lakeWith('one');
    expect((await run(textJob, { ...env, CUBELAKE_MANIFEST_ID: '0'.repeat(32) })).code).toBe(65);
  });

  it.each([
    ['soon after SIGTERM, even when its work comes to no step', ['100'], 1],
    ['at once at a second SIGTERM', [], 2],
  ])('exits 75 %s', async (_, parameters, signalCount) => {
    const job = spawn(process.execPath, [join(import.meta.dirname, 'endless-job.ts'), ...parameters], {
      env: { ...(await lakeWith('one')).env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(job.stdout, 'data');
    const exit = once(job, 'exit');
    // One signal that comes twice before it is seen is one signal, so the second is sent until the job ends.
    for (let sent = 0; sent < signalCount || (signalCount > 1 && job.exitCode === null); sent++) {
      job.kill('SIGTERM');
      await setImmediate();
    }
    expect(await exit).toEqual([75, null]);
  });
});

function sayings(): Record<string, string> {
  const granuleKey = textKey('a', 'txt').slice(0, -4);
  return { error: 'FormatError', reason: `Expected text, got poison (${granuleKey}).` };
}
