import type { Interleave, SampleType } from '../../cube/cube.ts';
import { type CubeShape, checkCubeShape } from '../../cube/cube-shape.ts';
import { sampleBytes } from '../../cube/sample-array.ts';
import { FormatError, TruncatedInputError } from '../../errors.ts';
import { type EnviFields, listNumbers } from './parse-header-text.ts';

/** Where each number of the data file lies and what its bytes mean. */
export interface EnviLayout extends CubeShape {
  readonly interleave: Interleave;
  /** What readers hand out; 64-bit integers become float64. */
  readonly sampleType: SampleType;
  /** Non-null for numbers that are 64-bit integers in the file. */
  readonly wideInteger: 'int64' | 'uint64' | null;
  readonly sampleBytes: number;
  readonly isBigEndian: boolean;
  readonly headerOffsetBytes: number;
  readonly warnings: readonly string[];
}

const sampleTypes: Readonly<Record<string, SampleType>> = {
  1: 'uint8',
  2: 'int16',
  3: 'int32',
  4: 'float32',
  5: 'float64',
  12: 'uint16',
  13: 'uint32',
  14: 'float64',
  15: 'float64',
};

/**
 * @throws FormatError when a mandatory key is absent or says what cannot be read. Disposition: quarantine.
 * @source L3Harris, ENVI Header Files: samples, lines, bands, data type and interleave are mandatory.
 */
export function enviLayout({ values }: EnviFields, where: string): EnviLayout {
  const warnings: string[] = [];
  refuseOtherFiles(values, where);
  const shape = {
    lineCount: wholeNumber(values, 'lines', where),
    sampleCount: wholeNumber(values, 'samples', where),
    bandCount: wholeNumber(values, 'bands', where),
  };
  checkCubeShape(shape, where);
  const typeCode = required(values, 'data type', where);
  const sampleType = sampleTypes[typeCode];
  if (sampleType === undefined) throw unreadableType(typeCode, where);
  const interleave = required(values, 'interleave', where).toLowerCase();
  if (interleave !== 'bsq' && interleave !== 'bil' && interleave !== 'bip') {
    throw new FormatError(
      `Expected interleave bsq, bil or bip, got "${interleave.slice(0, 20)}" (${where}). Correct the header.`,
      { where },
    );
  }
  return {
    ...shape,
    interleave,
    sampleType,
    wideInteger: typeCode === '14' ? 'int64' : typeCode === '15' ? 'uint64' : null,
    sampleBytes: sampleBytes[sampleType],
    isBigEndian: isBigEndian(values, warnings, where),
    headerOffsetBytes: values.has('header offset') ? wholeNumber(values, 'header offset', where) : 0,
    warnings,
  };
}

/** @throws TruncatedInputError. Disposition: quarantine. @returns a warning when the file is longer than the cube. */
export function checkDataSize(layout: EnviLayout, data: { name: string; sizeBytes: number }): readonly string[] {
  const cubeBytes = layout.lineCount * layout.sampleCount * layout.bandCount * layout.sampleBytes;
  const expectedBytes = layout.headerOffsetBytes + cubeBytes;
  if (data.sizeBytes < expectedBytes) {
    throw new TruncatedInputError({ path: data.name, expectedBytes, actualBytes: data.sizeBytes });
  }
  if (data.sizeBytes === expectedBytes) return [];
  return [`The data file has ${data.sizeBytes - expectedBytes} bytes more than its header says; they are not read.`];
}

function refuseOtherFiles(values: ReadonlyMap<string, string>, where: string): void {
  const fileType = values.get('file type') ?? '';
  if (fileType !== '' && (!/^ENVI\b/i.test(fileType) || /library|meta|virtual/i.test(fileType))) {
    throw new FormatError(`Expected a cube (file type = ENVI Standard), got "${fileType.slice(0, 60)}" (${where}).`, {
      where,
    });
  }
  for (const key of ['major frame offsets', 'minor frame offsets']) {
    if (listNumbers(values.get(key) ?? '').some((offset) => offset !== 0)) {
      throw new FormatError(
        `Expected no ${key}, got {${values.get(key)}} (${where}). Write the cube again without frame offsets.`,
        { where, key },
      );
    }
  }
  if ((values.get('file compression') ?? '0') !== '0') {
    throw new FormatError(
      `Expected plain data, got file compression = ${values.get('file compression')} (${where}). Decompress the data file and set file compression = 0.`,
      { where },
    );
  }
}

function required(values: ReadonlyMap<string, string>, key: string, where: string): string {
  const value = values
    .get(key)
    ?.replace(/^\{|\}$/g, '')
    .trim();
  if (value !== undefined && value !== '') return value;
  throw new FormatError(`Expected "${key}" in the header, got none (${where}). Add it to the header.`, { where, key });
}

function wholeNumber(values: ReadonlyMap<string, string>, key: string, where: string): number {
  const text = required(values, key, where);
  if (/^\d{1,15}(\.0*)?$/.test(text)) return Number(text);
  throw new FormatError(`Expected a whole number as "${key}", got "${text.slice(0, 40)}" (${where}).`, { where, key });
}

function unreadableType(typeCode: string, where: string): FormatError {
  const complex = typeCode === '6' || typeCode === '9' ? ' (complex numbers)' : '';
  const readable = Object.keys(sampleTypes).join(', ');
  return new FormatError(
    `Expected data type ${readable}, got ${typeCode.slice(0, 20)}${complex} (${where}). Convert the cube to real numbers.`,
    { where },
  );
}

function isBigEndian(values: ReadonlyMap<string, string>, warnings: string[], where: string): boolean {
  const order = values.get('byte order') ?? '';
  if (order === '0' || order === '1') return order === '1';
  if (order === '') {
    warnings.push('The header names no byte order; little-endian is taken.');
    return false;
  }
  throw new FormatError(`Expected byte order 0 or 1, got "${order.slice(0, 20)}" (${where}).`, { where });
}
