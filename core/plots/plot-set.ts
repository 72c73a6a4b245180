import { type CoordinateSystem, coordinateSystemOfEpsg, wgs84 } from '../cube/coordinate-system.ts';
import { FormatError, GeometryError } from '../errors.ts';

/** A closed ring of [x, y]; the first polygon ring is the outside, the others are holes. */
export type Ring = readonly (readonly [number, number])[];

/** One plot as its file describes it. `null` is "the file does not say". */
export interface Plot {
  readonly plotId: string;
  readonly trialId: string | null;
  readonly crop: string | null;
  readonly cropRow: number | null;
  readonly fieldColumn: number | null;
  readonly germplasm: string | null;
  readonly replicate: string | null;
  readonly block: string | null;
  /** `check` or `entry`. */
  readonly entryType: 'check' | 'entry' | null;
  /** Polygons in the set's coordinate system. */
  readonly polygons: readonly (readonly Ring[])[];
}

export interface PlotSet {
  readonly crs: CoordinateSystem;
  readonly plots: readonly Plot[];
}

/** Names under which other programs write the plot's id. */
const plotIdNames = ['plot_id', 'plot', 'plotid', 'plot_name', 'plotname', 'id', 'fid'];

/**
 * Reads plot polygons from GeoJSON. Coordinates are WGS 84 longitude and latitude (RFC 7946) unless the file has the
 * older `crs` member.
 *
 * @throws FormatError for text that is not such GeoJSON; GeometryError for an unknown CRS, a geometry that is no polygon,
 *   a plot without id, or an id that occurs twice. Disposition: quarantine.
 */
export function parsePlotSet(text: string, where: string): PlotSet {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`Expected GeoJSON, got text that is not JSON (${where}).`, { where }, cause);
  }
  if (!isRecord(document) || document['type'] !== 'FeatureCollection' || !Array.isArray(document['features'])) {
    throw new FormatError(`Expected a GeoJSON FeatureCollection (${where}).`, { where });
  }
  const plots = document['features'].map((feature, position) => parsePlot(feature, position, where));
  const seen = new Set<string>();
  for (const { plotId } of plots) {
    if (seen.has(plotId))
      throw new GeometryError(`Expected every plot once, got plot ${plotId} twice (${where}).`, { where, plotId });
    seen.add(plotId);
  }
  if (plots.length === 0) throw new GeometryError(`Expected at least one plot, got none (${where}).`, { where });
  const crs = crsOf(document['crs'], where);
  if (crs.isGeographic) requireDegrees(plots, where);
  return { crs, plots };
}

/** Metres in a file that names no system would otherwise become places beyond the poles. */
function requireDegrees(plots: readonly Plot[], where: string): void {
  for (const { plotId, polygons } of plots) {
    const outside = polygons.flat(2).find(([lon, lat]) => Math.abs(lon) > 360 || Math.abs(lat) > 90);
    if (outside === undefined) continue;
    throw new GeometryError(
      `Expected longitudes and latitudes in degrees, got ${outside.join(', ')} (${where}, plot ${plotId}). Add a crs member that names the system, such as EPSG:32632, or save the plots in WGS 84.`,
      { where, plotId },
    );
  }
}

function crsOf(member: unknown, where: string): CoordinateSystem {
  if (member === undefined || member === null) return wgs84;
  const name = isRecord(member) && isRecord(member['properties']) ? member['properties']['name'] : undefined;
  if (typeof name === 'string') {
    if (/CRS84$/i.test(name)) return wgs84;
    const code = /EPSG:{1,2}(?:[\d.]*:)?(\d+)$/i.exec(name)?.[1];
    if (code !== undefined) return systemOf(Number(code), where);
  }
  throw new GeometryError(`Expected a crs named EPSG:<code> or CRS84, got ${JSON.stringify(name)} (${where}).`, {
    where,
  });
}

function systemOf(epsg: number, where: string): CoordinateSystem {
  try {
    return coordinateSystemOfEpsg(epsg);
  } catch (cause) {
    if (!(cause instanceof GeometryError)) throw cause;
    throw new GeometryError(`${cause.message} (${where})`, { where, epsg }, cause);
  }
}

function parsePlot(feature: unknown, position: number, where: string): Plot {
  const at = `${where}, feature ${position}`;
  if (!isRecord(feature) || !isRecord(feature['geometry']))
    throw new GeometryError(`Expected a feature with a polygon (${at}).`, { where });
  const properties = new Map<string, unknown>();
  for (const [name, value] of Object.entries(isRecord(feature['properties']) ? feature['properties'] : {})) {
    properties.set(name.toLowerCase(), value);
  }
  const idName = plotIdNames.find((name) => textOf(properties.get(name)) !== null);
  const plotId = idName === undefined ? textOf(feature['id']) : textOf(properties.get(idName));
  if (plotId === null) throw new GeometryError(`Expected a property plot_id (${at}).`, { where });
  const entryType = textOf(properties.get('entry_type'))?.toLowerCase() ?? null;
  if (entryType !== null && entryType !== 'check' && entryType !== 'entry') {
    throw new GeometryError(`Expected entry_type check or entry, got "${entryType}" (${at}, plot ${plotId}).`, {
      where,
      plotId,
    });
  }
  return {
    plotId,
    trialId: textOf(properties.get('trial_id')),
    crop: textOf(properties.get('crop')),
    cropRow: integerOf(properties.get('crop_row')),
    fieldColumn: integerOf(properties.get('field_column')),
    germplasm: textOf(properties.get('germplasm')),
    replicate: textOf(properties.get('replicate')),
    block: textOf(properties.get('block')),
    entryType,
    polygons: polygonsOf(feature['geometry'], `${at}, plot ${plotId}`, where),
  };
}

function polygonsOf(geometry: Record<string, unknown>, at: string, where: string): Ring[][] {
  const coordinates = geometry['coordinates'];
  if (!Array.isArray(coordinates)) throw new GeometryError(`Expected polygon coordinates (${at}).`, { where });
  if (geometry['type'] === 'Polygon') return [ringsOf(coordinates, at, where)];
  if (geometry['type'] === 'MultiPolygon') return coordinates.map((polygon) => ringsOf(polygon, at, where));
  throw new GeometryError(`Expected a Polygon or MultiPolygon, got ${String(geometry['type'])} (${at}).`, { where });
}

function ringsOf(rings: unknown, at: string, where: string): Ring[] {
  if (!Array.isArray(rings) || rings.length === 0)
    throw new GeometryError(`Expected polygon rings (${at}).`, { where });
  return rings.map((ring) => {
    const isRing =
      Array.isArray(ring) &&
      ring.length >= 4 &&
      ring.every((point) => Array.isArray(point) && Number.isFinite(point[0]) && Number.isFinite(point[1]));
    if (!isRing) throw new GeometryError(`Expected a ring of at least four finite positions (${at}).`, { where });
    return (ring as number[][]).map((point) => [point[0]!, point[1]!] as const);
  });
}

function textOf(value: unknown): string | null {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

function integerOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
