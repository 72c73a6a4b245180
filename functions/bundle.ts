// npm run bundle: each function as one file with all that it needs, into dist/functions/NAME/main.mjs.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
/** Another folder may be named: checks that run beside a deployment have one of their own. */
const out = process.argv[2] ?? join(root, 'dist/functions');
/** Lambda unpacks what it starts: the smaller, the sooner. */
const bundleBytesMax = 5e6;

const names = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
rmSync(out, { recursive: true, force: true });
for (const name of names) {
  const outfile = join(out, name, 'main.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, name, 'main.ts')],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Packages that are CommonJS inside ask for Node's own modules at run time.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const { size } = statSync(outfile);
  if (size > bundleBytesMax) throw new Error(`Expected at most ${bundleBytesMax} bytes, got ${size} (${outfile}).`);
  process.stdout.write(`${name}: ${(size / 1e6).toFixed(2)} MB\n`);
}
