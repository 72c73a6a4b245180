import type { Granule } from '#schemas/manifest.ts';
import { ledgerParallelCount, manifestGranuleCountMin, manifestSendMsMax } from '../limits.ts';
import { type GranuleRequest, packManifests } from '../pipeline/pack-manifest.ts';
import { RandomStream } from '../simulation/random-stream.ts';
import { type Burst, type BurstReport, spreadOf } from './burst.ts';
import { deployed } from './deployed.ts';
import { EventHeap } from './event-heap.ts';
import { flowRequests, partCountPerCube, type RequestCounts, sizedRequests, uploadRequests } from './flow-requests.ts';
import { jobVcpus } from './job-costs.ts';
import { assumedWork } from './measured-work.ts';
import { MinuteRates } from './minute-rates.ts';
import { settleSeconds } from './service-costs.ts';

type Event =
  | { readonly kind: 'captured' | 'uploaded'; readonly cube: number }
  | { readonly kind: 'pack'; readonly isFlush: boolean }
  | { readonly kind: 'job ended'; readonly cube: number; readonly isInterrupted: boolean; readonly epoch: number }
  | { readonly kind: 'settled'; readonly manifest: number; readonly epoch: number }
  | { readonly kind: 'outage begins' | 'outage ends' };

interface ManifestRun {
  readonly cubes: readonly number[];
  openCount: number;
}

/** A call of the batcher: five minutes of Lambda, less what it keeps for the manifest that it has begun. */
const callSeconds = 300 - manifestSendMsMax / 1000;
/** To look at a granule of the ledger, claim it and remove its requests: about so many requests, eight at a time. */
const sendSecondsPerGranule = (10 * assumedWork.requestSeconds) / ledgerParallelCount;

/**
 * One burst in virtual time: nodes capture and upload over their links, the ledger fills, manifests are packed by the
 * flow's own rules each minute and each flush, AWS Batch runs jobs on as many hosts as it may, and one settler commits
 * manifests one after another. The same burst gives the same report.
 */
export function simulateBurst(burst: Burst): BurstReport {
  return new BurstRun(burst).run();
}

class BurstRun {
  readonly #burst: Burst;
  readonly #random: RandomStream;
  readonly #events = new EventHeap<Event>();
  readonly #rates = new MinuteRates();
  readonly #sized: RequestCounts;
  readonly #nodeFreeAt: Float64Array;
  readonly #capturedAt: Float64Array;
  readonly #uploadedAt: Float64Array;
  readonly #submittedAt: Float64Array;
  readonly #committedAt: Float64Array;
  readonly #manifestOf: Int32Array;
  readonly #manifests: ManifestRun[] = [];
  /** Cubes in the ledger, cubes whose jobs wait for a host, manifests that wait for the settler. */
  #pending: number[] = [];
  #waiting: number[] = [];
  #waitingFrom = 0;
  readonly #toSettle: number[] = [];
  #settledCount = 0;
  #settling: number | null = null;
  readonly #running = new Set<number>();
  #warmSlots = 0;
  #committedCount = 0;
  #uploadedCount = 0;
  /** Counts outages: what was under way before one never ends. */
  #epoch = 0;
  #isDown = false;
  #now = 0;
  readonly #seen = {
    jobsAtOnceMax: 0,
    interruptionCount: 0,
    settlerBusySeconds: 0,
    settlerQueueMax: 0,
    backlogMax: 0,
  };

  constructor(burst: Burst) {
    this.#burst = burst;
    this.#random = new RandomStream(burst.seed, 'burst');
    this.#nodeFreeAt = new Float64Array(burst.nodeCount);
    this.#capturedAt = new Float64Array(burst.cubeCount);
    this.#uploadedAt = new Float64Array(burst.cubeCount);
    this.#sized = sizedRequests(burst.cubeGb * 1e9);
    this.#submittedAt = new Float64Array(burst.cubeCount);
    this.#committedAt = new Float64Array(burst.cubeCount);
    this.#manifestOf = new Int32Array(burst.cubeCount).fill(-1);
  }

  run(): BurstReport {
    const { cubeCount, captureHours, outageHours, outageStartHour } = this.#burst;
    for (let cube = 0; cube < cubeCount; cube++) {
      const share = (cube + this.#random.uniform()) / cubeCount;
      this.#events.push(share * captureHours * 3600, { kind: 'captured', cube });
    }
    this.#events.push(60, { kind: 'pack', isFlush: false });
    if (outageHours > 0) {
      this.#events.push(outageStartHour * 3600, { kind: 'outage begins' });
      this.#events.push((outageStartHour + outageHours) * 3600, { kind: 'outage ends' });
    }
    while (this.#committedCount < cubeCount) {
      const next = this.#events.pop()!;
      this.#now = next.seconds;
      this.#handle(next.event);
      this.#seen.backlogMax = Math.max(this.#seen.backlogMax, this.#uploadedCount - this.#committedCount);
    }
    return this.#report();
  }

  #handle(event: Event): void {
    if (event.kind === 'captured') this.#upload(event.cube);
    else if (event.kind === 'uploaded') this.#arrive(event.cube);
    else if (event.kind === 'pack') this.#pack(event.isFlush);
    else if (event.kind === 'job ended') this.#endJob(event);
    else if (event.kind === 'settled') this.#commit(event);
    else if (event.kind === 'outage begins') this.#goDown();
    else this.#comeUp();
  }

  /** A node sends its cubes one after another. In an outage it waits, and begins a broken upload anew. */
  #upload(cube: number): void {
    const { nodeCount, cubeGb, linkMbitPerS, outageHours, outageStartHour } = this.#burst;
    const node = cube % nodeCount;
    this.#capturedAt[cube] = this.#now;
    const seconds = ((cubeGb * 8000) / linkMbitPerS) * this.#random.between(1, 1.3);
    let start = Math.max(this.#now, this.#nodeFreeAt[node]!);
    const outage = { start: outageStartHour * 3600, end: (outageStartHour + outageHours) * 3600 };
    if (outageHours > 0 && start < outage.end && start + seconds > outage.start) start = outage.end;
    const end = start + seconds;
    this.#nodeFreeAt[node] = end;
    this.#rates.add(`raw put ${this.#farmOf(cube)}`, start, end, uploadRequests(cubeGb * 1e9));
    this.#events.push(end, { kind: 'uploaded', cube });
  }

  #arrive(cube: number): void {
    this.#uploadedAt[cube] = this.#now;
    this.#uploadedCount++;
    this.#rates.add('messages', this.#now, this.#now, partCountPerCube);
    this.#rates.add('control put', this.#now, this.#now, partCountPerCube);
    this.#pending.push(cube);
  }

  /** The flow's own packing; as many granules as the time of a call allows. */
  #pack(isFlush: boolean): void {
    const minute = Math.round(this.#now / 60) + 1;
    this.#events.push(minute * 60, { kind: 'pack', isFlush: minute % deployed.flushMinutes === 0 });
    const isWorth = this.#pending.length >= (isFlush ? 1 : manifestGranuleCountMin);
    if (this.#isDown || !isWorth) return;
    const granuleCountMax = Math.floor(Math.min(60, callSeconds) / sendSecondsPerGranule);
    const requests = this.#pending.slice(0, granuleCountMax).map(requestOf);
    const sent = new Set<number>();
    for (const { granules } of packManifests(requests, isFlush ? 'flush' : 'full')) {
      const cubes = granules.map(({ granule_key }) => Number(granule_key));
      for (const cube of cubes) this.#submit(cube, sent);
      this.#manifests.push({ cubes, openCount: cubes.length });
      this.#rates.add('submits', this.#now, this.#now, 1);
    }
    this.#pending = this.#pending.filter((cube) => !sent.has(cube));
    this.#startJobs();
  }

  #submit(cube: number, sent: Set<number>): void {
    sent.add(cube);
    this.#submittedAt[cube] = this.#now;
    this.#manifestOf[cube] = this.#manifests.length;
    this.#waiting.push(cube);
    this.#rates.add('control put', this.#now, this.#now + sendSecondsPerGranule * ledgerParallelCount, 2);
  }

  #startJobs(): void {
    const slotCount = Math.floor(this.#burst.vcpusMax / jobVcpus);
    while (!this.#isDown && this.#running.size < slotCount && this.#waitingFrom < this.#waiting.length) {
      this.#startJob(this.#waiting[this.#waitingFrom++]!);
    }
    if (this.#waitingFrom > 10_000) {
      this.#waiting = this.#waiting.slice(this.#waitingFrom);
      this.#waitingFrom = 0;
    }
  }

  #startJob(cube: number): void {
    const { cubeGb, vcpuSecondsPerGb, spotInterruptionsPerHour } = this.#burst;
    this.#running.add(cube);
    this.#seen.jobsAtOnceMax = Math.max(this.#seen.jobsAtOnceMax, this.#running.size);
    const isCold = this.#running.size > this.#warmSlots;
    if (isCold) this.#warmSlots = this.#running.size;
    const start = this.#now + (isCold ? assumedWork.hostStartSeconds : 0);
    const work = ((cubeGb * vcpuSecondsPerGb) / jobVcpus) * this.#random.between(0.9, 1.2);
    const seconds = assumedWork.jobStartSeconds + work;
    const isInterrupted = this.#random.uniform() < (spotInterruptionsPerHour * seconds) / 3600;
    const end = start + (isInterrupted ? seconds * this.#random.uniform() : seconds);
    const sized = this.#sized;
    this.#rates.add('warehouse put', start, end, sized.put + flowRequests.perGranule.put);
    this.#rates.add(`farm warehouse put ${this.#farmOf(cube)}`, start, end, sized.put);
    this.#rates.add(`raw get ${this.#farmOf(cube)}`, start, end, sized.get);
    this.#events.push(end, { kind: 'job ended', cube, isInterrupted, epoch: this.#epoch });
  }

  #endJob({ cube, isInterrupted, epoch }: { cube: number; isInterrupted: boolean; epoch: number }): void {
    if (epoch !== this.#epoch) return;
    this.#running.delete(cube);
    if (isInterrupted) {
      this.#seen.interruptionCount++;
      this.#warmSlots = Math.max(0, this.#warmSlots - 1);
      this.#startJob(cube);
      return;
    }
    const position = this.#manifestOf[cube]!;
    const manifest = this.#manifests[position]!;
    manifest.openCount--;
    if (manifest.openCount === 0) {
      this.#rates.add('job ends', this.#now, this.#now, 1);
      this.#toSettle.push(position);
    }
    this.#seen.settlerQueueMax = Math.max(this.#seen.settlerQueueMax, this.#toSettle.length - this.#settledCount);
    this.#startJobs();
    this.#settleNext();
  }

  /** One at a time: the queue is FIFO. */
  #settleNext(): void {
    if (this.#isDown || this.#settling !== null || this.#settledCount === this.#toSettle.length) return;
    const manifest = this.#toSettle[this.#settledCount++]!;
    this.#settling = manifest;
    const granuleCount = this.#manifests[manifest]!.cubes.length;
    const seconds = settleSeconds(granuleCount);
    this.#seen.settlerBusySeconds += seconds;
    this.#events.push(this.#now + seconds, { kind: 'settled', manifest, epoch: this.#epoch });
  }

  #commit({ manifest, epoch }: { manifest: number; epoch: number }): void {
    if (epoch !== this.#epoch) return;
    const { cubes } = this.#manifests[manifest]!;
    for (const cube of cubes) this.#committedAt[cube] = this.#now;
    this.#committedCount += cubes.length;
    this.#settling = null;
    this.#settleNext();
  }

  #goDown(): void {
    this.#isDown = true;
    this.#epoch++;
    this.#waiting = [...this.#running, ...this.#waiting.slice(this.#waitingFrom)];
    this.#waitingFrom = 0;
    this.#running.clear();
    this.#warmSlots = 0;
    if (this.#settling === null) return;
    this.#settledCount--;
    this.#settling = null;
  }

  #comeUp(): void {
    this.#isDown = false;
    this.#startJobs();
    this.#settleNext();
  }

  #farmOf(cube: number): number {
    return (cube % this.#burst.nodeCount) % this.#burst.farmCount;
  }

  /** Until the last cube that was captured before the outage ended is committed. */
  #recoveryHours(): number | null {
    const { outageHours, outageStartHour } = this.#burst;
    if (outageHours === 0) return null;
    const outageEnd = (outageStartHour + outageHours) * 3600;
    const last = this.#committedAt.reduce(
      (latest, at, cube) => (this.#capturedAt[cube]! < outageEnd ? Math.max(latest, at) : latest),
      outageEnd,
    );
    return (last - outageEnd) / 3600;
  }

  #report(): BurstReport {
    const { cubeCount } = this.#burst;
    const since = (from: Float64Array, to: Float64Array): number[] => Array.from(to, (end, cube) => end - from[cube]!);
    const sizes = this.#manifests.map(({ cubes }) => cubes.length);
    const first = this.#uploadedAt.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY);
    const { settlerBusySeconds } = this.#seen;
    const peak = (name: string): number => this.#rates.peakPerSecond(name);
    return {
      cubeCount,
      manifestCount: sizes.length,
      granulesPerManifest: { ...spreadOf(sizes), min: sizes.reduce((least, size) => Math.min(least, size)) },
      waitSeconds: spreadOf(since(this.#uploadedAt, this.#submittedAt)),
      commitSeconds: spreadOf(since(this.#uploadedAt, this.#committedAt)),
      lastUploadHour: this.#uploadedAt.reduce((latest, at) => Math.max(latest, at)) / 3600,
      lastCommitHour: this.#now / 3600,
      jobsAtOnceMax: this.#seen.jobsAtOnceMax,
      interruptionCount: this.#seen.interruptionCount,
      settlerBusyShare: settlerBusySeconds / (this.#now - first),
      settlerQueueMax: this.#seen.settlerQueueMax,
      backlogMax: this.#seen.backlogMax,
      recoveryHours: this.#recoveryHours(),
      peaks: {
        rawPutPerFarm: peak('raw put'),
        rawGetPerFarm: peak('raw get'),
        warehousePut: peak('warehouse put'),
        warehousePutPerFarm: peak('farm warehouse put'),
        controlPut: peak('control put'),
        messages: peak('messages'),
        jobSubmits: peak('submits'),
        jobEnds: peak('job ends'),
      },
    };
  }
}

/** Keys that sort as the cubes arrived; the packing rules look at nothing else. */
function requestOf(cube: number): GranuleRequest {
  const id = String(cube).padStart(9, '0');
  const granule: Granule = {
    payload: 'hyperspectral-cube',
    granule_key: id,
    granule_version_id: id.padStart(32, '0'),
    parts: [],
  };
  return { granule, source: 'raw' };
}
