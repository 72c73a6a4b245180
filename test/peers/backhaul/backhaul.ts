// node backhaul.ts S3_URI FOLDER: kills `edge backhaul` again and again, then compares the bucket with the disk.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { S3 } from '@aws-sdk/client-s3';
import { openSpoolFolder } from '#edge-k3s/spool-folder.ts';
import { seededNumbers } from '../burst/processes.ts';

const [s3Uri, folder] = process.argv.slice(2) as [string, string];
const spool = join(folder, 'spool');
const bucket = 'backhaul-raw';
const killCount = 15;
const cubeBytes = 44 << 20;
const next = seededNumbers(7);

/** Between the program and S3: counts what passes, and is slow enough to be killed in the middle. */
const sent = { parts: 0, bytes: 0 };
const proxy = createServer((asked, answer) => {
  const isPart = asked.method === 'PUT' && asked.url!.includes('partNumber=');
  const onward = request(new URL(asked.url!, s3Uri), { method: asked.method, headers: asked.headers }, (reply) => {
    if (isPart && reply.statusCode === 200) sent.parts++;
    const tell = (): void => {
      answer.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(answer);
    };
    if (isPart) setTimeout(tell, 600);
    else tell();
  });
  onward.on('error', () => answer.destroy());
  asked.on('data', (bytes: Buffer) => {
    sent.bytes += bytes.length;
  });
  // Of a program that was killed no more comes: the request would stay open, and this process with it.
  asked.once('close', () => {
    if (!asked.complete) onward.destroy();
  });
  asked.pipe(onward);
});
await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
const proxyUri = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;

const s3 = new S3({ endpoint: s3Uri, region: 'us-east-1', forcePathStyle: true });
await s3.createBucket({ Bucket: bucket });
const expected = new Map<string, string>();
const machine = await openSpoolFolder(spool, 1 << 30);
for (const name of ['pass-1', 'pass-2', 'pass-3']) {
  const granuleKey = `raw_cubes/eu/farm/2026/07/01/${name}`;
  for (const [extension, bytes] of [
    ['hdr', Buffer.from(`ENVI ${name}`)],
    ['bil', randomFillSync(Buffer.alloc(cubeBytes))],
  ] as const) {
    await machine.raw.put(`${granuleKey}.${extension}`, bytes);
    expected.set(`${granuleKey}.${extension}`, createHash('sha256').update(bytes).digest('hex'));
  }
  machine.captures.add(granuleKey, cubeBytes);
  machine.captures.markMade(granuleKey, '{}');
}

const main = join(import.meta.dirname, '../../../cli/main.ts');
const env = { ...process.env, CUBELAKE_S3_ENDPOINT: proxyUri, CUBELAKE_S3_PATH_STYLE: 'true' };
const run = (killAfterMs: number | null): Promise<number | null> =>
  new Promise((resolve) => {
    const log = openSync(join(folder, 'log'), 'a');
    const parameters = ['edge', 'backhaul', '--spool', spool, '--raw', `s3://${bucket}`, '--once', '--free', 'always'];
    const child = spawn(process.execPath, [main, ...parameters], { env, stdio: ['ignore', log, log] });
    closeSync(log);
    const timer = killAfterMs === null ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });

let killed = 0;
for (let attempt = 0; attempt < killCount; attempt++) if ((await run(900 + 900 * next())) === null) killed++;
assert.equal(await run(null), 0, 'the last run ends well');
assert.ok(killed >= 8, `${killed} of ${killCount} runs were killed in the middle`);

for (const [key, sha256] of expected) {
  const { Body, Metadata } = await s3.getObject({ Bucket: bucket, Key: key });
  assert.equal(
    createHash('sha256')
      .update(await Body!.transformToByteArray())
      .digest('hex'),
    sha256,
    key,
  );
  assert.equal(Metadata?.['cubelake-sha256'], sha256, key);
}
const { Uploads = [] } = await s3.listMultipartUploads({ Bucket: bucket });
assert.deepEqual(Uploads, [], 'uploads that nobody ends');
const partCount = 3 * Math.ceil(cubeBytes / (8 << 20));
// A part whose answer was lost with its process is sent once more.
assert.ok(sent.parts <= partCount + killed, `${sent.parts} parts were sent, ${partCount} are needed`);
assert.deepEqual(await Array.fromAsync(machine.raw.list('raw_cubes/')), [], 'raw cubes that are left here');
assert.equal(machine.captures.withRaw('freed').length, 3);
machine.close();
proxy.close();
proxy.closeAllConnections();
console.log(
  `3 cubes of ${cubeBytes >> 20} MiB are in S3, ${killed} runs killed: ${sent.parts} parts sent where ${partCount} are needed, ` +
    `${(sent.bytes / 2 ** 20).toFixed(0)} MiB over the link; freed here`,
);
