import type { CubeOverrides, CubeReader } from '../../cube/cube.ts';
import { cubeHeader } from '../../cube/cube-header.ts';
import { lineWindow, windowBuffer } from '../../cube/line-window.ts';
import { FormatError } from '../../errors.ts';
import { textFileBytesMax } from '../../limits.ts';
import { type ByteSource, readBytes } from '../../ports/byte-source.ts';
import { enviBands, enviCapture, enviMeaning } from './envi-facts.ts';
import { checkDataSize, type EnviLayout, enviLayout } from './envi-layout.ts';
import { enviGrid } from './map-info.ts';
import { type EnviFields, parseEnviHeader } from './parse-header-text.ts';
import { readWindow } from './read-window.ts';

/**
 * Opens an ENVI cube: text header and data file. Nothing of the data is read before its size has been checked.
 * @throws FormatError, TruncatedInputError. Disposition: quarantine.
 */
export async function openEnvi(header: ByteSource, data: ByteSource, overrides: CubeOverrides): Promise<CubeReader> {
  if (header.sizeBytes > textFileBytesMax) {
    throw new FormatError(
      `Expected a header of at most ${textFileBytesMax} bytes, got ${header.sizeBytes} (${header.name}).`,
      { path: header.name },
    );
  }
  const fields = parseEnviHeader(await readBytes(header, 0, header.sizeBytes), header.name);
  const layout = enviLayout(fields, header.name);
  const warnings = [...fields.warnings, ...layout.warnings, ...checkDataSize(layout, data)];
  return enviReader(header, data, layout, statedHeader(fields, layout, warnings, header.name), overrides);
}

function statedHeader(fields: EnviFields, layout: EnviLayout, warnings: string[], where: string) {
  const bands = enviBands(fields, layout.bandCount, warnings);
  const meaning = enviMeaning(fields, warnings);
  const capture = enviCapture(fields, warnings);
  const grid = enviGrid(fields.values, where);
  return {
    format: 'envi' as const,
    lineCount: layout.lineCount,
    sampleCount: layout.sampleCount,
    bandCount: layout.bandCount,
    sampleType: layout.sampleType,
    interleave: layout.interleave,
    ...bands,
    ...meaning,
    ...capture,
    saturationLevel: null,
    crs: grid.crs,
    transform: grid.transform,
    hasLocations: false,
    warnings: [...warnings, ...grid.warnings],
  };
}

function enviReader(
  headerSource: ByteSource,
  data: ByteSource,
  layout: EnviLayout,
  stated: ReturnType<typeof statedHeader>,
  overrides: CubeOverrides,
): CubeReader {
  const header = cubeHeader(stated, overrides, headerSource.name);
  const { interleave, sampleType, sampleCount, bandCount } = layout;
  const buffer = windowBuffer(sampleType, data.name);
  const scratch = windowBuffer(sampleType, data.name);
  const lineScratch = () => scratch(sampleCount * bandCount);
  return {
    header,
    async readLines(range) {
      const window = lineWindow(range, header);
      const target = buffer(window.lineCount * window.bandCount * sampleCount, range.target);
      await readWindow(data, layout, window, target, lineScratch);
      return { interleave, lineCount: window.lineCount, bandCount: window.bandCount, sampleCount, data: target };
    },
    readLocations: async () => null,
    async close() {
      await headerSource.close();
      await data.close();
    },
  };
}
