/** Quality bits, per band and pixel in bronze, of all good bands together in silver. 0 is clean. */
export const quality = {
  /** No value: fill in the source, a dead detector, NaN, or not representable. The reflectance is the fill value. */
  noData: 1,
  /** The count reached the saturation level: the value is a lower bound. */
  saturated: 2,
  /** The references at this band and sample are not trustworthy: white - dark is lost in noise, or white is saturated. The value is kept. */
  lowReference: 4,
  /** The sensor or the file calls this band bad. The value is kept. */
  badBand: 8,
  /** Outside 0..1. The value is kept, never clipped. */
  outOfRange: 16,
} as const;

/** A pixel with one of these bits in a band that an index uses has no value for that index. */
export const unusableBits = quality.noData | quality.saturated | quality.lowReference;

/** Bronze reflectance is int16 = round(reflectance * 10 000); this is "no value". */
export const packedFill = -32768;
export const packedScale = 1e-4;
export const packedPerUnit = 10_000;
