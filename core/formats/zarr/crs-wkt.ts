import type { CoordinateSystem } from '../../cube/coordinate-system.ts';

interface Datum {
  readonly name: string;
  /** `GEOGCS[...]` with its EPSG code. */
  readonly geographic: string;
}

const wgs84Datum = datum('WGS 84', 4326, 'WGS_1984', 6326, '"WGS 84",6378137,298.257223563', 7030);
const etrs89Datum = datum(
  'ETRS89',
  4258,
  'European_Terrestrial_Reference_System_1989',
  6258,
  '"GRS 1980",6378137,298.257222101',
  7019,
);
const nad83Datum = datum('NAD83', 4269, 'North_American_Datum_1983', 6269, '"GRS 1980",6378137,298.257222101', 7019);

/** Families of UTM codes: first two or three digits of the code, its datum, hemisphere. */
const utmFamilies: ReadonlyMap<number, { readonly datum: Datum; readonly hemisphere: 'N' | 'S' }> = new Map([
  [326, { datum: wgs84Datum, hemisphere: 'N' }],
  [327, { datum: wgs84Datum, hemisphere: 'S' }],
  [258, { datum: etrs89Datum, hemisphere: 'N' }],
  [269, { datum: nad83Datum, hemisphere: 'N' }],
]);

/**
 * WKT 1 of a coordinate system: its own definition where that is WKT, else made from its code for the codes that
 * core/cube/coordinate-system.ts knows; null for a proj4 string without a code.
 */
export function wktOf(crs: CoordinateSystem): string | null {
  if (!crs.definition.includes('+proj=')) return crs.definition;
  if (crs.epsg === null) return null;
  for (const { geographic } of [wgs84Datum, etrs89Datum, nad83Datum]) {
    if (geographic.endsWith(`AUTHORITY["EPSG","${crs.epsg}"]]`)) return geographic;
  }
  if (crs.epsg === 3857) return webMercator;
  const family = utmFamilies.get(Math.floor(crs.epsg / 100));
  return family === undefined ? null : utmWkt(crs.epsg, family.datum, family.hemisphere);
}

/** CF grid mapping attributes (CF-1.11 appendix F) for longitude/latitude and UTM; empty where only the WKT tells. */
export function gridMappingOf(crs: CoordinateSystem): Readonly<Record<string, string | number>> {
  if (crs.isGeographic) return { grid_mapping_name: 'latitude_longitude' };
  const family = crs.epsg === null ? undefined : utmFamilies.get(Math.floor(crs.epsg / 100));
  if (family === undefined) return {};
  return {
    grid_mapping_name: 'transverse_mercator',
    longitude_of_central_meridian: centralMeridianDeg(crs.epsg! % 100),
    latitude_of_projection_origin: 0,
    scale_factor_at_central_meridian: 0.9996,
    false_easting: 500_000,
    false_northing: family.hemisphere === 'S' ? 10_000_000 : 0,
  };
}

function centralMeridianDeg(zone: number): number {
  return zone * 6 - 183;
}

function datum(
  name: string,
  code: number,
  datumName: string,
  datumCode: number,
  ellipsoid: string,
  ellipsoidCode: number,
): Datum {
  const spheroid = `SPHEROID[${ellipsoid},AUTHORITY["EPSG","${ellipsoidCode}"]]`;
  const geographic = [
    `GEOGCS["${name}"`,
    `DATUM["${datumName}",${spheroid},AUTHORITY["EPSG","${datumCode}"]]`,
    'PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]]',
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]]',
    `AUTHORITY["EPSG","${code}"]]`,
  ].join(',');
  return { name, geographic };
}

function utmWkt(code: number, { name, geographic }: Datum, hemisphere: 'N' | 'S'): string {
  const zone = code % 100;
  return [
    `PROJCS["${name} / UTM zone ${zone}${hemisphere}"`,
    geographic,
    'PROJECTION["Transverse_Mercator"]',
    'PARAMETER["latitude_of_origin",0]',
    `PARAMETER["central_meridian",${centralMeridianDeg(zone)}]`,
    'PARAMETER["scale_factor",0.9996]',
    'PARAMETER["false_easting",500000]',
    `PARAMETER["false_northing",${hemisphere === 'S' ? 10_000_000 : 0}]`,
    'UNIT["metre",1,AUTHORITY["EPSG","9001"]]',
    'AXIS["Easting",EAST]',
    'AXIS["Northing",NORTH]',
    `AUTHORITY["EPSG","${code}"]]`,
  ].join(',');
}

/** The sphere is told by the EXTENSION: WKT 1 has no other word for a Mercator that ignores its ellipsoid. */
const webMercator = [
  'PROJCS["WGS 84 / Pseudo-Mercator"',
  wgs84Datum.geographic,
  'PROJECTION["Mercator_1SP"]',
  'PARAMETER["central_meridian",0]',
  'PARAMETER["scale_factor",1]',
  'PARAMETER["false_easting",0]',
  'PARAMETER["false_northing",0]',
  'UNIT["metre",1,AUTHORITY["EPSG","9001"]]',
  'AXIS["Easting",EAST]',
  'AXIS["Northing",NORTH]',
  'EXTENSION["PROJ4","+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +wktext +no_defs"]',
  'AUTHORITY["EPSG","3857"]]',
].join(',');
