import { setTimeout as sleep } from 'node:timers/promises';
import { openHdf5 } from '#adapters/h5wasm/open-hdf5.ts';
import { openMqttPartLink } from '#adapters/mqtt/mqtt-part-link.ts';
import type { MqttOptions } from '#adapters/mqtt/mqtt-session.ts';
import { systemStopwatch } from '#adapters/system/system-stopwatch.ts';
import type { AgentStatus } from '#core/edge/agent-status.ts';
import type { EdgeSettings } from '#core/edge/edge-product.ts';
import { Publisher } from '#core/edge/publisher.ts';
import { CubelakeError, FormatError, TemporaryError } from '#core/errors.ts';
import type { PartLink } from '#core/ports/part-link.ts';
import type { Progress } from '#core/ports/progress.ts';
import type { SpoolEntry } from '#core/ports/spool-index.ts';
import type { Stopwatch } from '#core/ports/stopwatch.ts';
import { pause } from '../pause.ts';
import { openSpoolFolder, type SpoolFolder } from '../spool-folder.ts';
import { CaptureWatcher } from './capture-watcher.ts';
import { FieldAgent } from './field-agent.ts';
import type { CapturePlanner } from './import-capture.ts';
import { type LinkState, statusOfAgent } from './status-of-agent.ts';

export interface AgentOptions {
  readonly capturesPath: string;
  readonly ignoredPaths: readonly string[];
  readonly spoolPath: string;
  readonly spoolBytesMax: number;
  readonly deviceId: string;
  readonly plan: CapturePlanner;
  readonly settings: EdgeSettings;
  readonly quietMs: number;
  /** Between two looks at the folder of captures. */
  readonly pollMs?: number;
  readonly isConsuming: boolean;
  /** Ends when everything that is captured is made and, with a broker, acknowledged. */
  readonly isOnce: boolean;
  /** null: parts stay in the spool. */
  readonly mqtt: MqttOptions | null;
  readonly bytesPerSecondMax: number | null;
  readonly progress: Progress;
  /** Tells people of the agent; null for nobody. */
  readonly page: ((sources: PageSources) => Promise<{ close(): Promise<void> }>) | null;
}

export interface PageSources {
  readonly status: () => AgentStatus;
  /** A PNG; null where there is none any more. */
  readonly quicklook: (granuleKey: string) => Promise<Uint8Array | null>;
}

const pollMsDefault = 500;
/** After a failure of the disk. */
const failureWaitMs = 2000;

/**
 * The program of a field machine: captures become parts, parts reach the broker. Ends when `stop` is aborted; what was not
 * finished is begun again by the next run.
 *
 * @throws ConfigurationError for a spool that another agent uses or that cannot be written; FormatError, with `isOnce`, when a
 *   capture failed; TemporaryError, with `isOnce`, when nothing can go on.
 */
export async function runAgent(options: AgentOptions, stop: AbortSignal): Promise<void> {
  const folder = await openSpoolFolder(options.spoolPath, options.spoolBytesMax);
  try {
    await runOnFolder(options, folder, stop);
  } finally {
    folder.close();
  }
}

async function runOnFolder(options: AgentOptions, folder: SpoolFolder, stop: AbortSignal): Promise<void> {
  const { deviceId, progress } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([stop, ending.signal]);
  const startedMs = Date.now();
  let state: LinkState = { isConnected: false, sinceMs: startedMs, lastError: null };
  const link = openLink(options, (next) => {
    // Each attempt that fails says so; the link is gone since the first.
    state = next.isConnected === state.isConnected ? { ...next, sinceMs: state.sinceMs } : next;
  });
  const publisher = link && publisherOf(options, folder, link, (entry) => agent.repair.note(entry));
  const agent = agentOf(options, folder, publisher, signal);
  const publishing = publisher && keepPublishing(publisher, progress, signal).finally(() => ending.abort());
  // Told below, once everything else has ended.
  publishing?.catch(() => undefined);
  let page: { close(): Promise<void> } | undefined;
  try {
    page = await options.page?.({
      status: () => statusOfAgent({ deviceId, nowMs: Date.now(), startedMs, link: state, folder, agent }),
      quicklook: async (granuleKey) => {
        const entry = folder.spool.quicklookOf(granuleKey);
        return entry && folder.spool.read(entry);
      },
    });
    await work(agent, publisher, options, folder, signal);
  } finally {
    ending.abort();
    await publishing?.catch(() => undefined);
    await link?.close();
    await page?.close();
  }
  await publishing;
}

function agentOf(
  options: AgentOptions,
  folder: SpoolFolder,
  publisher: Publisher | null,
  stop: AbortSignal,
): FieldAgent {
  const watcher = new CaptureWatcher({
    folder: options.capturesPath,
    quietMs: options.quietMs,
    ignoredPaths: options.ignoredPaths,
    elapsedMs: () => systemStopwatch.elapsedMs(),
  });
  return new FieldAgent({
    folder,
    watcher,
    plan: options.plan,
    making: { openHdf5, deviceId: options.deviceId, settings: options.settings },
    isConsuming: options.isConsuming,
    progress: options.progress,
    yieldTurn: () => sleep(0),
    stop,
    onReleased: () => publisher?.wake(),
    onRepaired: (contentIds) => publisher?.retry(contentIds),
  });
}

/** What sleeps by it does not keep a program from ending; the link and the agent keep it alive while there is work. */
const backgroundStopwatch: Stopwatch = {
  elapsedMs: () => systemStopwatch.elapsedMs(),
  sleepMs: (durationMs) => sleep(durationMs, undefined, { ref: false }),
};

/** The publisher listens to the link as well. */
function openLink({ mqtt, deviceId }: AgentOptions, onState: (state: LinkState) => void): PartLink | null {
  if (mqtt === null) return null;
  const link = openMqttPartLink({ ...mqtt, deviceId });
  return {
    isConnected: () => link.isConnected(),
    publish: (message) => link.publish(message),
    onReceipt: (listener) => link.onReceipt(listener),
    onChange: (listener) =>
      link.onChange((isConnected, lastError) => {
        onState({ isConnected, sinceMs: Date.now(), lastError });
        listener(isConnected, lastError);
      }),
    close: () => link.close(),
  };
}

function publisherOf(
  { deviceId, bytesPerSecondMax, progress }: AgentOptions,
  { spool }: SpoolFolder,
  link: PartLink,
  onDamaged: (entry: SpoolEntry) => void,
): Publisher {
  const stopwatch = backgroundStopwatch;
  return new Publisher({ spool, link, deviceId, stopwatch, bytesPerSecondMax, progress, onDamaged });
}

/** A disk that fails for a while stops nothing for good. */
async function keepPublishing(publisher: Publisher, progress: Progress, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await publisher.run(signal);
    } catch (error) {
      if (!(error instanceof CubelakeError) || error.disposition !== 'retry') throw error;
      progress.report('Agent:Publish:Waiting', { reason: error.message });
      await pause(failureWaitMs, signal);
    }
  }
}

async function work(
  agent: FieldAgent,
  publisher: Publisher | null,
  options: AgentOptions,
  { spool }: SpoolFolder,
  signal: AbortSignal,
): Promise<void> {
  const { isOnce, mqtt } = options;
  while (!signal.aborted) {
    if (await agent.step()) continue;
    const { partCount } = spool.totals();
    if (isOnce && agent.isDone() && (mqtt === null || partCount === 0)) return requireSuccess(agent);
    if (isOnce && agent.isDone() && publisher !== null && publisher.stuckCount >= partCount) {
      throw new FormatError(
        `Expected every part to be sent, got ${partCount} that cannot be. Their reasons stand above.`,
        { partCount },
      );
    }
    if (isOnce && mqtt === null && agent.waitsFor !== null) {
      throw new TemporaryError(`Expected to go on without a broker, got a reason to wait: ${agent.waitsFor}`);
    }
    await pause(agent.waitsFor === null ? (options.pollMs ?? pollMsDefault) : failureWaitMs, signal);
  }
}

function requireSuccess({ failedCount }: FieldAgent): void {
  if (failedCount === 0) return;
  throw new FormatError(
    `Expected every capture to be made, got ${failedCount} that failed. Their reasons stand above.`,
  );
}
