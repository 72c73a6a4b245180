import { resolve } from 'node:path';
import { environment } from '#schemas/environment.ts';
import { type CommandCall, textOption } from './command.ts';

/** Folder of the lake: --lake, else the environment, else ./lake. */
export function lakeFolder(call: CommandCall): string {
  return resolve(textOption(call, 'lake') ?? process.env[environment.lake] ?? 'lake');
}
