// A field machine for tests: its folders, and runs of its agent.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { defaultEdgeSettings } from '#core/edge/edge-product.ts';
import { type AgentOptions, runAgent } from '#edge-k3s/agent/run-agent.ts';
import { openSpoolFolder } from '#edge-k3s/spool-folder.ts';
import { parseCall } from '../../../cli/command.ts';
import { command } from '../../../cli/commands/edge-run.ts';
import { capturePlanner } from '../../../cli/edge/capture-planner.ts';
import { temporaryFolder, writeReferences } from './field.ts';

/** What the agents of tests make. */
export const settings = { ...defaultEdgeSettings, cellSize: 2 };

interface Event {
  readonly event: string;
  readonly [field: string]: string | number | null;
}

/** A field machine's folders, and runs of its agent until everything captured is made. */
export function machine(more: readonly string[] = []) {
  const folder = temporaryFolder();
  const captures = join(folder, 'captures');
  const spoolPath = join(folder, 'spool');
  mkdirSync(captures);
  const { dark, white } = writeReferences(folder);
  const argv = ['--device', 'd', '--farm', 'farm-a', '--dark', dark, '--white', white, '--panel', '0.5', ...more];
  const events: Event[] = [];
  const options = (changes: Partial<AgentOptions> = {}): AgentOptions => ({
    capturesPath: captures,
    ignoredPaths: [],
    spoolPath,
    spoolBytesMax: 1e8,
    deviceId: 'd',
    plan: capturePlanner(parseCall(command, argv), 'edge run'),
    settings,
    quietMs: 0,
    pollMs: 1,
    isConsuming: false,
    isOnce: true,
    mqtt: null,
    bytesPerSecondMax: null,
    progress: { report: (event, fields) => void events.push({ event, ...fields }) },
    page: null,
    ...changes,
  });
  const run = (changes: Partial<AgentOptions> = {}, stop = new AbortController().signal): Promise<void> =>
    runAgent(options(changes), stop);
  const of = (event: string): Event[] => events.filter((each) => each.event === event);
  const look = async <Found>(find: (opened: Awaited<ReturnType<typeof openSpoolFolder>>) => Found): Promise<Found> => {
    const opened = await openSpoolFolder(spoolPath, 1e8);
    try {
      return find(opened);
    } finally {
      opened.close();
    }
  };
  return { folder, captures, spoolPath, events, run, of, look, dark, white };
}

export const keyOf = (name: string): string => `raw_cubes/local/farm-a/2026/07/01/${name}`;
