import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { type LocalBatch, localBatch } from '#adapters/local-batch/local-batch.ts';
import { sqliteQueue } from '#adapters/sqlite-queue/sqlite-queue.ts';
import { systemClock } from '#adapters/system/system-clock.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { wirePayloads } from '#batch-jobs/payloads.ts';
import { inheritedVariables } from '#batch-jobs/process-granule/config.ts';
import { ConfigurationError } from '#core/errors.ts';
import { removeReference } from '#core/formats/iceberg/references.ts';
import { jobEndedMessage } from '#core/pipeline/flow-messages.ts';
import type { Payload } from '#core/pipeline/payload.ts';
import type { ReplaceContext } from '#core/pipeline/replace/publish-replacement.ts';
import { tableAccess } from '#core/pipeline/table-access.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { Progress } from '#core/ports/progress.ts';
import type { Random } from '#core/ports/random.ts';
import { readCatalogConfig } from '#functions/config.ts';
import { openCatalog } from '#functions/open-catalog.ts';
import { environment } from '#schemas/environment.ts';
import { jobProgress } from './job-progress.ts';
import { makeFolder, requirePlainPath, requireWritable } from './own-files.ts';

/** An embedded lake: a folder with everything that the flow needs, and what publishes and reads tables. */
export interface Lake extends ReplaceContext {
  readonly folder: string;
  readonly catalog: Catalog;
  readonly random: Random;
  readonly runner: LocalBatch;
  close(): void;
}

export interface OpenLakeOptions {
  /** Refuse a folder that holds no lake, for commands that only read. */
  readonly mustExist?: boolean;
  /** Job processes at a time; one per processor when absent. */
  readonly concurrency?: number;
  readonly clock?: Clock;
  readonly retryDelayMs?: number;
  /** Told what the job processes do. */
  readonly progress?: Progress;
  /** Entry point of the jobs and its payloads, where they are not those of this build. */
  readonly job?: { readonly entryPath: string; readonly payloads: readonly Payload[] };
  /** More variables for the jobs. */
  readonly environment?: Readonly<Record<string, string>>;
}

const jobEntryPath = fileURLToPath(new URL('../batch-jobs/process-granule/main.ts', import.meta.url));

/**
 * Opens the lake in a folder, and makes one where there is none.
 * @throws ConfigurationError when `mustExist` and there is none, or when it may not be written. Disposition: stop.
 */
export function openLake(folder: string, options: OpenLakeOptions = {}): Lake {
  const queuePath = join(folder, 'queue.sqlite');
  if (options.mustExist && !existsSync(queuePath)) {
    throw new ConfigurationError(`Expected a lake, got none (${folder}). Run "cubelake ingest" or give --lake.`, {
      folder,
    });
  }
  if (!existsSync(queuePath)) requirePlainPath(folder);
  makeFolder(folder);
  for (const path of [folder, queuePath]) if (existsSync(path)) requireWritable(path);
  const clock = options.clock ?? systemClock;
  const raw = fileObjectStore(join(folder, 'raw'));
  const warehouse = fileObjectStore(join(folder, 'warehouse'));
  const events = sqliteQueue({ path: queuePath, name: 'events', clock });
  const jobEvents = sqliteQueue({ path: queuePath, name: 'job events', clock });
  const catalog = openCatalog(readCatalogConfig(), { warehouse, clock, random: systemRandom });
  const runner = localBatch({
    databasePath: join(folder, 'jobs.sqlite'),
    logFolder: join(folder, 'logs'),
    command: [process.execPath, '--disable-warning=ExperimentalWarning', options.job?.entryPath ?? jobEntryPath],
    environment: {
      ...inheritedVariables(),
      // Compiled modules, kept beside what they work on: a job starts in half the time.
      NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
      [environment.rawUri]: raw.rootUri,
      [environment.warehouseUri]: warehouse.rootUri,
      ...options.environment,
    },
    variables: environment,
    clock,
    ...(options.progress === undefined ? {} : { onLine: jobProgress(options.progress) }),
    onJobEnd: (manifestId, status) => jobEvents.send([jobEndedMessage(manifestId, status)]),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    ...(options.retryDelayMs === undefined ? {} : { retryDelayMs: options.retryDelayMs }),
  });
  const tables = { catalog, warehouse, clock, random: systemRandom };
  return {
    ...tables,
    folder,
    bucket: 'raw',
    raw,
    events,
    jobEvents,
    runner,
    payloads: options.job?.payloads ?? wirePayloads({ raw, warehouse, threadCount: 1 }),
    ...tableAccess(tables),
    removeBranch: async (table, branch) => {
      if ((await catalog.loadTable(table)) !== null) await removeReference(tables, table, branch);
    },
    close() {
      for (const opened of [events, jobEvents, runner]) opened.close();
    },
  };
}
