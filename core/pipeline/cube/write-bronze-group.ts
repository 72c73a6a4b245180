import type { CubeHeader } from '../../cube/cube.ts';
import { bronzeGroupObjects } from '../../formats/zarr/bronze-group.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { type Calibration, goodBandsOf } from './calibration-plan.ts';
import { calibrationVersion } from './processing-ids.ts';
import { tileGridOf } from './tile-setup.ts';

export interface BronzeGroupRequest {
  readonly warehouse: ObjectStore;
  readonly rootKey: string;
  readonly header: CubeHeader;
  readonly calibration: Calibration;
  /** Where the numbers come from, beside method and version. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Writes coordinates and metadata of a bronze group; its last object makes the group exist. */
export async function writeBronzeGroup({
  warehouse,
  rootKey,
  header,
  calibration,
  inputs,
}: BronzeGroupRequest): Promise<void> {
  const objects = bronzeGroupObjects({
    layout: tileGridOf(header),
    lineCount: header.lineCount,
    wavelengthNm: header.wavelengthNm,
    fwhmNm: header.fwhmNm,
    goodBands: goodBandsOf(header),
    georeference: header.georeference,
    sensorId: header.sensorId,
    acquiredAt: header.acquiredAt,
    provenance: {
      ...inputs,
      method: calibration.method,
      version: calibrationVersion,
      warnings: [...header.warnings, ...calibration.warnings],
    },
  });
  for (const { key, bytes } of objects) await warehouse.put(`${rootKey}/${key}`, bytes);
}
