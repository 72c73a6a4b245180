import { ConfigurationError } from '#core/errors.ts';
import type { CommandCall } from './command.ts';

/** The single CUBE argument of a command. @throws ConfigurationError */
export function oneCube(call: CommandCall, command: string): string {
  const [path, ...extra] = call.positionals;
  if (path !== undefined && extra.length === 0) return path;
  throw new ConfigurationError(`Expected one cube, got ${call.positionals.length}. Run "cubelake ${command} --help".`);
}
