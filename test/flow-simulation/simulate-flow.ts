import { RandomStream } from '#core/simulation/random-stream.ts';
import { textKey } from '../flow/text-payload.ts';
import { checkEnd, checkTags } from './flow-invariants.ts';
import { SimulatedRegion } from './simulated-region.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export interface FlowSimulationReport {
  readonly granuleCount: number;
  readonly completeCount: number;
  readonly failedCount: number;
  readonly killCount: number;
  readonly reclaimCount: number;
  readonly lostCount: number;
  readonly snapshotCount: number;
}

/** One thing that somebody does to the raw bucket, at a time of the first hours. */
interface Deed {
  readonly atMs: number;
  readonly perform: (region: SimulatedRegion) => Promise<void>;
}

/** A few hours with faults, then healing until all is at rest. @throws Error that names the invariant that broke. */
export async function simulateFlow(seed: number): Promise<FlowSimulationReport> {
  const region = new SimulatedRegion(seed);
  const { world } = region;
  const random = new RandomStream(seed, 'deeds');
  const troubledMs = hourMs + random.index(4) * hourMs;
  const history = new History();
  const deeds = deedsOf(random, troubledMs, history);
  const startMs = world.nowMs;
  const schedule = new Schedule(region);
  while (world.nowMs < startMs + troubledMs) {
    world.nowMs += Math.round(random.between(0.2, 12) * minuteMs);
    const due = deeds.filter(({ atMs }) => startMs + atMs <= world.nowMs);
    deeds.splice(0, deeds.length, ...deeds.filter((deed) => !due.includes(deed)));
    await tick(region, schedule, due);
    await checkTags(region);
  }
  region.heal();
  const healedMs = world.nowMs;
  let isRedriven = false;
  for (;;) {
    world.nowMs += Math.round(random.between(30, 240) * minuteMs);
    await tick(region, schedule, deeds.splice(0));
    if (!isRedriven && world.nowMs - healedMs > 30 * hourMs) {
      isRedriven = true;
      await world.drive(region.redrive());
    }
    await checkTags(region);
    // The day after which a granule counts as incomplete has passed, and two reconciliations.
    if (world.nowMs - healedMs > 75 * hourMs && isAtRest(region)) break;
    if (world.nowMs - healedMs > 30 * 24 * hourMs) throw new Error('the flow does not come to rest in a month');
  }
  const { completeCount, failedCount, snapshotCount } = await checkEnd(region, history);
  const { killCount, lostCount } = region;
  const { reclaimCount } = region.batch;
  return {
    granuleCount: history.names.size,
    completeCount,
    failedCount,
    killCount,
    reclaimCount,
    lostCount,
    snapshotCount,
  };
}

/** Every text that was ever put under a name. */
export class History {
  readonly names = new Set<string>();
  readonly texts = new Map<string, string[]>();

  add(name: string, text: string): void {
    this.names.add(name);
    this.texts.set(name, [...(this.texts.get(name) ?? []), text]);
  }
}

function isAtRest({ events, jobEvents, batch, scheduledCount }: SimulatedRegion): boolean {
  return events.liveCount + jobEvents.liveCount + batch.runningCount + scheduledCount === 0;
}

/** What the schedules of the deployment start: packing each minute, flushing each quarter of an hour, reconciling each day. */
class Schedule {
  readonly #region: SimulatedRegion;
  #flushedMs = 0;
  #reconciledMs: number;

  constructor(region: SimulatedRegion) {
    this.#region = region;
    this.#reconciledMs = region.world.nowMs;
  }

  due(): Promise<void>[] {
    const region = this.#region;
    const { nowMs } = region.world;
    const calls = [region.pack('full')];
    if (nowMs - this.#flushedMs >= 15 * minuteMs) {
      this.#flushedMs = nowMs;
      calls.push(region.pack('flush'));
      // EventBridge calls at least once.
      if (region.world.random.uniform() < 0.3) calls.push(region.pack('flush'));
    }
    if (nowMs - this.#reconciledMs >= 24 * hourMs) {
      this.#reconciledMs = nowMs;
      calls.push(region.reconcile());
    }
    return calls;
  }
}

/** Everything that happens in the same minutes, call by call in an order that the seed draws. */
async function tick(region: SimulatedRegion, schedule: Schedule, due: readonly Deed[]): Promise<void> {
  const { world } = region;
  const consume = async (take: () => Promise<boolean>): Promise<void> => {
    while (await take());
  };
  const work = async (): Promise<void> => {
    await region.deliverDue();
    const consumers = Array.from({ length: 1 + world.random.index(2) }, () => consume(() => region.takeObjects()));
    const settler = consume(() => region.settleOne());
    const jobs = region.batch.runSome(1 + world.random.index(6));
    const people = due.map(({ perform }) => perform(region));
    await Promise.all([...consumers, settler, jobs, ...people, ...schedule.due()]);
  };
  await world.drive(work());
}

function deedsOf(random: RandomStream, spanMs: number, history: History): Deed[] {
  const deeds: Deed[] = [];
  const at = (fromMs = 0): number => random.between(fromMs, spanMs);
  const put = (name: string, extension: 'txt' | 'sum', text: string, atMs: number): void => {
    if (extension === 'txt') history.add(name, text);
    deeds.push({ atMs, perform: (region) => region.upload(textKey(name, extension), text) });
  };
  const count = 2 + random.index(6);
  for (let number = 0; number < count; number++) {
    const name = `g${number}`;
    const text = textOf(random, name, 1);
    const firstMs = at();
    const isIncomplete = random.uniform() < 0.1;
    put(name, 'txt', text, firstMs);
    if (!isIncomplete) put(name, 'sum', `${text.length}`, random.uniform() < 0.7 ? firstMs : at());
    // Something else happens to one in two: a correction, the same bytes again, a deletion.
    const more = random.uniform();
    if (more < 0.15) put(name, 'txt', textOf(random, name, 2), at(firstMs));
    else if (more < 0.3)
      put(name, 'txt', textOf(random, name, 2), Math.min(spanMs, firstMs + random.between(1, 40) * minuteMs));
    else if (more < 0.42) put(name, 'txt', text, at(firstMs));
    else if (more < 0.47) {
      deeds.push({
        atMs: at(firstMs),
        perform: async ({ raw, world }) => {
          await world.turn();
          await raw.delete(textKey(name, 'txt'));
        },
      });
    }
  }
  for (let stray = random.index(3); stray > 0; stray--)
    deeds.push({ atMs: at(), perform: (region) => region.sendStray() });
  return deeds;
}

function textOf(random: RandomStream, name: string, version: number): string {
  const kind = random.uniform();
  const flaw = kind < 0.12 ? ' poison' : kind < 0.17 ? ' flaky' : '';
  return Array.from({ length: 1 + random.index(3) }, (_, line) => `${name} v${version} line ${line}${flaw}`).join('\n');
}
