import { ConfigurationError } from '#core/errors.ts';
import type { Command } from '../command.ts';

/** Each command is loaded when it is called: none pays for the libraries of another. */
const loaders: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  demo: () => import('./demo.ts'),
  simulate: () => import('./simulate.ts'),
  ingest: () => import('./ingest.ts'),
  calibrate: () => import('./calibrate.ts'),
  inspect: () => import('./inspect.ts'),
  sql: () => import('./sql.ts'),
  snapshots: () => import('./snapshots.ts'),
  rollback: () => import('./rollback.ts'),
  tag: () => import('./tag.ts'),
  untag: () => import('./untag.ts'),
  status: () => import('./status.ts'),
  redrive: () => import('./redrive.ts'),
  replay: () => import('./replay.ts'),
  restore: () => import('./restore.ts'),
  reprocess: () => import('./reprocess.ts'),
  recommend: () => import('./recommend.ts'),
  maintain: () => import('./maintain.ts'),
  plan: () => import('./plan.ts'),
  'catalog serve': () => import('./catalog-serve.ts'),
  'edge preview': () => import('./edge-preview.ts'),
  'edge run': () => import('./edge-run.ts'),
  'edge bridge': () => import('./edge-bridge.ts'),
  'edge backhaul': () => import('./edge-backhaul.ts'),
  'edge sink': () => import('./edge-sink.ts'),
  'edge columns': () => import('./edge-columns.ts'),
  'edge fields': () => import('./edge-fields.ts'),
};

export const commandNames: readonly string[] = Object.keys(loaders);

/** @throws ConfigurationError for an unknown name, with the nearest known ones. */
export async function loadCommand(
  name: string,
  argv: readonly string[],
): Promise<{ readonly command: Command; readonly argv: readonly string[] }> {
  const two = `${name} ${argv[0] ?? ''}`;
  if (Object.hasOwn(loaders, two)) return { ...(await loaders[two]!()), argv: argv.slice(1) };
  if (Object.hasOwn(loaders, name)) return { ...(await loaders[name]!()), argv };
  const near = commandNames.filter((known) => known.startsWith(name.slice(0, 2)));
  const hint = near.length === 0 ? 'Run "cubelake --help".' : `Did you mean ${near.join(' or ')}?`;
  throw new ConfigurationError(`Expected a command, got "${name}". ${hint}`, { command: name });
}
