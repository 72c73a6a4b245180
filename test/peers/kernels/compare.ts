// node compare.ts COMPILED [--write]: compares compiled kernels with those in core/kernels/kernels-wasm.ts.
import { readFileSync, writeFileSync } from 'node:fs';

const [compiledPath, mode] = process.argv.slice(2);
const target = new URL('../../../core/kernels/kernels-wasm.ts', import.meta.url);
const text = readFileSync(compiledPath!).toString('base64');
const lines = text.match(/.{1,110}/g)!.map((line) => `  '${line}',`);
const module = `/** kernels.as, compiled: \`test/peers/kernels/check.sh --write\` makes these lines. Base64. */
export const kernelsWasm = [
${lines.join('\n')}
].join('');
`;

if (mode === '--write') writeFileSync(target, module);
if (readFileSync(target, 'utf8') !== module) {
  console.error('core/kernels/kernels-wasm.ts is not what the compiler makes of core/kernels/kernels.as.');
  process.exit(1);
}
console.log(`kernels.as compiles to the ${readFileSync(compiledPath!).length} bytes that are committed`);
