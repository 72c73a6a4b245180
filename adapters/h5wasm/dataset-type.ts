import type { Metadata } from 'h5wasm/node';
import { FormatError } from '#core/errors.ts';
import type { Hdf5Dataset } from '#core/ports/hdf5-file.ts';

/** Classes of types as HDF5 numbers them. @source HDF5 reference, H5T_class_t. */
const integerClass = 0;
const floatClass = 1;
const stringClass = 3;

const classNames: Readonly<Record<number, string>> = {
  2: 'time',
  4: 'bit field',
  5: 'opaque',
  6: 'compound',
  7: 'reference',
  8: 'enumeration',
  9: 'variable-length list',
  10: 'array',
};

/** @throws FormatError for a type that is not numeric or string, by name. Disposition: quarantine. */
export function datasetType(metadata: Metadata, where: string): Hdf5Dataset['type'] {
  const { type, size, signed } = metadata;
  if (type === stringClass) return 'string';
  const bits = size * 8;
  if (type === integerClass && (bits === 8 || bits === 16 || bits === 32 || bits === 64)) {
    return signed ? `int${bits}` : `uint${bits}`;
  }
  if (type === floatClass && (bits === 32 || bits === 64)) return `float${bits}`;
  throw new FormatError(`Expected numbers of 8 to 64 bits or text, got ${typeName(metadata)} (${where}).`, { where });
}

function typeName(metadata: Metadata): string {
  if (metadata.type === integerClass || metadata.type === floatClass) {
    return `${metadata.type === floatClass ? 'floating-point numbers' : 'integers'} of ${metadata.size} bytes`;
  }
  const members = metadata.compound_type?.members.map((member) => member.name) ?? [];
  if (members.length === 2 && members[0]!.startsWith('r') && members[1]!.startsWith('i')) return 'complex numbers';
  return `the type "${classNames[metadata.type] ?? metadata.type}"`;
}
