import { createHash } from 'node:crypto';
import type { ByteSource } from './ports/byte-source.ts';

const windowBytes = 8 * 1024 * 1024;

/** SHA-256, hex: the id of a part and of every payload of a spool. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 of all bytes, hex; holds a window of them. */
export async function sha256OfSource(source: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(Math.min(windowBytes, source.sizeBytes));
  for (let at = 0; at < source.sizeBytes; at += buffer.length) {
    const window = buffer.subarray(0, Math.min(buffer.length, source.sizeBytes - at));
    await source.readInto(at, window);
    hash.update(window);
  }
  return hash.digest('hex');
}
