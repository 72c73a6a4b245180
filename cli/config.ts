import { resolve } from 'node:path';
import { ConfigurationError } from '#core/errors.ts';
import { type FlowConfig, readFlowConfig, readUnsettledMsMax } from '#functions/config.ts';
import { environment } from '#schemas/environment.ts';
import { type CommandCall, textOption } from './command.ts';

/** Where a lake is: a folder, or the warehouse of a deployment. */
export type LakePlace =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'deployed'; readonly warehouseUri: string };

/** --lake, else the environment, else ./lake. @throws ConfigurationError for a URI that is not of S3. Disposition: stop. */
export function lakePlace(call: CommandCall): LakePlace {
  const text = textOption(call, 'lake') ?? process.env[environment.lake] ?? 'lake';
  if (/^s3:\/\/[^/]/.test(text)) return { kind: 'deployed', warehouseUri: text.replace(/\/+$/, '') };
  if (/^[a-z0-9]+:\/\//i.test(text))
    throw new ConfigurationError(`Expected a folder or s3://bucket/prefix, as --lake, got "${text}".`);
  return { kind: 'folder', folder: resolve(text) };
}

/** For commands that work beside the files of the lake. @throws ConfigurationError for a deployed one. Disposition: stop. */
export function lakeFolder(call: CommandCall): string {
  const place = lakePlace(call);
  if (place.kind === 'folder') return place.folder;
  throw new ConfigurationError(
    `Expected a folder, as --lake, got ${place.warehouseUri}: this command works on a folder.`,
  );
}

/**
 * What the functions of the deployment work on, from the variables that they have themselves.
 * @throws ConfigurationError that names a variable, or for those of another deployment. Disposition: stop.
 */
export function deployedConfig(warehouseUri: string): FlowConfig {
  requireSameWarehouse(warehouseUri);
  return readFlowConfig({ ...process.env, [environment.warehouseUri]: warehouseUri });
}

/** @throws ConfigurationError when the environment is that of another deployment. Disposition: stop. */
export function requireSameWarehouse(warehouseUri: string): void {
  const own = (process.env[environment.warehouseUri] || warehouseUri).replace(/\/+$/, '');
  if (own === warehouseUri) return;
  throw new ConfigurationError(
    `Expected the lake that the environment is of, got ${warehouseUri} and ${own} (${environment.warehouseUri}). Set the variables of one deployment.`,
  );
}

const unsettledMsDefault = 6 * 3_600_000;

/** A manifest that waits longer for its settlement is stuck. */
export function unsettledMsMax(): number {
  return process.env[environment.unsettledHoursMax] ? readUnsettledMsMax() : unsettledMsDefault;
}

/** Cluster, topic of parts and group of offsets where the command does not name them; null where nothing is deployed. */
export function deployedKafka(): {
  readonly clusterArn: string | null;
  readonly topic: string | null;
  readonly group: string | null;
} {
  const { kafkaClusterArn, kafkaTopic, kafkaGroup } = environment;
  return {
    clusterArn: process.env[kafkaClusterArn] || null,
    topic: process.env[kafkaTopic] || null,
    group: process.env[kafkaGroup] || null,
  };
}
