import { defaultEdgeSettings, type EdgeSettings } from '#core/edge/edge-product.ts';
import { packedPerUnit } from '#core/radiometry/quality.ts';
import { type CommandCall, numberOption, type OptionDefinition } from '../command.ts';

/** What makes the product of a field machine what it is. */
export const productOptions = {
  'cell-size': { type: 'string', value: 'N', help: `pixels along a cell, default ${defaultEdgeSettings.cellSize}` },
  precision: { type: 'string', value: 'P', help: 'precision of stored reflectance, default 0.0002' },
  'ndvi-min': { type: 'string', value: 'V', help: 'keep vegetation only: pixels whose NDVI reaches this' },
  'part-kib': { type: 'string', value: 'N', help: 'largest part, default 900; 128 for AWS IoT Core' },
} satisfies Record<string, OptionDefinition>;

/** @param partKibMax No part may be larger where it is sent. @throws ConfigurationError */
export function productSettings(call: CommandCall, partKibMax: number): EdgeSettings {
  const whole = (name: string, min: number, max: number): number | null =>
    numberOption(call, name, { min, max, isInteger: true });
  const precision = numberOption(call, 'precision', { min: 1 / packedPerUnit, max: 0.1 });
  const partKib = whole('part-kib', 64, partKibMax);
  return {
    ...defaultEdgeSettings,
    cellSize: whole('cell-size', 1, 1000) ?? defaultEdgeSettings.cellSize,
    stepPacked: precision === null ? defaultEdgeSettings.stepPacked : Math.round(precision * packedPerUnit),
    ndviMin: numberOption(call, 'ndvi-min', { min: -1, max: 1 }),
    partBytesMax: partKib === null ? defaultEdgeSettings.partBytesMax : partKib * 1024,
  };
}
