import { describe, expect, it } from 'vitest';
import { openS3Store } from '#adapters/s3/s3-object-store.ts';
import { objectVersions } from '#core/pipeline/granule-version.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { environment } from '#schemas/environment.ts';
import type { Granule } from '#schemas/manifest.ts';
import { putSmallCube, sampleCount } from '../../core/pipeline/small-cube.ts';
import { type CubeJob, type CubeJobOptions, cubeJob } from '../../faults/cube-job.ts';
import { peerS3 } from '../object-stores/peer-s3.ts';

const peer = peerS3();
const inherited = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION', 'AWS_EC2_METADATA_DISABLED'];
const variables = {
  ...Object.fromEntries(inherited.map((name) => [name, process.env[name]!])),
  [environment.s3Endpoint]: peer.endpoint,
};

interface BucketJob extends CubeJob {
  /** Keys of uploads that have begun and not ended. */
  openUploads(): Promise<string[]>;
}

/** The raw cube in a bucket that keeps versions; bronze, silver and ledger in another one, emptied for each job. */
async function jobInBuckets(
  options: Pick<CubeJobOptions, 'putCube' | 'segmentBytes'>,
): Promise<() => Promise<BucketJob>> {
  const rawUri = `s3://${await peer.makeBucket({ isVersioned: true })}`;
  const bucket = await peer.makeBucket();
  const raw = openS3Store(rawUri, peer.connection);
  const warehouse = openS3Store(`s3://${bucket}/lake`, peer.connection);
  return async () => {
    await empty(warehouse);
    return {
      ...(await cubeJob({ raw, warehouse, ...options, variables })),
      openUploads: async () =>
        ((await peer.client.listMultipartUploads({ Bucket: bucket })).Uploads ?? []).map(({ Key }) => Key!),
    };
  };
}

async function empty(store: ObjectStore): Promise<void> {
  for await (const { key } of store.list('')) await store.delete(key);
}

/** Reflectances that do not compress: ten tiles of 64 lines, each with some 1.5 MB of silver. */
async function putNoisyCube(raw: ObjectStore): Promise<Granule> {
  const [lineCount, noisySampleCount, bandCount] = [640, 128, 128];
  const values = new Int16Array(lineCount * noisySampleCount * bandCount);
  let state = 1;
  for (let index = 0; index < values.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[index] = state >>> 20;
  }
  const header = [
    'ENVI',
    `samples = ${noisySampleCount}`,
    `lines = ${lineCount}`,
    `bands = ${bandCount}`,
    'data type = 2',
    'interleave = bil',
    'byte order = 0',
    'wavelength units = Nanometers',
    `wavelength = {${Array.from({ length: bandCount }, (_, band) => 400 + 4 * band).join(', ')}}`,
  ];
  const key = 'raw_cubes/eu/farm-a/2026/07/01/noisy';
  const capture = { quantity: 'reflectance', scale_factor: 0.0001 };
  const parts = [
    await raw.put(`${key}.bil`, new Uint8Array(values.buffer)),
    await raw.put(`${key}.capture.json`, Buffer.from(JSON.stringify(capture))),
    await raw.put(`${key}.hdr`, Buffer.from(header.join('\n'))),
  ];
  return {
    payload: 'hyperspectral-cube',
    granule_key: key,
    granule_version_id: '0'.repeat(32),
    parts: objectVersions(parts),
  };
}

describe('a job on s3://', () => {
  it('that is killed goes on at its last checkpoint, and ends with the objects of an undisturbed one', async () => {
    // Five segments of two tiles of 64 lines, a row of three bands being 70 bytes.
    const newJob = await jobInBuckets({
      putCube: (raw) => putSmallCube(raw, { lineCount: 640 }),
      segmentBytes: 2 * 64 * sampleCount * 70,
    });
    const undisturbed = await newJob();
    expect((await undisturbed.run()).exitCode).toBe(0);
    const expected = await undisturbed.objects();
    const resumedTiles: unknown[] = [];
    for (const at of ['calibrate:5', 'tile:9', 'bronze metadata']) {
      const job = await newJob();
      expect((await job.run({ name: 'SIGKILL', at })).exitCode, at).toBe(null);
      const { exitCode, lines } = await job.run();
      expect(exitCode, at).toBe(0);
      resumedTiles.push(lines.find(({ event }) => event === 'Granule:Process:Resumed')?.['resumedTile'] ?? 0);
      expect(await job.objects(), at).toEqual(expected);
    }
    // A thread tells with its next tile that one is stored, so that the checkpoint of tiles 6 and 7 may not be there yet.
    for (const resumedTile of resumedTiles.slice(1)) expect([6, 8]).toContain(resumedTile);
  });

  it('that gets SIGTERM while a silver file is half sent takes the parts back; one that is killed cannot', async () => {
    // One segment, whose file is longer than the first part of an upload by far.
    const newJob = await jobInBuckets({ putCube: putNoisyCube, segmentBytes: 2 ** 30 });
    const stopped = await newJob();
    expect((await stopped.run({ name: 'SIGTERM', at: 'tile:7' })).exitCode).toBe(75);
    expect(await stopped.openUploads()).toEqual([]);
    const killed = await newJob();
    expect((await killed.run({ name: 'SIGKILL', at: 'tile:7' })).exitCode).toBe(null);
    expect(await killed.openUploads()).toEqual([expect.stringContaining('tables/silver/reflectance/data/')]);
  });
});
