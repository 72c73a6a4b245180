import proj4 from 'proj4';
import { GeometryError } from '../errors.ts';

/** A coordinate reference system that proj4 can compute with. */
export interface CoordinateSystem {
  /** EPSG code, or null when only a definition is known. */
  readonly epsg: number | null;
  /** A proj4 string or WKT. */
  readonly definition: string;
  /** True for longitude/latitude in degrees. */
  readonly isGeographic: boolean;
}

export const wgs84: CoordinateSystem = {
  epsg: 4326,
  definition: '+proj=longlat +datum=WGS84 +no_defs',
  isGeographic: true,
};

/**
 * The coordinate systems that field data come in: WGS 84 (4326), Web Mercator (3857), WGS 84 / UTM (326zz, 327zz),
 * ETRS89 (4258) and ETRS89 / UTM (258zz), NAD83 (4269) and NAD83 / UTM (269zz).
 *
 * @throws GeometryError for another code, saying how to give a definition. Disposition: quarantine.
 */
export function coordinateSystemOfEpsg(epsg: number): CoordinateSystem {
  const definition = epsgDefinition(epsg);
  if (definition === null) {
    throw new GeometryError(
      `Expected EPSG 4326, 3857, 4258, 4269 or a UTM code (326zz, 327zz, 258zz, 269zz), got ${epsg}. Convert the data to WGS 84 or UTM.`,
      { epsg },
    );
  }
  return { epsg, definition, isGeographic: definition.startsWith('+proj=longlat') };
}

function epsgDefinition(epsg: number): string | null {
  if (epsg === 4326) return wgs84.definition;
  if (epsg === 4258) return '+proj=longlat +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +no_defs';
  if (epsg === 4269) return '+proj=longlat +datum=NAD83 +no_defs';
  if (epsg === 3857) return '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +no_defs';
  const zone = epsg % 100;
  const family = Math.floor(epsg / 100);
  if (family === 326 && zone >= 1 && zone <= 60) return `+proj=utm +zone=${zone} +datum=WGS84 +units=m +no_defs`;
  if (family === 327 && zone >= 1 && zone <= 60) return `+proj=utm +zone=${zone} +south +datum=WGS84 +units=m +no_defs`;
  if (family === 258 && zone >= 28 && zone <= 38) {
    return `+proj=utm +zone=${zone} +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +no_defs`;
  }
  if (family === 269 && zone >= 1 && zone <= 23) return `+proj=utm +zone=${zone} +datum=NAD83 +units=m +no_defs`;
  return null;
}

/**
 * A coordinate system from WKT or a proj4 string.
 * @throws GeometryError when proj4 cannot compute with it. Disposition: quarantine.
 */
export function coordinateSystemOfDefinition(definition: string, where: string): CoordinateSystem {
  try {
    proj4(definition, wgs84.definition).forward([0, 0]);
  } catch (cause) {
    const shown = definition.slice(0, 80);
    throw new GeometryError(
      `Expected a coordinate system that can be computed with, got "${shown}" (${where}). Give an EPSG code instead.`,
      { where },
      cause,
    );
  }
  const isGeographic = /^\s*(GEOGCS|GEOGCRS|GEODCRS)\b/i.test(definition) || /\+proj=longlat/.test(definition);
  return { epsg: epsgOfDefinition(definition), definition, isGeographic };
}

/** EPSG code that a WKT names for itself (its last AUTHORITY or ID), or null. */
function epsgOfDefinition(definition: string): number | null {
  const matches = [...definition.matchAll(/(?:AUTHORITY|ID)\["EPSG",\s*"?(\d+)"?\]/g)];
  const last = matches.at(-1);
  if (last === undefined) return null;
  const closing = definition.slice(last.index + last[0].length).trim();
  return closing === ']' ? Number(last[1]) : null;
}

/** The WGS 84 / UTM system whose zone holds a position in degrees. */
export function utmSystemAt(lonDeg: number, latDeg: number): CoordinateSystem {
  const zone = Math.min(60, Math.max(1, Math.floor((lonDeg + 180) / 6) + 1));
  return coordinateSystemOfEpsg((latDeg < 0 ? 32700 : 32600) + zone);
}

/** A function from one system to another: `[x, y]` in, `[x, y]` out (longitude before latitude). */
export function transformer(from: CoordinateSystem, to: CoordinateSystem): (x: number, y: number) => [number, number] {
  if (from.definition === to.definition) return (x, y) => [x, y];
  const converter = proj4(from.definition, to.definition);
  return (x, y) => converter.forward([x, y]) as [number, number];
}
