/** Items of GDAL's metadata tag: those of the whole file, and those of each band. */
export interface GdalMetadata {
  readonly file: ReadonlyMap<string, string>;
  /** By position of the band. Names are in lower case; `description`, `scale` and `offset` stand for their roles. */
  readonly bands: ReadonlyMap<number, ReadonlyMap<string, string>>;
}

const item = /<Item\b([^>]*)>([^<]*)<\/Item>/g;
const attribute = /(\w+)\s*=\s*"([^"]*)"/g;

/** @source GDAL, GTiff driver: `<GDALMetadata><Item name="..." sample="0" role="description">text</Item>...`. */
export function parseGdalMetadata(xml: string | null): GdalMetadata {
  const file = new Map<string, string>();
  const bands = new Map<number, Map<string, string>>();
  for (const [, attributes, content] of (xml ?? '').matchAll(item)) {
    const found = new Map<string, string>();
    for (const [, name, value] of attributes!.matchAll(attribute)) found.set(name!, plainText(value!));
    const name = (found.get('role') ?? found.get('name') ?? '').toLowerCase();
    const sample = found.get('sample');
    if (sample === undefined) file.set(name, plainText(content!));
    else if (/^\d{1,5}$/.test(sample)) {
      const band = bands.get(Number(sample)) ?? new Map<string, string>();
      bands.set(Number(sample), band.set(name, plainText(content!)));
    }
  }
  return { file, bands };
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function plainText(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name]!).trim();
}

/** A text for every band under the first of the names that every band has; null when none is complete. */
export function bandTexts({ bands }: GdalMetadata, names: readonly string[], bandCount: number): string[] | null {
  for (const name of names) {
    const texts = Array.from({ length: bandCount }, (_, band) => bands.get(band)?.get(name));
    if (texts.every((text) => text !== undefined)) return texts as string[];
  }
  return null;
}
