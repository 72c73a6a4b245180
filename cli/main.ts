import { readFileSync } from 'node:fs';
import { ConfigurationError, CubelakeError, exitCodeOf, exitCodes } from '#core/errors.ts';
import { type Command, type CommandIo, helpText, parseCall } from './command.ts';
import { commandNames, loadCommand } from './commands/registry.ts';
import { terminalProgress } from './terminal-progress.ts';

/** Runs one command. @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv[0] === 'help' && argv.length > 1 ? [...argv.slice(1), '--help'] : argv;
  const progress = terminalProgress(process.stderr);
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      process.stdout.write(await overview());
      return name === undefined ? exitCodes.badConfiguration : exitCodes.ok;
    }
    if (name === '--version') {
      process.stdout.write(`${versionOf(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))}\n`);
      return exitCodes.ok;
    }
    if (name.startsWith('-'))
      throw new ConfigurationError(`Expected the command before its options, got "${name}". Run "cubelake --help".`);
    const { command, argv: args } = await loadCommand(name, rest);
    const call = parseCall(command, args);
    if (call.options['help'] === true) process.stdout.write(helpText(command));
    else await command.run(call, commandIo(progress));
    return exitCodes.ok;
  } catch (error) {
    progress.close();
    process.stderr.write(describeFailure(error));
    return exitCodeOf(error);
  }
}

function versionOf(packageText: string): string {
  return (JSON.parse(packageText) as { version: string }).version;
}

function commandIo(progress: CommandIo['progress']): CommandIo {
  return {
    print: (text) => void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    printBytes: (bytes) => void process.stdout.write(bytes),
    progress,
    stopped: () =>
      new Promise((resolve) => {
        process.once('SIGINT', () => resolve());
        process.once('SIGTERM', () => resolve());
      }),
  };
}

async function overview(): Promise<string> {
  const commands = await Promise.all(commandNames.map(async (name) => (await loadCommand(name, [])).command));
  const width = Math.max(...commands.map((command: Command) => command.name.length));
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `usage: cubelake COMMAND [options]\n\n${lines.join('\n')}\n\nRun "cubelake COMMAND --help" for one command.\n`;
}

/** One sentence for a user's mistake; the stack only for a bug of ours. */
function describeFailure(error: unknown): string {
  if (error instanceof CubelakeError && error.disposition !== 'bug') return `cubelake: ${error.message}\n`;
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `cubelake: This is a bug in cubelake; please report it with the lines below.\n${detail}\n`;
}

// A reader that closes early (| head) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  throw error;
});
process.exitCode = await main(process.argv.slice(2));
