import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { TruncatedInputError } from '#core/errors.ts';
import type { ByteSource } from '#core/ports/byte-source.ts';

/** Bytes in memory as a source; `localPath` writes them once to a temporary file that `close` removes. */
export function memoryByteSource(name: string, bytes: Uint8Array): ByteSource {
  let folder: Promise<string> | null = null;
  const write = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'cubelake-'));
    await writeFile(join(path, basename(name)), bytes);
    return path;
  };
  return {
    name,
    sizeBytes: bytes.length,
    async readInto(offsetBytes, target) {
      const end = offsetBytes + target.byteLength;
      if (offsetBytes < 0 || end > bytes.length) {
        throw new TruncatedInputError({ path: name, expectedBytes: end, actualBytes: bytes.length });
      }
      target.set(bytes.subarray(offsetBytes, end));
    },
    async localPath() {
      folder ??= write();
      return join(await folder, basename(name));
    },
    async close() {
      const written = folder;
      folder = null;
      if (written !== null) await rm(await written, { recursive: true, force: true });
    },
  };
}
