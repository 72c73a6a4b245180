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

/** As a bridge does, without what comes after it. */
async function takeParts(): Promise<void> {
  const client = await connectAsync('mqtt://127.0.0.1:1883', { protocolVersion: 5 });
  client.on('message', (_, payload, packet) => {
    const { id, source } = packet.properties!.userProperties as { id: string; source: string };
    assert.equal(createHash('sha256').update(payload).digest('hex'), id);
    client.publish(receiptsTopicOf(source), JSON.stringify({ id, outcome: 'stored', reason: null }), { qos: 1 });
  });
  await client.subscribeAsync('cubelake/parts/+', { qos: 1 });
  await statusWhen(({ spool }) => spool.partCount === 0);
  await client.endAsync();
}

if (stage === 'made') {
  const { spool } = await statusWhen(({ captures }) => captures.some(({ state }) => state === 'made'));
  assert.ok(spool.partCount > 0);
  writeFileSync(file, JSON.stringify(spool));
}
const expected = JSON.parse(readFileSync(file, 'utf8')) as AgentStatus['spool'];
const { spool, captures } = await statusWhen(() => true);
assert.deepEqual([spool, captures.length, captures[0]!.state], [expected, 1, 'made']);
const shown = await (await fetch(page)).text();
assert.match(shown, /pass-001/);
const picture = /<img src="([^"]+)"/.exec(shown)![1]!;
const bytes = Buffer.from(await (await fetch(page + picture)).arrayBuffer());
assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
if (stage === 'sent') await takeParts();
console.log(`${stage}: 1 cube, ${spool.partCount} parts of ${spool.sizeBytes} bytes, picture of ${bytes.length} bytes`);
