import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '#core/errors.ts';
import { silentProgress } from '#core/ports/progress.ts';
import { type CommandIo, parseCall } from '../../../cli/command.ts';
import { command } from '../../../cli/commands/edge-run.ts';
import { capturePlanner } from '../../../cli/edge/capture-planner.ts';
import { temporaryFolder, writeCube, writeReferences } from '../../edge-k3s/agent/field.ts';

const io: CommandIo = {
  print: () => {},
  printBytes: () => {},
  progress: silentProgress,
  stopped: () => new Promise(() => {}),
};

function field() {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'captures'));
  return { folder, captures: join(folder, 'captures'), ...writeReferences(folder) };
}

describe('edge run', () => {
  it.each([
    ['no folder', ['--device', 'd', '--farm', 'f', '--spool', 'S'], /folder of captures, got none/],
    ['a folder that is not there', ['/nowhere', '--device', 'd', '--farm', 'f', '--spool', 'S'], /got \/nowhere/],
    ['no device', ['C', '--farm', 'f', '--spool', 'S'], /Expected --device/],
    ['a device that is no name', ['C', '--device', 'a/b', '--farm', 'f', '--spool', 'S'], /as --device, got "a\/b"/],
    ['a farm that is no name', ['C', '--device', 'd', '--farm', '../f', '--spool', 'S'], /as --farm/],
    ['no spool', ['C', '--device', 'd', '--farm', 'f'], /Expected --spool/],
    ['a date that is none', ['C', '--device', 'd', '--farm', 'f', '--spool', 'S', '--date', 'today'], /as --date/],
    ['one reference', ['C', '--device', 'd', '--farm', 'f', '--spool', 'S', '--dark', 'x.hdr'], /--dark and --white/],
    [
      'parts too large',
      ['C', '--device', 'd', '--farm', 'f', '--spool', 'S', '--part-kib', '901'],
      /at? ?.*900, as --part-kib/,
    ],
    [
      'a broker of HTTP',
      ['C', '--device', 'd', '--farm', 'f', '--spool', 'S', '--broker', 'http://x'],
      /mqtt:\/\/HOST:PORT/,
    ],
  ] as const)('refuses %s in one sentence', async (_, argv, words) => {
    const { folder, captures } = field();
    const args = argv.map((text) => (text === 'C' ? captures : text === 'S' ? join(folder, 'spool') : text));
    const run = command.run(parseCall(command, args), io);
    await expect(run).rejects.toThrow(ConfigurationError);
    await expect(run).rejects.toThrow(words);
  });

  it('plans a capture with the keys of ingest, and lets its sidecar win over the options', async () => {
    const { folder, captures, dark, white } = field();
    writeCube(captures, 'Pass 1');
    const argv = ['--device', 'd', '--farm', 'f', '--dark', dark, '--white', white, '--panel', '0.5'];
    const plan = capturePlanner(parseCall(command, argv), 'edge run');
    const found = {
      name: 'Pass 1.hdr',
      cubePaths: [join(captures, 'Pass 1.hdr'), join(captures, 'Pass 1.bil')],
      paths: [],
      version: '',
      isRewritten: false,
    };
    const keysOf = async (sidecarPath: string | null) => (await plan({ ...found, sidecarPath })).map(({ key }) => key);
    const plain = await keysOf(null);
    expect(plain.slice(0, 4)).toEqual(
      ['dark.hdr', 'dark.bil', 'white.hdr', 'white.bil'].map((name) => `reference_cubes/local/f/2026/07/01/${name}`),
    );
    const id = /\/(pass_1_[0-9a-f]{8})\.capture\.json$/.exec(plain[4]!)![1]!;
    expect(plain.slice(4)).toEqual(
      ['capture.json', 'hdr', 'bil'].map((extension) => `raw_cubes/local/f/2026/07/01/${id}.${extension}`),
    );
    const sidecar = join(folder, 'a.capture.json');
    const reference = { key: 'reference_cubes/local/f/2026/07/01/other.hdr' };
    writeFileSync(sidecar, JSON.stringify({ acquired_at: '2026-08-02T00:00:00Z', dark: reference, white: reference }));
    expect(await keysOf(sidecar)).toEqual(
      ['capture.json', 'hdr', 'bil'].map((extension) => `raw_cubes/local/f/2026/08/02/${id}.${extension}`),
    );
  });
});
