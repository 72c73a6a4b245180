/**
 * Values of one column in one row group. Each kind is a layout that some producer already holds, so that nothing is
 * copied into rows on the way. Missing values are NULL in the file: `fill`, NaN, `validMask` 0 or code -1.
 */
export type ColumnValues =
  /** The same value in every row. */
  | { readonly kind: 'constant'; readonly value: string | number | bigint | boolean | null }
  /** int and date (days since 1970). `validMask`: 1 = valid; null when all are. */
  | { readonly kind: 'int32'; readonly values: Int32Array; readonly validMask: Uint8Array | null }
  /** int whose neighbours differ by noise in the low byte only: byte-stream split. `validMask` as above. */
  | { readonly kind: 'splitInt32'; readonly values: Int32Array; readonly validMask: Uint8Array | null }
  /** long and timestamptz (microseconds since 1970, UTC). */
  | { readonly kind: 'int64'; readonly values: BigInt64Array; readonly validMask: Uint8Array | null }
  /** double; NaN is NULL. */
  | { readonly kind: 'float64'; readonly values: Float64Array }
  /** float or double, every bit kept: NaN is a value, as other programs write it. `validMask` as above. */
  | {
      readonly kind: 'floats';
      readonly values: Float32Array | Float64Array;
      readonly validMask: Uint8Array | null;
    }
  /** float from packed reflectance: value * 1e-4; -32768 is NULL. */
  | { readonly kind: 'packed'; readonly values: Int16Array }
  /** string by position in `dictionary`; -1 is NULL. */
  | { readonly kind: 'codes'; readonly dictionary: readonly string[]; readonly codes: Int32Array }
  | { readonly kind: 'strings'; readonly values: readonly (string | null)[] }
  | { readonly kind: 'booleans'; readonly values: readonly (boolean | null)[] };

export function rowCountOf(values: Exclude<ColumnValues, { kind: 'constant' }>): number {
  return values.kind === 'codes' ? values.codes.length : values.values.length;
}
