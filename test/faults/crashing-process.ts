import type { FlowWorld } from '../flow/flow-world.ts';

/** The process is gone: nothing that it still wants to do happens. */
export class ProcessDied extends Error {}

/** Where a process dies: around its n-th call of a port, before the call had an effect or after it had. */
export interface CrashPoint {
  readonly callNumber: number;
  readonly moment: 'before' | 'after';
}

export interface CrashingProcess {
  readonly context: FlowWorld['context'];
  /** `store.method`, in order. */
  readonly calls: readonly string[];
}

/**
 * The world as one process sees it. From its crash point on every further call fails as well, so that no clean-up code
 * of the dying process can help it.
 *
 * @param pause Awaited before every call: lets a test interleave processes.
 */
export function crashingProcess(
  world: FlowWorld,
  crash: CrashPoint | null,
  pause: () => Promise<void> = async () => {},
): CrashingProcess {
  const calls: string[] = [];
  let isDead = false;
  const around = async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    await pause();
    if (isDead) throw new ProcessDied(name);
    calls.push(name);
    const isHere = crash !== null && calls.length === crash.callNumber;
    if (isHere) isDead = true;
    if (isHere && crash.moment === 'before') throw new ProcessDied(name);
    const result = await work();
    if (isDead) throw new ProcessDied(name);
    return result;
  };
  const guard = <Port extends object>(portName: string, port: Port): Port =>
    new Proxy(port, {
      get(target, property) {
        const value = Reflect.get(target, property) as unknown;
        if (typeof value !== 'function') return value;
        const name = `${portName}.${String(property)}`;
        const call = value.bind(target) as (...args: unknown[]) => unknown;
        if (property === 'list') return (prefix: string) => guardedList(name, call(prefix) as AsyncIterable<unknown>);
        return (...args: unknown[]) => around(name, async () => call(...args));
      },
    });
  async function* guardedList(name: string, listing: AsyncIterable<unknown>): AsyncIterable<unknown> {
    yield* await around(name, () => Array.fromAsync(listing));
  }
  const { context } = world;
  const { publish, liveFiles, afterCommit } = guard('tables', {
    publish: context.publish,
    liveFiles: context.liveFiles,
    afterCommit: context.afterCommit,
  });
  const guarded = {
    ...context,
    raw: guard('raw', context.raw),
    warehouse: guard('warehouse', context.warehouse),
    events: guard('events', context.events),
    jobEvents: guard('jobEvents', context.jobEvents),
    publish,
    liveFiles,
    afterCommit,
  };
  const runner = guard('runner', context.runner);
  return {
    calls,
    context: { ...guarded, runner: { ...context.runner, ...runnerOf(runner), drain: drainOf(guarded) } },
  };

  function runnerOf(port: FlowWorld['context']['runner']) {
    return { submit: port.submit, describe: port.describe };
  }

  /** The jobs of a dying process see its stores, so that they die with it. */
  function drainOf(seen: typeof guarded): FlowWorld['context']['runner']['drain'] {
    return () => context.runner.drain(seen);
  }
}
