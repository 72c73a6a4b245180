import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ConfigurationError } from '#core/errors.ts';
import type { Progress } from '#core/ports/progress.ts';

/** One option as `--help` shows it and as `parseArgs` takes it. */
export interface OptionDefinition {
  readonly type: 'string' | 'boolean';
  readonly multiple?: true;
  readonly short?: string;
  /** Placeholder in the help, e.g. `DIR`. */
  readonly value?: string;
  readonly help: string;
}

export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Everything that a command may touch of the terminal. */
export interface CommandIo {
  /** Standard output: answers only. */
  readonly print: (text: string) => void;
  /** Standard error: what is going on. */
  readonly progress: Progress;
  /** Standard output as bytes, for binary answers. */
  readonly printBytes: (bytes: Uint8Array) => void;
  /** Resolves when the user asks to stop (SIGINT, SIGTERM). Until a command calls this, such a signal ends the process. */
  readonly stopped: () => Promise<void>;
}

/** Aborted when the user asks to stop. */
export function stopSignal(io: Pick<CommandIo, 'stopped'>): AbortSignal {
  const ending = new AbortController();
  void io.stopped().then(() => ending.abort());
  return ending.signal;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** After `cubelake NAME`: `CUBE --out DIR`. */
  readonly usage: string;
  readonly details?: string;
  /** How many arguments that are no options it takes; 0 when absent. */
  readonly argumentCountMax?: number;
  readonly options: Readonly<Record<string, OptionDefinition>>;
  readonly run: (call: CommandCall, io: CommandIo) => Promise<void>;
}

export interface CommandCall {
  readonly positionals: readonly string[];
  readonly options: OptionValues;
}

export const lakeOption: OptionDefinition = {
  type: 'string',
  value: 'LAKE',
  help: 'folder of the lake, or s3://bucket/prefix of a deployed one (default $CUBELAKE_LAKE or ./lake)',
};
/** For commands that work beside the files of the lake. */
export const lakeFolderOption: OptionDefinition = {
  type: 'string',
  value: 'DIR',
  help: 'folder of the lake (default $CUBELAKE_LAKE or ./lake)',
};
export const jsonOption: OptionDefinition = { type: 'boolean', help: 'one JSON document on standard output' };

/** @throws ConfigurationError naming the option. */
export function parseCall(command: Command, argv: readonly string[]): CommandCall {
  const config: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' } };
  for (const [name, option] of Object.entries(command.options)) {
    config[name] = {
      type: option.type,
      ...(option.multiple && { multiple: true }),
      ...(option.short && { short: option.short }),
    };
  }
  try {
    const args = joinNegativeNumbers(command, argv);
    const { positionals, values } = parseArgs({ args, options: config, allowPositionals: true });
    requireArgumentCount(command, positionals, values as OptionValues);
    return { positionals, options: values as OptionValues };
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    const reason = parseFailure(cause instanceof Error ? cause.message : String(cause));
    throw new ConfigurationError(`${reason}. Run "cubelake ${command.name} --help".`, { command: command.name }, cause);
  }
}

function requireArgumentCount(command: Command, positionals: readonly string[], options: OptionValues): void {
  const extra = positionals[command.argumentCountMax ?? 0];
  if (extra === undefined || options['help'] === true) return;
  throw new ConfigurationError(`Expected no further argument, got "${extra}". Run "cubelake ${command.name} --help".`, {
    command: command.name,
  });
}

function parseFailure(message: string): string {
  const lacking = /^Option '(?:-\w, )?(--[\w-]+)[^']*' argument (?:is ambiguous|missing)/.exec(message);
  return lacking === null ? message.split('.')[0]! : `Expected a value after ${lacking[1]}`;
}

/** `--fill-value -9999` as `--fill-value=-9999`: parseArgs takes what begins with a dash for an option. */
function joinNegativeNumbers(command: Command, argv: readonly string[]): string[] {
  const args: string[] = [];
  for (const text of argv) {
    const before = args.at(-1);
    const takesValue = before?.startsWith('--') === true && command.options[before.slice(2)]?.type === 'string';
    if (takesValue && /^-[\d.]/.test(text)) args[args.length - 1] = `${before}=${text}`;
    else args.push(text);
  }
  return args;
}

export function helpText(command: Command): string {
  const rows = Object.entries(command.options).map(([name, option]) => {
    const short = option.short === undefined ? '' : `-${option.short}, `;
    return [`  ${short}--${name}${option.value === undefined ? '' : ` ${option.value}`}`, option.help] as const;
  });
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  const lines = [`usage: cubelake ${command.name} ${command.usage}`, '', command.summary];
  if (command.details !== undefined) lines.push('', command.details);
  if (rows.length > 0) lines.push('', 'options:', ...rows.map(([left, help]) => `${left.padEnd(width)}  ${help}`));
  return `${lines.join('\n')}\n`;
}

/** @throws ConfigurationError when the option is absent. */
export function requiredText(call: CommandCall, name: string, command: string): string {
  const value = textOption(call, name);
  if (value === null)
    throw new ConfigurationError(`Expected --${name}. Run "cubelake ${command} --help".`, { option: name });
  return value;
}

export function textOption(call: CommandCall, name: string): string | null {
  const value = call.options[name];
  return typeof value === 'string' ? value : null;
}

/** @throws ConfigurationError when the text is not a number within the bounds. */
export function numberOption(
  call: CommandCall,
  name: string,
  bounds: { min: number; max: number; isInteger?: true },
): number | null {
  const text = textOption(call, name);
  if (text === null) return null;
  const value = Number(text);
  const isFit =
    text.trim() !== '' && value >= bounds.min && value <= bounds.max && (!bounds.isInteger || Number.isInteger(value));
  if (!isFit) {
    const kind = bounds.isInteger ? 'a whole number' : 'a number';
    const range =
      bounds.min === Number.MIN_VALUE ? `above 0, at most ${bounds.max}` : `from ${bounds.min} to ${bounds.max}`;
    throw new ConfigurationError(`Expected ${kind} ${range}, as --${name}, got "${text}".`, { option: name });
  }
  return value;
}

export function hasFlag(call: CommandCall, name: string): boolean {
  return call.options[name] === true;
}
