import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { jobStopMsMax } from '#core/limits.ts';
import { granuleVersionId, manifestIdOf } from '#core/pipeline/granule-version.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import { environment } from '#schemas/environment.ts';
import type { Granule } from '#schemas/manifest.ts';
import { controlKeys } from '#schemas/object-keys.ts';

export interface JobEnd {
  /** null when it was killed. */
  readonly exitCode: number | null;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

export interface CubeJob {
  readonly manifestId: string;
  /** @param signal That the job sends itself at a step. */
  run(signal?: { readonly name: 'SIGTERM' | 'SIGKILL'; readonly at: string }): Promise<JobEnd>;
  /** Key, ETag and size of everything that the job leaves, its outcome by key alone: that says how long it took. */
  objects(): Promise<string[]>;
}

export interface CubeJobOptions {
  readonly raw: ObjectStore;
  readonly warehouse: ObjectStore;
  readonly putCube: (raw: ObjectStore) => Promise<Granule>;
  readonly segmentBytes: number;
  readonly variables?: Readonly<Record<string, string>>;
}

/** A cube and its manifest in two stores, and the job that works on it, as a process that must end within the grace of a stop. */
export async function cubeJob({ raw, warehouse, putCube, segmentBytes, variables }: CubeJobOptions): Promise<CubeJob> {
  const stored = await putCube(raw);
  const granule = { ...stored, granule_version_id: granuleVersionId(stored.parts, 'raw', null) };
  const manifestId = manifestIdOf([granule]);
  const manifest = { format_version: 1, manifest_id: manifestId, source: 'raw', granules: [granule] };
  await warehouse.put(controlKeys.manifest(manifestId), Buffer.from(JSON.stringify(manifest)));
  const env = {
    ...variables,
    [environment.rawUri]: raw.rootUri,
    [environment.warehouseUri]: warehouse.rootUri,
    [environment.manifestId]: manifestId,
    [environment.threads]: '2',
  };
  const entryPath = join(import.meta.dirname, 'signalled-job.ts');
  return {
    manifestId,
    run: (signal) =>
      new Promise((resolve) => {
        const parameters = [entryPath, String(segmentBytes), ...(signal?.name === 'SIGTERM' ? [signal.at] : [])];
        const killed = signal?.name === 'SIGKILL' ? { [environment.crashAt]: signal.at } : {};
        const options = { env: { ...env, ...killed }, timeout: jobStopMsMax + 30_000, killSignal: 'SIGKILL' as const };
        execFile(process.execPath, parameters, options, (error, stdout) => {
          const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
          const lines = stdout
            .trim()
            .split('\n')
            .filter((line) => line !== '');
          resolve({ exitCode, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) });
        });
      }),
    objects: () =>
      Array.fromAsync(warehouse.list(''), ({ key, etag, sizeBytes }) =>
        key.startsWith('control/outcomes/') ? key : `${key} ${etag} ${sizeBytes}`,
      ),
  };
}
