import { setTimeout as sleep } from 'node:timers/promises';
import { readS3Options } from '#adapters/s3/config.ts';
import { type IdentifiedUploads, openIdentifiedUploads } from '#adapters/s3/identified-upload.ts';
import { openS3Archive } from '#adapters/s3/s3-archive.ts';
import { s3Connection } from '#adapters/s3/s3-connection.ts';
import { systemRandom } from '#adapters/system/system-random.ts';
import { CubelakeError } from '#core/errors.ts';
import { removeReference } from '#core/formats/iceberg/references.ts';
import type { ReplaceContext } from '#core/pipeline/replace/publish-replacement.ts';
import { readSettlementFailure } from '#core/pipeline/settlement-failure.ts';
import { type Archive, withoutArchive } from '#core/ports/archive.ts';
import type { Progress } from '#core/ports/progress.ts';
import { cloudFlow } from '#functions/cloud-flow.ts';
import { openCatalog } from '#functions/open-catalog.ts';
import { controlKeys } from '#schemas/object-keys.ts';
import { deployedConfig, type LakePlace } from './config.ts';
import { type Lake, openLake } from './open-lake.ts';
import type { Tables } from './open-tables.ts';
import { runFlow } from './run-flow.ts';
import { tagsBySettler } from './tags-by-settler.ts';

/** A lake with its flow: in a folder, where the flow runs here, or deployed, where it runs by itself. */
export interface Flow extends ReplaceContext, Tables {
  readonly archive: Archive;
  /** null for a deployed lake. */
  readonly local: Lake | null;
  /** null for a lake in a folder. */
  readonly uploads: IdentifiedUploads | null;
  close(): void;
}

/** @throws ConfigurationError when there is no lake, or a variable of the deployment is not set. Disposition: stop. */
export function openFlow(place: LakePlace, options: { readonly progress?: Progress } = {}): Flow {
  if (place.kind === 'deployed') return openDeployedFlow(place.warehouseUri);
  const local = openLake(place.folder, { mustExist: true, ...options });
  return { ...local, archive: withoutArchive(local.raw), local, uploads: null };
}

/** @throws ConfigurationError that names a variable. Disposition: stop. */
export function openDeployedFlow(warehouseUri: string): Flow {
  const config = deployedConfig(warehouseUri);
  const flow = cloudFlow(config);
  const connection = s3Connection(readS3Options());
  const tables = { warehouse: flow.warehouse, clock: flow.clock, random: systemRandom };
  const catalog = openCatalog(config.catalog, tables);
  return {
    ...flow,
    ...tables,
    raw: tagsBySettler(flow.raw, flow.jobEvents),
    catalog,
    archive: openS3Archive(config.rawUri, connection),
    local: null,
    uploads: openIdentifiedUploads(config.rawUri, connection),
    removeBranch: async (table, branch) => {
      if ((await catalog.loadTable(table)) !== null) await removeReference({ ...tables, catalog }, table, branch);
    },
    close: () => {},
  };
}

const settlementPollMs = 5000;

/**
 * Does the work of these manifests here, or waits until the deployment has settled them. May be stopped and begun again.
 * @throws CubelakeError with the reason, and its disposition, of a settlement that failed and that no other try can mend.
 */
export async function finishManifests(
  flow: Pick<Flow, 'warehouse' | 'local'>,
  manifestIds: readonly string[],
  progress: Progress,
): Promise<void> {
  for (const [done, manifestId] of manifestIds.entries()) {
    for (;;) {
      if (flow.local !== null) await runFlow(flow.local);
      if ((await flow.warehouse.head(controlKeys.settlement(manifestId))) !== null) break;
      const failure = await readSettlementFailure(flow, manifestId);
      // A deployment tries again by itself; in a folder nobody does.
      if (failure !== null && (failure.disposition !== 'retry' || flow.local !== null)) {
        throw new CubelakeError(`Manifest ${manifestId} is not settled: ${failure.reason}`, failure.disposition);
      }
      progress.report('Manifest:Settle:Waiting', { manifestId });
      await sleep(settlementPollMs);
    }
    progress.report('Manifest:Settle:Done', { done: done + 1, total: manifestIds.length });
  }
}
