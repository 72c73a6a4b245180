import type { Granule } from '#schemas/manifest.ts';
import type { CubeReader } from '../../cube/cube.ts';
import { bronzeGroupObjects } from '../../formats/zarr/bronze-group.ts';
import type { ProcessContext } from '../payload.ts';
import { type Calibration, goodBandsOf } from './calibration-plan.ts';
import type { NamedInput } from './cube-inputs.ts';
import { calibrationVersion, type ProcessingIds } from './processing-ids.ts';
import { tileLineCountOf } from './tile-setup.ts';

export interface BronzeGroupRequest {
  readonly granule: Granule;
  readonly context: ProcessContext;
  readonly reader: CubeReader;
  readonly calibration: Calibration;
  readonly inputs: readonly NamedInput[];
  readonly ids: ProcessingIds;
}

/** Writes coordinates and metadata of a bronze group; its last object makes the group exist. */
export async function writeBronzeGroup({
  granule,
  context,
  reader,
  calibration,
  inputs,
  ids,
}: BronzeGroupRequest): Promise<void> {
  const { header } = reader;
  const { lineCount, sampleCount, bandCount } = header;
  const objects = bronzeGroupObjects({
    layout: { bandCount, sampleCount, tileLineCount: tileLineCountOf(lineCount, bandCount, sampleCount) },
    lineCount,
    wavelengthNm: header.wavelengthNm,
    fwhmNm: header.fwhmNm,
    goodBands: goodBandsOf(header),
    georeference: header.georeference,
    sensorId: header.sensorId,
    acquiredAt: header.acquiredAt,
    provenance: {
      granule_key: granule.granule_key,
      parts: granule.parts,
      references: inputs.filter((input) => input.role !== 'plots'),
      method: calibration.method,
      version: calibrationVersion,
      warnings: [...header.warnings, ...calibration.warnings],
    },
  });
  for (const { key, bytes } of objects) await context.warehouse.put(`${ids.bronzeRootKey}/${key}`, bytes);
}
