import type { CubeHeader } from '#core/cube/cube.ts';
import { overridesOf } from '#core/pipeline/cube/capture-file.ts';
import { indexDefinitions } from '#core/spectral-indices/index-definitions.ts';
import { resolveIndex } from '#core/spectral-indices/resolve-index.ts';
import { type Command, hasFlag, jsonOption } from '../command.ts';
import { captureFromOptions, captureOptions } from '../ingest/capture-options.ts';
import { oneCube } from '../one-cube.ts';
import { openCubeFile } from '../open-cube-file.ts';

export const command: Command = {
  name: 'inspect',
  summary: 'show what a cube file or a bronze folder says of itself, and what it lacks',
  usage: 'CUBE|DIR.zarr [--json]',
  argumentCountMax: Number.POSITIVE_INFINITY,
  options: { ...captureOptions, json: jsonOption },
  async run(call, io) {
    const reader = await openCubeFile(oneCube(call, 'inspect'), overridesOf(captureFromOptions(call)));
    try {
      if (hasFlag(call, 'json')) io.print(JSON.stringify(jsonFacts(reader.header)));
      else io.print(textFacts(reader.header));
    } finally {
      await reader.close();
    }
  },
};

function jsonFacts(header: CubeHeader): unknown {
  return {
    ...header,
    wavelengthNm: header.wavelengthNm && [...header.wavelengthNm],
    fwhmNm: header.fwhmNm && [...header.fwhmNm],
    goodBands: header.goodBands && [...header.goodBands],
  };
}

function textFacts(header: CubeHeader): string {
  const { wavelengthNm, georeference, goodBands } = header;
  const good = goodBands ?? new Uint8Array(header.bandCount).fill(1);
  const range = wavelengthNm && `${Math.min(...wavelengthNm).toFixed(1)} to ${Math.max(...wavelengthNm).toFixed(1)} nm`;
  const facts: [string, string | null][] = [
    ['format', `${header.format}, ${header.interleave}, ${header.sampleType}`],
    ['size', `${header.lineCount} lines x ${header.sampleCount} samples x ${header.bandCount} bands`],
    ['quantity', header.quantity],
    ['wavelengths', range],
    ['bad bands', goodBands && String(goodBands.filter((flag) => flag === 0).length)],
    ['fill value', header.fillValue === null ? null : String(header.fillValue)],
    ['scale', header.scale && `stored * ${header.scale.factor} + ${header.scale.offset} (${header.scale.source})`],
    [
      'georeference',
      georeference &&
        `${georeference.kind}, ${georeference.crs.epsg === null ? 'own definition' : `EPSG:${georeference.crs.epsg}`}`,
    ],
    ['acquired at', header.acquiredAt],
    ['integration time', header.integrationTimeMs === null ? null : `${header.integrationTimeMs} ms`],
    ['sensor', header.sensorId],
  ];
  const lines = facts.map(([name, value]) => `${`${name}:`.padEnd(18)}${value ?? '-'}`);
  for (const definition of indexDefinitions) {
    const index = resolveIndex(definition, wavelengthNm, good);
    lines.push(`${`${definition.name}:`.padEnd(18)}${index.bandsUsed ?? `none: ${index.nullReason}`}`);
  }
  for (const missing of header.missing) lines.push(`missing ${missing.fact}: ${missing.remedy}`);
  for (const warning of header.warnings) lines.push(`warning: ${warning}`);
  return lines.join('\n').replace(/[^\P{Cc}\n]/gu, ' ');
}
