import { crc32, deflateSync } from 'node:zlib';

export interface PngImage {
  readonly width: number;
  readonly height: number;
  /** Shape [height, width, 3], 0..255. */
  readonly rgb: Uint8Array;
  /** Latin-1 texts that the file says of itself, by keyword. */
  readonly texts: Readonly<Record<string, string>>;
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const trueColour = 2;

/**
 * A picture of 8-bit colours, without filters: quicklooks are small.
 * @source PNG (Third Edition), W3C Recommendation 2025
 */
export function encodePng({ width, height, rgb, texts }: PngImage): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, trueColour, 0, 0, 0], 8);
  const rowBytes = width * 3;
  const lines = Buffer.alloc(height * (rowBytes + 1));
  for (let row = 0; row < height; row++)
    lines.set(rgb.subarray(row * rowBytes, (row + 1) * rowBytes), row * (rowBytes + 1) + 1);
  const described = Object.entries(texts).map(([keyword, text]) =>
    chunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1')),
  );
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    ...described,
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(named.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(named, 4);
  out.writeUInt32BE(crc32(named), named.length + 4);
  return out;
}
