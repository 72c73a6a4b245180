// From the field to silver: node edge-chain.ts FOLDER SPOOL KILLS SEED
//
// SPOOL lies on a disk of 8 MiB. Captures appear one after the other; an agent, two bridges and a sink work on them while
// this program kills all four, restarts both brokers, cuts and slows the link, fills the disk and turns over bits of what lies
// on it. FOLDER/chain.json then says where check_chain.py finds what should be in silver, as an agent that nobody disturbed has made it, and the lake.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededNumbers } from '../burst/processes.ts';
import { BadLink } from './bad-link.ts';
import { Broker } from './broker.ts';
import { cubeName, writeCapture, writeReferences } from './field-cubes.ts';
import { exitOf, Supervised, startCommand } from './supervised.ts';

const [folder, spool, killsText, seedText] = process.argv.slice(2) as [string, string, string, string];
const killCount = Number(killsText);
const nextNumber = seededNumbers(Number(seedText));
const startMs = Date.now();
const say = (text: string): void => console.log(`${Math.round((Date.now() - startMs) / 1000)} s: ${text}`);
const sleep = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

const cubeCount = 12;
const limitMs = 8 * 60_000;
const captures = join(folder, 'captures');
const lake = join(folder, 'lake');
for (const path of [captures, lake, join(folder, 'references')]) mkdirSync(path, { recursive: true });
const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compile-cache') };
const command = (name: string, parameters: readonly string[]) => () =>
  startCommand(parameters, join(folder, `${name}.log`), env);

const field = ['--device', 'tractor-1', '--farm', 'farm-a', '--region', 'eu', '--quiet-s', '1', '--cell-size', '1'];
const product = [...field, '--part-kib', '64', ...writeReferences(join(folder, 'references'))];

const kafka = new Broker('kafka', join(folder, 'kafka'));
const mosquitto = new Broker('mosquitto', join(folder, 'mosquitto'));
const kafkaAddress = await kafka.start();
const mqttUri = await mosquitto.start();
const link = new BadLink(mqttUri.slice('mqtt://'.length));
const linkUri = `mqtt://127.0.0.1:${await link.listen()}`;

const agentCommand = ['edge', 'run', captures, '--spool', spool, '--broker', linkUri, ...product];
const agent = new Supervised(command('agent', agentCommand));
const bridges = ['bridge-1', 'bridge-2'].map(
  (name) =>
    new Supervised(command(name, ['edge', 'bridge', '--name', name, '--broker', mqttUri, '--kafka', kafkaAddress])),
);
const sinkCommand = ['edge', 'sink', '--lake', lake, '--kafka', kafkaAddress];
const sink = new Supervised(command('sink', [...sinkCommand, '--interval-s', '1']));
const processes = [agent, ...bridges, sink];
const damaged = new Set<string>();
const killed = (): number => processes.reduce((sum, { killCount: count }) => sum + count, 0);

try {
  for (let storm = 0; killed() < killCount || storm < cubeCount - 1; storm++) {
    if (storm < cubeCount - 1) writeCapture(captures, storm);
    await trouble(storm);
    await killAround();
    if (storm % 3 === 1) damagePayloads();
    link.mend(storm % 4 === 3 ? 150_000 : undefined);
    await sleep(2000 + 1500 * nextNumber());
    if (Date.now() - startMs > limitMs) throw new Error(`Expected ${killCount} kills in time, got ${killed()}`);
  }
  say(`${killed()} processes killed; now everything is left alone`);
  await damageLastCapture();
  const last = startCommand([...agentCommand, '--once'], join(folder, 'agent.log'), env);
  assert.equal(await exitOf(last), 0, 'the agent makes and sends what is left');
  say('every part has its receipt');
  assert.equal(await sink.stop(), 0, 'the sink ends when it is asked to');
  const rest = startCommand([...sinkCommand, '--until-idle-s', '3'], join(folder, 'sink.log'), env);
  assert.equal(await exitOf(rest), 0, 'the sink takes what is left');
  for (const bridge of bridges) assert.equal(await bridge.stop(), 0, 'a bridge ends when it is asked to');
  for (const { exitCodes } of processes) {
    assert.ok(!exitCodes.includes(70), `a bug ended a process: see the logs in ${folder}`);
  }
  const calmSpool = join(folder, 'calm-spool');
  const calm = startCommand(
    ['edge', 'run', captures, '--spool', calmSpool, '--once', ...product],
    join(folder, 'calm.log'),
    env,
  );
  assert.equal(await exitOf(calm), 0, 'an agent that nobody disturbs');
  const expected = join(calmSpool, 'payloads');
  writeFileSync(join(folder, 'chain.json'), JSON.stringify({ expected, lake, kafka: kafkaAddress, cubeCount }));
  const agentLog = readFileSync(join(folder, 'agent.log'), 'utf8');
  const repaired = agentLog.match(/Part:Repair:Done/g)?.length ?? 0;
  assert.ok(damaged.size > 0 && repaired > 0, `payloads were damaged and mended, got ${damaged.size} and ${repaired}`);
  assert.ok(!agentLog.includes('Part:Repair:Failed'), 'what the disk has damaged is made again from its raw cube');
  say(`${damaged.size} payloads damaged on the disk, ${repaired} repairs`);
  const counts = processes.map(({ killCount: count }) => count).join(' + ');
  say(
    `killed: agent, two bridges, sink ${counts}; Kafka ${kafka.killCount}, Mosquitto ${mosquitto.killCount} times restarted`,
  );
} finally {
  link.close();
  for (const each of processes) void each.stop();
  kafka.stop();
  mosquitto.stop();
}

/** Beside the kills: a broker dies, the link is cut, or the disk is full. */
async function trouble(storm: number): Promise<void> {
  if (storm % 6 === 2) await kafka.restart();
  if (storm % 6 === 5) await mosquitto.restart();
  if (storm % 3 === 1) link.cut();
  if (storm % 5 !== 3) return;
  const filler = join(spool, 'filler');
  try {
    writeFileSync(filler, Buffer.alloc(8 << 20));
  } catch {
    // As much as there was room for: the disk is full now.
  }
  await sleep(2000);
  rmSync(filler, { force: true });
}

/** The last capture: its parts wait behind the cut link, and all of them are damaged before the next agent reads them. */
async function damageLastCapture(): Promise<void> {
  link.cut();
  const name = cubeName(cubeCount - 1);
  writeCapture(captures, cubeCount - 1);
  const isMade = new RegExp(`Granule:Make:Done.*${name}`);
  while (!isMade.test(readFileSync(join(folder, 'agent.log'), 'utf8'))) {
    if (Date.now() - startMs > limitMs) throw new Error(`Expected parts of ${name} in time, got none`);
    await sleep(200);
  }
  assert.equal(await agent.stop(), 0, 'the agent ends when it is asked to');
  const damagedBefore = damaged.size;
  damagePayloads();
  assert.ok(damaged.size > damagedBefore, 'payloads of the last capture wait in the spool');
  link.mend();
}

/** One bit of each payload that waits in the spool, once: nothing leaves it while the link is cut. */
function damagePayloads(): void {
  const payloads = join(spool, 'payloads');
  const names = readdirSync(payloads, { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((each) => /[0-9a-f]{64}$/.test(each) && !damaged.has(each))) {
    const path = join(payloads, name);
    try {
      const bytes = readFileSync(path);
      const at = Math.floor(nextNumber() * bytes.length);
      bytes[at]! ^= 1 << Math.floor(8 * nextNumber());
      writeFileSync(path, bytes, { flag: 'r+' });
      damaged.add(name);
    } catch {
      // It went away meanwhile.
    }
  }
}

/** Some kills more than a dozen, some in the first moments of a process and some in the midst of its work. */
async function killAround(): Promise<void> {
  for (let count = 0; count < 17 && killed() < killCount; count++) {
    await sleep(80 + 300 * nextNumber());
    processes[Math.floor(nextNumber() * processes.length)]!.kill();
  }
}
