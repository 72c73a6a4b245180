import type { CoordinateSystem } from '../../cube/coordinate-system.ts';
import type { AffineTransform, Georeference } from '../../cube/cube.ts';
import { gridMappingOf, wktOf } from './crs-wkt.ts';

/** GeoZarr conventions go by uuid; the addresses of their schemas still move. */
const spatialConvention = { uuid: '689b58e2-cf7b-45e0-9fff-9cfc0883d6b4', name: 'spatial:' };
const projConvention = { uuid: 'f17cb550-5864-4468-aeb7-f3180cfb622f', name: 'proj:' };

/** The system as the cube's reader had it, so that positions from bronze equal those from the cube bit for bit. */
export const crsAttribute = 'cubelake:crs';

/** Attributes of the CF grid mapping variable; `spatial_ref` repeats the WKT under the name that GDAL looks for. */
export function gridMappingAttributes({ crs, ...georeference }: Georeference): Record<string, unknown> {
  const wkt = wktOf(crs);
  return {
    ...gridMappingOf(crs),
    ...(wkt !== null && { crs_wkt: wkt, spatial_ref: wkt }),
    ...('transform' in georeference && { GeoTransform: gdalOrder(georeference.transform).join(' ') }),
  };
}

/** Attributes of the group: GeoZarr `proj:` for every georeference, `spatial:` where positions follow from a transform. */
export function geoZarrAttributes(
  georeference: Georeference,
  { lineCount, sampleCount }: { readonly lineCount: number; readonly sampleCount: number },
): Record<string, unknown> {
  const { crs } = georeference;
  const proj = projAttributes(crs);
  const conventions = Object.keys(proj).length === 0 ? [] : [projConvention];
  const own = { [crsAttribute]: { epsg: crs.epsg, definition: crs.definition } };
  if (georeference.kind === 'locations') {
    return { ...(conventions.length > 0 && { zarr_conventions: conventions }), ...proj, ...own };
  }
  const { transform } = georeference;
  return {
    zarr_conventions: [spatialConvention, ...conventions],
    'spatial:dimensions': ['y', 'x'],
    'spatial:transform': transform,
    'spatial:shape': [lineCount, sampleCount],
    'spatial:bbox': boundsOf(transform, lineCount, sampleCount),
    'spatial:registration': 'pixel',
    ...proj,
    ...own,
  };
}

function projAttributes(crs: CoordinateSystem): Record<string, unknown> {
  if (crs.epsg !== null) return { 'proj:code': `EPSG:${crs.epsg}` };
  const isWkt2 = /^\s*(PROJCRS|GEOGCRS|GEODCRS|BOUNDCRS|COMPOUNDCRS)\b/i.test(crs.definition);
  return isWkt2 ? { 'proj:wkt2': crs.definition } : {};
}

/** [minX, minY, maxX, maxY] of the four outer corners. */
function boundsOf([a, b, c, d, e, f]: AffineTransform, lineCount: number, sampleCount: number): number[] {
  const corners = [
    [0, 0],
    [sampleCount, 0],
    [0, lineCount],
    [sampleCount, lineCount],
  ] as const;
  const xs = corners.map(([sample, line]) => a * sample + b * line + c);
  const ys = corners.map(([sample, line]) => d * sample + e * line + f);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** c, a, b, f, d, e */
function gdalOrder([a, b, c, d, e, f]: AffineTransform): number[] {
  return [c, a, b, f, d, e];
}
