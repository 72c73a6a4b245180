// From inside of the pod's network. look-at-pod.ts made|kept|sent FILE: the cube is made; its parts are those of FILE; they are sent.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connectAsync } from 'mqtt';
import type { AgentStatus } from '#core/edge/agent-status.ts';
import { receiptsTopicOf } from '#schemas/edge-messages.ts';

const [stage, file] = process.argv.slice(2) as [string, string];
const page = 'http://127.0.0.1:8090';

async function statusWhen(isSo: (status: AgentStatus) => boolean): Promise<AgentStatus> {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const status = await fetch(`${page}/status.json`).then(
      (answer) => answer.json() as Promise<AgentStatus>,
      () => null,
    );
    if (status !== null && isSo(status)) return status;
    assert.ok(performance.now() < deadlineMs, `after 30 s the state is ${JSON.stringify(status)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** As a bridge does, without what comes after it. @returns How many parts came */
async function takeParts(onReady: () => void): Promise<number> {
  const ids = new Set<string>();
  const client = await connectAsync('mqtt://127.0.0.1:1883', { protocolVersion: 5 });
  client.on('message', (_, payload, packet) => {
    const { id, source } = packet.properties!.userProperties as { id: string; source: string };
    assert.equal(createHash('sha256').update(payload).digest('hex'), id);
    ids.add(id);
    client.publish(receiptsTopicOf(source), JSON.stringify({ id, outcome: 'stored', reason: null }), { qos: 1 });
  });
  await client.subscribeAsync('cubelake/parts/+', { qos: 1 });
  onReady();
  await statusWhen(({ captures }) => captures[0]?.product?.waitingPartCount === 0);
  await client.endAsync();
  return ids.size;
}

const sayReady = (): void => writeFileSync(`${file}.${stage}`, '');
if (stage === 'sent') {
  const expected = JSON.parse(readFileSync(file, 'utf8')) as AgentStatus['spool'];
  assert.equal(await takeParts(sayReady), expected.partCount);
} else {
  sayReady();
  const { spool } = await statusWhen(({ captures }) => captures.some(({ state }) => state === 'made'));
  assert.ok(spool.partCount > 0);
  if (stage === 'made') writeFileSync(file, JSON.stringify(spool));
  else assert.deepEqual(spool, JSON.parse(readFileSync(file, 'utf8')));
}
const { spool, captures } = await statusWhen(() => true);
assert.deepEqual([captures.length, captures[0]!.state], [1, 'made']);
const shown = await (await fetch(page)).text();
assert.match(shown, /pass-001/);
const picture = /<img src="([^"]+)"/.exec(shown)![1]!;
const bytes = Buffer.from(await (await fetch(page + picture)).arrayBuffer());
assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
console.log(`${stage}: 1 cube, ${spool.partCount} parts to be sent, picture of ${bytes.length} bytes`);
