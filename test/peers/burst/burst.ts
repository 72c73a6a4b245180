// A harvest in minutes: node burst.ts S3_URI CUBES SEED FUNCTIONS_FOLDER FOLDER moto|sent cold|warm
//
// Uploads small cubes at once (a twentieth twice, a hundredth broken) into the flow in the cloud's shape, kills processes of
// every kind at random until all is done, and compares tags, ledger and dead letters with what was uploaded. FOLDER/burst.json
// then says where check_rows.py finds the tables and what it should find. `sent`: the S3 has no
// events, this program sends them. `warm`: hosts run children of jobs one after the other, instead of a process for each.
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { S3 } from '@aws-sdk/client-s3';
import { readS3Options } from '#adapters/s3/config.ts';
import { s3Connection } from '#adapters/s3/s3-connection.ts';
import { openS3Store } from '#adapters/s3/s3-object-store.ts';
import { environment } from '#schemas/environment.ts';
import { checkDeadLetters, checkTags, restOf } from './aftermath.ts';
import type { BatchSettings } from './batch-service.ts';
import { announceObjects, makeBatch, makeCloud, names } from './cloud.ts';
import { harvest, Uploader } from './harvest.ts';
import { type Kills, killAtRandom } from './kill-at-random.ts';
import { LambdaFunction } from './lambda-function.ts';
import { nextMessage, seededNumbers, startKillable } from './processes.ts';
import type { Settings } from './settings.ts';
import { references } from './small-cubes.ts';

const [s3Uri, cubesText, seedText, functionsFolder, folder, eventsBy, hosts] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  'moto' | 'sent',
  'cold' | 'warm',
];
const motoUri = process.env['moto_uri']!;
const [cubeCount, seed] = [Number(cubesText), Number(seedText)];
const nextNumber = seededNumbers(seed);
/** Long enough for a machine with other work; a burst that hangs ends here. */
const limitMs = 20 * 60_000;
const garbage = ['not JSON', '{"Records":7}', '{"detail-type":"nonsense"}'];

const startMs = Date.now();
const say = (text: string): void => console.log(`${Math.round((Date.now() - startMs) / 1000)} s: ${text}`);
const pidFolder = join(folder, 'pids');
mkdirSync(pidFolder, { recursive: true });

const s3 = new S3({ endpoint: s3Uri, region: 'us-east-1', forcePathStyle: true });
const connection = s3Connection(readS3Options({ ...process.env, [environment.s3Endpoint]: s3Uri }));
const cloud = await makeCloud(motoUri, s3, 'burst');
const raw = openS3Store(`s3://${cloud.rawBucket}`, connection);
const warehouse = openS3Store(cloud.warehouseUri, connection);
const isAnnouncedByS3 = eventsBy === 'moto';
if (isAnnouncedByS3) await announceObjects(s3, cloud);

/** What every process of ours in this cloud has in its environment. */
const variables = {
  AWS_ACCESS_KEY_ID: 'testing',
  AWS_SECRET_ACCESS_KEY: 'testing',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  // Jobs of one host share it in the image too.
  NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
  BURST_PIDS: pidFolder,
  [environment.s3Endpoint]: s3Uri,
  [environment.rawUri]: raw.rootUri,
  [environment.warehouseUri]: warehouse.rootUri,
};
await makeBatch(motoUri, { ...variables, [environment.threads]: '1', [environment.kernel]: 'cpu' });

const batchSettings: BatchSettings = {
  motoUri,
  pidFolder,
  jobQueue: names.batchJobQueue,
  seed,
  processCountMax: 3,
  hostsAreWarm: hosts === 'warm',
};
const batch = start('batch-service.ts', batchSettings);
const { uri: batchUri } = await nextMessage<{ uri: string }>(batch);

const settings: Settings = {
  motoUri,
  functionsFolder,
  pidFolder,
  objectQueueUrl: cloud.objectQueueUrl,
  jobQueueUrl: cloud.jobQueueUrl,
  functionVariables: {
    ...variables,
    PATH: process.env['PATH']!,
    AWS_ENDPOINT_URL_SQS: motoUri,
    AWS_ENDPOINT_URL_BATCH: batchUri,
    [environment.deployment]: 'burst',
    [environment.jobHourUsd]: '0.1',
    [environment.unsettledHoursMax]: '6',
    [environment.objectQueueUrl]: cloud.objectQueueUrl,
    [environment.jobQueueUrl]: cloud.jobQueueUrl,
    [environment.objectDeadLetterUrl]: cloud.objectDeadLetterUrl,
    [environment.jobDeadLetterUrl]: cloud.jobDeadLetterUrl,
    [environment.batchJobQueue]: names.batchJobQueue,
    [environment.batchJobDefinition]: names.batchJobDefinition,
  },
  functionLimitMs: 180_000,
  fullEveryMs: 4000,
  flushEveryMs: 20_000,
};

const reconciler = new LambdaFunction({
  kind: 'reconciler',
  bundle: `${functionsFolder}/reconciler/main.mjs`,
  env: { ...settings.functionVariables, AWS_LAMBDA_FUNCTION_NAME: 'burst-reconciler' },
  pidFolder,
  limitMs: settings.functionLimitMs,
});
let reconcileCount = 0;
let isOver = false;
let scheduler = startScheduler();
const cubes = harvest(cubeCount);
const kills: Kills = { batcher: 0, settler: 0, job: 0, 'event-sources': 0 };

try {
  const uploader = new Uploader({ s3, cloud, raw, isAnnouncedByS3 });
  await uploader.upload(references());
  const killing = killAtRandom({ pidFolder, nextNumber, isOver: () => isOver }, kills);
  await uploader.upload(cubes.flatMap(({ parts }) => parts));
  await uploader.send(garbage);
  const repeated = cubes.filter(() => nextNumber() < 0.05);
  await uploader.repeat(repeated);
  say(`${cubeCount} cubes uploaded, ${repeated.length} of them twice`);
  await untilAtRest();
  say('all settled');
  // And once more when everything is done: nothing may come of it, and the new objects have to get their tags.
  await uploader.repeat(repeated.slice(0, 6));
  await untilAtRest();
  isOver = true;
  await killing;
  const redrivenCount = await checkDeadLetters(cloud, garbage, untilAtRest);
  await checkTags(cubes, { raw, warehouse });
  for (const [kind, count] of Object.entries(kills)) assert.ok(count > 0, `no ${kind} was killed`);
  const complete = cubes.filter(({ flaw }) => flaw === null).map(({ granuleKey }) => granuleKey);
  writeFileSync(
    join(folder, 'burst.json'),
    JSON.stringify({ s3Uri, raw: raw.rootUri, warehouse: warehouse.rootUri, complete }),
  );
  const counted = nextMessage<{ counts: Record<string, number> }>(batch);
  batch.send('state');
  const { counts } = await counted;
  const killed = Object.entries(kills).map(([kind, count]) => `${count} ${kind}`);
  say(
    `${complete.length} cubes complete, ${cubeCount - complete.length} failed with a reason, tags agree; ` +
      `${counts['attempts']} attempts of jobs, ${counts['submissions']} submissions of which ${counts['throttled']} were ` +
      `throttled and ${counts['lost']} got no answer; killed: ${killed.join(', ')}; ${garbage.length} dead letters, ` +
      `${redrivenCount} more sent again; ` +
      `${reconcileCount} runs of the reconciler`,
  );
} finally {
  isOver = true;
  scheduler.kill('SIGKILL');
  batch.kill('SIGKILL');
}

function start(script: string, settingsOfIt: object): ChildProcess {
  const path = join(folder, `${script}.json`);
  writeFileSync(path, JSON.stringify(settingsOfIt));
  return fork(join(import.meta.dirname, script), [path]);
}

/** Event sources of AWS come back by themselves. */
function startScheduler(): ChildProcess {
  const path = join(folder, 'settings.json');
  writeFileSync(path, JSON.stringify(settings));
  const script = [join(import.meta.dirname, 'event-sources.ts'), path];
  const env = { ...process.env, BURST_PIDS: pidFolder };
  const child = startKillable(pidFolder, 'event-sources', script, { env, hasChannel: true });
  child.once('exit', () => {
    if (!isOver) scheduler = startScheduler();
  });
  return child;
}

/**
 * Until every cube has its end and nothing waits: asked twice, since a message may be between two places. Where nothing
 * moves, the daily run of the reconciler has come: moto loses messages that arrive while it deletes others.
 */
async function untilAtRest(): Promise<void> {
  let [quietCount, stillCount, before] = [0, 0, ''];
  for (let asked = 1; quietCount < 2; asked++) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const rest = await restOf(cloud, warehouse);
    const isIdle = rest.pendingCount === 0 && rest.queued === 0 && !(await isAtWork());
    quietCount = isIdle && rest.settledCount === cubeCount ? quietCount + 1 : 0;
    const now = JSON.stringify(rest);
    stillCount = isIdle && now === before ? stillCount + 1 : 0;
    before = now;
    if (quietCount === 0 && stillCount >= 5) {
      say(`${rest.settledCount} settled and nothing moves: the reconciler looks for what was lost`);
      await reconciler.invoke({ reconcile: true });
      reconcileCount++;
      stillCount = 0;
    }
    if (asked % 10 === 0) say(`${rest.settledCount} settled, ${rest.pendingCount} requests, ${rest.queued} messages`);
    if (Date.now() - startMs > limitMs) throw new Error(`Expected all to be settled, got ${now}`);
  }
}

/** True while jobs wait or run. */
async function isAtWork(): Promise<boolean> {
  const told = nextMessage<{ isAtWork: boolean }>(batch);
  batch.send('state');
  return (await told).isAtWork;
}
