import { createHash } from 'node:crypto';
import type { SimulationSink } from '#core/simulation/sink.ts';

export interface MemorySink extends SimulationSink {
  readonly files: Map<string, Uint8Array>;
  /** Bytes of the largest single append. */
  readonly largestAppendBytes: () => number;
}

/** Keeps plain files in memory. HDF5 needs a disk: simulations into this sink fly `vnir` only. */
export function memorySink(): MemorySink {
  const files = new Map<string, Uint8Array>();
  let largest = 0;
  return {
    files,
    largestAppendBytes: () => largest,
    async create(path) {
      const pieces: Uint8Array[] = [];
      return {
        async append(bytes) {
          largest = Math.max(largest, bytes.length);
          pieces.push(bytes.slice());
        },
        async close() {
          const bytes = Buffer.concat(pieces);
          files.set(path, bytes);
          return { path, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
        },
      };
    },
    createHdf5: (path) => Promise.reject(new Error(`Expected no HDF5 file in memory, got ${path}`)),
  };
}
