// node make-plan.ts > plan.json: what the programs in Python need to know of the layouts.
import {
  bandCounts,
  bandFields,
  engineBandCounts,
  fileCounts,
  firstDay,
  type LayoutName,
  layoutNames,
  pixelCount,
  plotPixelCount,
  rowGroupPixelCount,
  spectrumQuery,
  threeBandQuery,
  wavelengthsNm,
} from './layouts.ts';

const cases = bandCounts.flatMap((bandCount) =>
  layoutNames.map((layout) => ({ layout, bandCount, fields: bandFields(layout, bandCount) })),
);
/** `{from}` stands for the table. */
const queries = (layout: LayoutName, bandCount: number) => ({
  duckdb: threeBandQuery(layout, bandCount, 'duckdb', '{from}'),
  spark: threeBandQuery(layout, bandCount, 'spark', '{from}'),
  trino: threeBandQuery(layout, bandCount, 'trino', '{from}'),
  spectrum: spectrumQuery(layout, bandCount, '{from}'),
});
const tables = bandCounts.flatMap((bandCount) =>
  layoutNames.flatMap((layout) =>
    fileCounts.map((fileCount) => ({
      layout,
      bandCount,
      fileCount,
      table: `${layout}_${bandCount}_${fileCount}`,
      isForEngines: engineBandCounts.includes(bandCount),
      queries: queries(layout, bandCount),
    })),
  ),
);
const wavelengths = Object.fromEntries(bandCounts.map((count) => [count, wavelengthsNm(count)]));
console.log(JSON.stringify({ pixelCount, rowGroupPixelCount, plotPixelCount, firstDay, wavelengths, cases, tables }));
