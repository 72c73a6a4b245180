import { MissingFactError } from '../../errors.ts';

const dataExtensions = ['img', 'dat', 'bil', 'bip', 'bsq', 'raw', 'hyspex', 'sli'];

/** Names that the data file of a header may have, likeliest first: `x.hdr` with `x` or `x.img`, `x.img.hdr` with `x.img`. */
export function enviDataNames(headerName: string): string[] {
  const stem = headerName.replace(/\.hdr$/i, '');
  return [...(stem === headerName ? [] : [stem]), ...dataExtensions.map((extension) => `${stem}.${extension}`)];
}

/**
 * The data file that belongs to a header, among names of the same folder; the case of letters does not matter.
 * @throws MissingFactError naming what would fit. Disposition: quarantine.
 */
export function findEnviDataFile(headerName: string, names: readonly string[]): string {
  const candidates = enviDataNames(headerName);
  for (const candidate of candidates) {
    const exact = names.find((name) => name === candidate);
    const folded = names.find((name) => name !== headerName && name.toLowerCase() === candidate.toLowerCase());
    const found = exact ?? folded;
    if (found !== undefined) return found;
  }
  throw new MissingFactError(
    `Expected the data file of ${headerName}, got none. Put it beside the header as one of: ${candidates.join(', ')}.`,
    { headerName },
  );
}
