import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import { openIdentifiedUploads } from '#adapters/s3/identified-upload.ts';
import { openS3Archive } from '#adapters/s3/s3-archive.ts';
import { openS3Store } from '#adapters/s3/s3-object-store.ts';
import { sqsConnection } from '#adapters/sqs/sqs-connection.ts';
import { sqsQueue } from '#adapters/sqs/sqs-queue.ts';
import { wirePayloads } from '#batch-jobs/payloads.ts';
import { PreconditionFailedError } from '#core/errors.ts';
import { uploadPartBytesMin } from '#core/limits.ts';
import { submitManifest } from '#core/pipeline/claims.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import { environment } from '#schemas/environment.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { type Lake, openLake } from '../../../cli/open-lake.ts';
import { runFlow } from '../../../cli/run-flow.ts';
import { peerS3 } from '../object-stores/peer-s3.ts';
import { type DeploymentUnderTest, deploy } from './deployment.ts';

// A person at a terminal against a deployed lake on moto. Its jobs and settlements, which moto does not run, run in this
// process over the same buckets and the same queue of objects.

const root = join(import.meta.dirname, '../../..');
const peer = peerS3();
const scratch = mkdtempSync(join(tmpdir(), 'cubelake-operations-'));
let deployment: DeploymentUnderTest;
let flow: Lake;
const inherited = ['PATH', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION', 'AWS_ENDPOINT_URL'] as const;
const awsVariables = Object.fromEntries(inherited.map((name) => [name, process.env[name]!]));

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function cubelake(...args: string[]): Promise<Answer> {
  const argv = ['--disable-warning=ExperimentalWarning', 'cli/main.ts', ...args, '--lake', deployment.warehouseUri];
  const env = { ...awsVariables, AWS_EC2_METADATA_DISABLED: 'true', ...deployment.variables, HOME: scratch };
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd: root, env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const messages = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr: messages.join('\n') });
    });
  });
}

async function answer(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cubelake(...args);
  if (code !== 0) throw new Error(`cubelake ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}

/** What the functions and jobs of the deployment do. */
function deployedFlow(): Lake {
  const { variables, warehouseUri, rawBucket } = deployment;
  const local = openLake(join(scratch, 'flow'), { environment: { ...awsVariables, ...variables } });
  const raw = openS3Store(`s3://${rawBucket}`, peer.connection);
  const warehouse = openS3Store(warehouseUri, peer.connection);
  const { clock, random } = local;
  const tables = { catalog: pointerCatalog(warehouse), warehouse, clock, random };
  const events = sqsQueue({
    queueUrl: variables[environment.objectQueueUrl]!,
    deadLetterUrl: variables[environment.objectDeadLetterUrl]!,
    client: sqsConnection({ endpoint: peer.endpoint, region: 'us-east-1' }),
    waitMs: 0,
  });
  const payloads = wirePayloads({ raw, warehouse, threadCount: 1 });
  return { ...local, ...tables, bucket: rawBucket, raw, events, payloads, ...tableAccess(tables) };
}

const simulated = join(scratch, 'simulated');
const rawKeys = (): string[] =>
  readdirSync(simulated, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(simulated.length + 1))
    .filter((key) => key.includes('/'));

beforeAll(async () => {
  deployment = await deploy(peer);
  flow = deployedFlow();
  const size = ['--sensor', 'vnir', '--date', '2025-07-01', '--entries', '4', '--replicates', '2'];
  execFileSync(process.execPath, ['cli/main.ts', 'simulate', '--out', simulated, ...size], {
    cwd: root,
    stdio: 'ignore',
  });
});
afterAll(() => {
  flow?.close();
  rmSync(scratch, { recursive: true });
});

interface Status {
  readonly counts: Readonly<Record<'complete' | 'failed' | 'running' | 'waiting', number>>;
  readonly granules: readonly { readonly granuleKey: string; readonly lost: string | null }[];
  readonly requeued?: readonly string[];
}
const statusNow = async (...more: string[]): Promise<Status> =>
  JSON.parse(await answer('status', '--json', ...more)) as Status;

describe('a deployed lake, from a terminal', () => {
  let granuleCount = 0;
  let cubeKey = '';

  it('takes files once: the bucket announces them, and the same files again are neither sent nor announced', async () => {
    const first = JSON.parse(await answer('ingest', simulated, '--json')) as { uploaded: { isNew: boolean }[] };
    expect(first.uploaded.length).toBe(rawKeys().length);
    expect(first.uploaded.every(({ isNew }) => isNew)).toBe(true);
    expect(await deployment.objectMessageCount()).toBeGreaterThan(0);
    await runFlow(flow);
    const second = JSON.parse(await answer('ingest', simulated, '--json')) as { uploaded: { isNew: boolean }[] };
    expect(second.uploaded.some(({ isNew }) => isNew)).toBe(false);
    expect(await deployment.objectMessageCount()).toBe(0);
  });

  it('says that all is complete', async () => {
    const { counts, granules } = await statusNow();
    granuleCount = granules.length;
    expect(granuleCount).toBeGreaterThanOrEqual(2);
    expect(counts).toEqual({ complete: granuleCount, failed: 0, running: 0, waiting: 0 });
    cubeKey = granules.find(({ granuleKey }) => granuleKey.startsWith('raw_cubes/'))!.granuleKey;
  });

  it('answers SQL from files that it fetches from the bucket', async () => {
    const sql = 'SELECT count(*) AS pixels, count(DISTINCT cube_id) AS cubes FROM silver.reflectance';
    const { rows } = JSON.parse(await answer('sql', sql, '--json')) as { rows: [number, number][] };
    expect(rows[0]![0]).toBeGreaterThan(100);
    expect(rows[0]![1]).toBe(1);
    expect(JSON.parse(await answer('snapshots', 'silver.reflectance', '--json'))).toHaveLength(1);
  });

  it('tags, untags and looks after tables', async () => {
    await answer('tag', 'silver.reflectance', 'season-2025');
    expect(await answer('tag', 'silver.reflectance', '--list')).toContain('season-2025');
    const rollback = ['rollback', 'silver.reflectance', '--to', 'season-2025', '--json'];
    expect(JSON.parse(await answer(...rollback))).toMatchObject({ undoneIds: [], aheadTables: [], waitingKeys: [] });
    await answer('untag', 'silver.reflectance', 'season-2025');
    expect(await answer('maintain', 'silver.reflectance', '--dry-run')).toContain('silver.reflectance');
  });

  it('recommends, and records its decisions in the bucket', async () => {
    const { rows } = JSON.parse(await answer('recommend', '--json')) as { rows: object[] };
    expect(rows).toHaveLength(4);
    const sql = 'SELECT count(*) FROM gold.recommendation';
    expect(JSON.parse(await answer('sql', sql, '--json'))).toMatchObject({ rows: [[4]] });
  });

  it('finds what lost its event, and sends it again', async () => {
    const lost = 'plot_sets/local/lost/2025/07/01/lost.geojson';
    const body = '{"type":"FeatureCollection","features":[]}';
    await peer.client.putObject({ Bucket: deployment.rawBucket, Key: lost, Body: body });
    await deployment.loseObjectMessages();
    const before = await statusNow();
    expect(before.granules.filter((each) => each.lost === 'event')).toHaveLength(1);
    expect(await deployment.objectMessageCount()).toBe(0);
    expect((await statusNow('--reconcile')).requeued).toEqual([lost.replace('.geojson', '')]);
    expect(await deployment.objectMessageCount()).toBe(1);
    await deployment.loseObjectMessages();
    const replay = ['replay', '--prefix', 'plot_sets/', '--since', '1h', '--json'];
    const dry = JSON.parse(await answer(...replay, '--dry-run')) as { sentKeys: string[] };
    expect(dry.sentKeys).toHaveLength(1);
    expect(await deployment.objectMessageCount()).toBe(0);
    expect(JSON.parse(await answer(...replay))).toMatchObject({ sentKeys: dry.sentKeys });
    expect(await deployment.objectMessageCount()).toBe(1);
  });

  it('redrives what failed', async () => {
    await runFlow(flow);
    const { counts } = await statusNow();
    expect(counts).toMatchObject({ complete: granuleCount, failed: 1 });
    expect(await answer('redrive')).toContain('1 failed granules and 0 dead letters');
    expect(await deployment.objectMessageCount()).toBe(1);
    await runFlow(flow);
  });

  it('estimates a restore from Deep Archive, asks only with --yes, and names archived cubes before any job', async () => {
    const archived: string[] = [];
    for await (const { key } of flow.raw.list(`${cubeKey}.`)) {
      // Lifecycle rules leave small objects where they are; and moto does not tell the tags of archived ones, as S3 does.
      if (key.endsWith('.hdr') || key.endsWith('.json')) continue;
      const CopySource = `${deployment.rawBucket}/${key}`;
      const place = { Bucket: deployment.rawBucket, Key: key, TaggingDirective: 'COPY' as const };
      await peer.client.copyObject({ ...place, CopySource, StorageClass: 'DEEP_ARCHIVE', MetadataDirective: 'COPY' });
      archived.push(key);
    }
    await deployment.loseObjectMessages();
    // Bronze that fits would do without raw.
    for await (const { key } of flow.warehouse.list('bronze/')) await flow.warehouse.delete(key);
    const refusal = await cubelake('restore', '--granules', cubeKey, '--tier', 'expedited');
    expect(refusal).toMatchObject({ code: 78, stderr: expect.stringMatching(/Deep Archive.*does not have it/) });
    const estimate = JSON.parse(await answer('restore', '--granules', cubeKey, '--json')) as {
      counts: object;
      askedCount: number;
      estimate: { objectCount: number; hoursMax: number; usd: number };
    };
    expect(estimate).toMatchObject({ counts: { archived: archived.length }, askedCount: 0 });
    expect(estimate.estimate).toMatchObject({ objectCount: archived.length, hoursMax: 48 });
    const early = await cubelake('reprocess', '--cube', cubeKey);
    expect(early).toMatchObject({ code: 65, stderr: expect.stringContaining(`in an archive (${cubeKey})`) });
    const asked = JSON.parse(
      await answer('restore', '--granules', cubeKey, '--days', '2', '--yes', '--json'),
    ) as object;
    expect(asked).toMatchObject({ askedCount: archived.length });
    expect(await answer('restore', '--prefix', cubeKey, '--watch')).toMatch(/ readable, 0 on their way, 0 archived/);
  });

  it('reprocesses a cube on a branch, waits for the deployment, and publishes once', async () => {
    const reprocessed = cubelake('reprocess', '--cube', cubeKey, '--json');
    let isDone = false;
    void reprocessed.finally(() => {
      isDone = true;
    });
    while (!isDone) await settleNewManifests();
    expect(await reprocessed).toMatchObject({ code: 0, stdout: expect.stringContaining('"state":"published"') });
    expect(JSON.parse(await answer('reprocess', '--list', '--json'))).toMatchObject([{ state: 'published' }]);
    const sql = 'SELECT count(*) = count(DISTINCT (line, sample)) FROM silver.reflectance';
    expect(JSON.parse(await answer('sql', sql, '--json'))).toMatchObject({ rows: [[true]] });
  });

  it.each([
    ['a folder of another scheme', ['status', '--lake', 'gs://bucket'], 78, /Expected a folder or s3:/],
    ['a lake that the environment is not of', ['status', '--lake', 's3://other-bucket'], 78, /Expected the lake that/],
  ] as const)('refuses %s in one sentence', async (_, args, code, message) => {
    const argv = ['--disable-warning=ExperimentalWarning', 'cli/main.ts', ...args];
    const env = { ...awsVariables, ...deployment.variables, HOME: scratch };
    const result = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, argv, { cwd: root, env }, (error, _out, stderr) =>
        resolve({ code: error?.code, stderr }),
      );
    });
    expect(result).toEqual({ code, stderr: expect.stringMatching(message) });
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
  });
});

/** Batch of moto took the job; here it is run and settled. */
async function settleNewManifests(): Promise<void> {
  for await (const { key } of flow.warehouse.list(controlKeys.manifestPrefix)) {
    const manifestId = key.slice(controlKeys.manifestPrefix.length, -'.json'.length);
    if ((await flow.warehouse.head(controlKeys.settlement(manifestId))) === null)
      await submitManifest(flow, manifestId);
  }
  await runFlow(flow);
}

describe('uploads with the hash of their bytes', () => {
  it('are found by it, in one request and in parts, and one of two writers loses', async () => {
    const uploads = openIdentifiedUploads(`s3://${deployment.rawBucket}/somewhere`, peer.connection);
    for (const [key, sizeBytes] of [
      ['small', 5],
      ['long', uploadPartBytesMin + 5],
    ] as const) {
      const bytes = new Uint8Array(sizeBytes).fill(7);
      const [first, second] = [await uploads.write(key, 'a1', null), await uploads.write(key, 'b2', null)];
      await first.append(bytes);
      await second.append(bytes);
      const stored = await first.commit();
      expect(await uploads.find(key)).toMatchObject({ sha256: 'a1', sizeBytes, etag: stored.etag });
      await expect(second.commit()).rejects.toBeInstanceOf(PreconditionFailedError);
      const third = await uploads.write(key, 'c3', stored);
      await third.append(bytes);
      await third.commit();
      expect(await uploads.find(key)).toMatchObject({ sha256: 'c3' });
    }
    expect(await uploads.find('nothing')).toBe(null);
  });
});

describe('the archive of a bucket', () => {
  it('tells storage classes apart and asks once', async () => {
    const archive = openS3Archive(`s3://${deployment.rawBucket}`, peer.connection);
    const put = (Key: string, StorageClass: 'STANDARD' | 'GLACIER_IR' | 'GLACIER' | 'DEEP_ARCHIVE') =>
      peer.client.putObject({ Bucket: deployment.rawBucket, Key, Body: 'cold', StorageClass });
    await put('warm', 'STANDARD');
    await put('instant', 'GLACIER_IR');
    await put('flexible', 'GLACIER');
    await put('deep', 'DEEP_ARCHIVE');
    expect(await archive.stateOf('none')).toBe(null);
    expect(await archive.stateOf('warm')).toEqual({ kind: 'readable' });
    expect(await archive.stateOf('instant')).toEqual({ kind: 'readable' });
    expect(await archive.stateOf('flexible')).toEqual({ kind: 'archived', archive: 'flexible' });
    expect(await archive.stateOf('deep')).toEqual({ kind: 'archived', archive: 'deep' });
    const request = { tier: 'bulk', days: 3 } as const;
    expect(await archive.restore('warm', request)).toBe('readable');
    await expect(archive.restore('deep', { tier: 'expedited', days: 3 })).rejects.toThrow(/does not have/);
    expect(await archive.restore('deep', request)).toBe('asked');
    expect(await archive.stateOf('deep')).toMatchObject({ kind: expect.stringMatching(/^restor(ing|ed)$/) });
  });
});
