import { describe, expect, it } from 'vitest';
import { addEdgeColumns, columnsOfPart, columnsOfWavelengths } from '#core/edge/add-edge-columns.ts';
import type { PublishContext } from '#core/formats/iceberg/publish.ts';
import { bandColumns } from '#schemas/band-column.ts';
import type { TableDefinition } from '#schemas/table-definition.ts';
import { goldPlotIndex, silverReflectance } from '#schemas/tables.ts';
import { cellsPart, plotsPart, type SmallPart } from '../../sink-simulation/small-parts.ts';
import { memoryLake } from '../formats/iceberg/small-table.ts';

const sourceOf = ({ message: { value } }: SmallPart) => ({
  name: 'part',
  sizeBytes: value.length,
  readInto: async (offsetBytes: number, target: Uint8Array) =>
    target.set(value.subarray(offsetBytes, offsetBytes + target.byteLength)),
  localPath: () => Promise.reject(new Error('no file')),
  close: async () => {},
});

async function schemaOf(lake: PublishContext, table: TableDefinition): Promise<Map<string, number>> {
  const { metadata } = (await lake.catalog.loadTable(table))!;
  const schema = metadata.schemas.find((each) => each['schema-id'] === metadata['current-schema-id'])!;
  return new Map(schema.fields.map(({ name, id }) => [name, id]));
}

describe('columns of rows from the field', () => {
  it('are those of a part, with the ids that every writer gives them', async () => {
    const columns = await columnsOfPart(sourceOf(cellsPart('c1', 0, 2)));
    expect(columns.map(({ id, name }) => [id, name])).toEqual([
      [900, 'part_id'],
      [901, 'cell_size'],
      [902, 'reflectance_precision'],
      [903, 'index_precision'],
      [904, 'ndvi_min'],
      [16_700, 'r0670'],
    ]);
    await expect(columnsOfPart(sourceOf(plotsPart('c1', 'p1', 0.5)))).rejects.toThrow('Give parts of cells.');
  });

  it('are added to both tables once, without rows', async () => {
    const lake = memoryLake();
    const columns = columnsOfWavelengths([670.1, 670.6, 800]);
    const added = [
      { table: 'silver.reflectance', addedCount: 26 },
      { table: 'gold.plot_index', addedCount: 1 },
    ];
    expect(await addEdgeColumns(lake, columns)).toEqual(added);
    expect(await addEdgeColumns(lake, columns)).toEqual(added.map((each) => ({ ...each, addedCount: 0 })));
    const silver = await schemaOf(lake, silverReflectance);
    for (const column of bandColumns([670.1, 670.6, 800])) expect(silver.get(column!.name)).toBe(column!.id);
    expect([silver.get('part_id'), silver.get('ndvi_count'), silver.get('ndvi_sd')]).toEqual([900, 100, 102]);
    expect((await schemaOf(lake, goldPlotIndex)).get('part_id')).toBe(900);
  });
});
