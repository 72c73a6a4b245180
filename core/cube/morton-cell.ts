/**
 * Spatial cells for pruning and sorting: longitude and latitude are each divided into 2^22 steps and their bits interleaved
 * (longitude in the even bits), so that cells with equal leading bits are near each other. A cell is 9.5 m wide at the
 * equator and 4.8 m high. 44 bits; always positive.
 *
 * @source Morton 1966, "A computer oriented geodetic data base"
 */
export const cellLevelBits = 22;
const stepCount = 2 ** cellLevelBits;

/** @param lon WGS 84 degrees, -180 to 180. */
export function cellColumnOf(lon: number): number {
  return Math.min(stepCount - 1, Math.floor(((lon + 180) / 360) * stepCount));
}

/** @param lat WGS 84 degrees, -90 to 90. */
export function cellRowOf(lat: number): number {
  return Math.min(stepCount - 1, Math.floor(((lat + 90) / 180) * stepCount));
}

/**
 * @param lon WGS 84 degrees, shape [pixels]; NaN = unknown.
 * @param cell Out, shape [pixels]; 0 where unknown.
 * @param cellValid Out, 1 = known, shape [pixels].
 */
export function mortonCells(
  lon: Float64Array,
  lat: Float64Array,
  pixelCount: number,
  cell: BigInt64Array,
  cellValid: Uint8Array,
): void {
  // Pairs of 32-bit words avoid a BigInt per pixel; the machine is little-endian, as everything that Node runs on here.
  const words = new Uint32Array(cell.buffer, cell.byteOffset, pixelCount * 2);
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    const east = lon[pixel]!;
    const north = lat[pixel]!;
    const isKnown = east >= -180 && east <= 180 && north >= -90 && north <= 90;
    cellValid[pixel] = isKnown ? 1 : 0;
    if (!isKnown) {
      words[pixel * 2] = 0;
      words[pixel * 2 + 1] = 0;
      continue;
    }
    const column = cellColumnOf(east);
    const row = cellRowOf(north);
    words[pixel * 2] = (spread(column & 0xffff) | (spread(row & 0xffff) << 1)) >>> 0;
    words[pixel * 2 + 1] = (spread(column >>> 16) | (spread(row >>> 16) << 1)) >>> 0;
  }
}

/** The 16 low bits, each followed by a zero bit. */
function spread(value: number): number {
  value = (value | (value << 8)) & 0x00ff00ff;
  value = (value | (value << 4)) & 0x0f0f0f0f;
  value = (value | (value << 2)) & 0x33333333;
  return (value | (value << 1)) & 0x55555555;
}
