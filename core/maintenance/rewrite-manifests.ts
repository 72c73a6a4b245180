import { type TableDefinition, tableName } from '#schemas/table-definition.ts';
import { ManifestReader } from '../formats/iceberg/manifest-reader.ts';
import { type PublishReport, publish } from '../formats/iceberg/publish.ts';
import { currentSnapshot } from '../formats/iceberg/table-metadata.ts';
import { icebergManifestBytesTarget } from '../limits.ts';
import { contentHash } from '../pipeline/content-hash.ts';
import { loadTable, type MaintenanceContext } from './maintained-table.ts';

export interface ManifestRewritePlan {
  /** Last sequence number of the table when the plan was made. */
  readonly baseSequenceNumber: bigint;
  readonly manifestCount: number;
  readonly sizeBytes: number;
  /** How many there would be at the target size. */
  readonly targetCount: number;
  readonly isWorthwhile: boolean;
}

/** @throws NotFoundError without such a table. Disposition: quarantine. */
export async function planManifestRewrite(
  context: MaintenanceContext,
  table: TableDefinition,
): Promise<ManifestRewritePlan> {
  const { metadata } = await loadTable(context, table);
  const snapshot = currentSnapshot(metadata);
  const manifests = await new ManifestReader(context.warehouse).manifestsOf(snapshot);
  const data = manifests.filter((each) => each.content === 'data' && each.specId === metadata['default-spec-id']);
  const sizeBytes = data.reduce((sum, each) => sum + each.lengthBytes, 0);
  const targetCount = Math.max(1, Math.ceil(sizeBytes / icebergManifestBytesTarget));
  return {
    baseSequenceNumber: metadata['last-sequence-number'],
    manifestCount: data.length,
    sizeBytes,
    targetCount,
    isWorthwhile: data.length > targetCount,
  };
}

/**
 * Writes the manifests anew, clustered by partition, as one snapshot in which no data file changes. Appends that come in
 * between stay as they are.
 *
 * @throws What publish throws.
 */
export async function rewriteManifests(
  context: MaintenanceContext,
  table: TableDefinition,
  plan: ManifestRewritePlan,
): Promise<PublishReport | null> {
  if (!plan.isWorthwhile) return null;
  return publish(context, table, {
    commitId: contentHash(['rewrite manifests', tableName(table), String(plan.baseSequenceNumber)]),
    extraColumns: [],
    addFiles: [],
    removePaths: [],
    summary: {},
    operation: 'replace',
    clusterManifests: true,
  });
}
