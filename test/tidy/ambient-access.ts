import { codeOnly, isCode, type SourceFile, type TidyRule, topFolder } from './source-tree.ts';

const environmentPattern =
  /\bprocess\s*\.\s*env\b|\bprocess\s*\[|\benv\s*\}\s*=\s*process\b|from\s+''\s*;?\s*\bprocess\.env/;

/** What only config.ts files, the launcher, tests and benchmarks may touch. */
export const environmentAccess: TidyRule = {
  name: 'reads the environment in config.ts files only',
  check: (files) =>
    files
      .filter((file) => isCode(file) && !mayReadEnvironment(file.path))
      .filter((file) => environmentPattern.test(codeOnly(file.text)))
      .map((file) => `${file.path} reads process.env: let a config.ts read it and pass the value`),
  bad: [
    [{ path: 'adapters/s3/store.ts', text: 'const region = process.env.AWS_REGION;' }],
    [{ path: 'cli/a.ts', text: 'const { env } = process;' }],
    [{ path: 'functions/a/handler.ts', text: `const x = \`\${process.env['X']}\`;` }],
  ],
  good: [
    [
      { path: 'functions/a/config.ts', text: 'const region = process.env.AWS_REGION;' },
      { path: 'cli/bin/cubelake.mjs', text: 'process.env.X' },
      { path: 'cli/a.ts', text: "// process.env is read in config.ts\nconst say = 'process.env';" },
    ],
  ],
};

function mayReadEnvironment(path: string): boolean {
  return /(^|\/)config\.ts$/.test(path) || /^(test|bench|cli\/bin)\//.test(path);
}

/** Core gets time, randomness and output through ports. `new Date(x)` with an argument is arithmetic and stays. */
const impurities: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\.\s*now\b/, 'Date.now: take the Clock port'],
  [/\bnew\s+Date\s*\(\s*\)|\bnew\s+Date\b(?!\s*\()/, 'new Date(): take the Clock port'],
  [/\bMath\s*\.\s*random\b|\brandomUUID\b|\brandomBytes\b|\bgetRandomValues\b/, 'randomness: take the Random port'],
  [/\bprocess\s*\./, 'process: pass the value in'],
  [/\bconsole\s*\./, 'console: return a report or use the Progress port'],
  [/\bperformance\s*\.\s*now\b|\bset(Timeout|Interval|Immediate)\s*\(/, 'timers: take the Clock port'],
];

export const pureCore: TidyRule = {
  name: 'keeps clock, randomness, process and console out of core and schemas',
  check: (files) =>
    files.filter((file) => isCode(file) && /^(core|schemas)$/.test(topFolder(file.path))).flatMap(impuritiesOf),
  bad: [
    [{ path: 'core/a.ts', text: 'const t = Date.now();' }],
    [{ path: 'core/a.ts', text: 'const t = new Date();' }],
    [{ path: 'core/a.ts', text: 'const r = Math.random();' }],
    [{ path: 'core/a.ts', text: "import { randomUUID } from 'node:crypto';" }],
    [{ path: 'core/a.ts', text: 'process.exit(1);' }],
    [{ path: 'core/a.ts', text: 'console.log(1);' }],
    [{ path: 'schemas/a.ts', text: 'setTimeout(f, 10);' }],
  ],
  good: [
    [
      { path: 'core/a.ts', text: 'const t = new Date(time).getTime() + Date.parse(text) + Date.UTC(2026, 1);' },
      {
        path: 'core/b.ts',
        text: '/** Never Date.now() here. */\nconst a = { process: 1 }; context.payload.process(granule);',
      },
      { path: 'adapters/system/clock.ts', text: 'Date.now()' },
    ],
  ],
};

function impuritiesOf(file: SourceFile): string[] {
  const code = codeOnly(file.text);
  return impurities.filter(([pattern]) => pattern.test(code)).map(([, advice]) => `${file.path} uses ${advice}`);
}
