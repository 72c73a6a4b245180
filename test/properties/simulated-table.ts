import type { ColumnDefinition, ColumnType, TableDefinition } from '#schemas/table-definition.ts';

/** As few columns as publishing and maintenance need; `plot_id` is different in every row that ever was. */
export const simulatedTable: TableDefinition = {
  namespace: 'gold',
  name: 'plots',
  doc: 'Plots',
  columns: [
    column(1, 'farm_id', 'string'),
    column(2, 'acquisition_date', 'date'),
    column(3, 'processing_id', 'string'),
    column(4, 'plot_id', 'string'),
  ],
  partition: [
    { id: 1000, name: 'farm_id', sourceColumn: 'farm_id', transform: 'identity' },
    { id: 1001, name: 'acquisition_date_day', sourceColumn: 'acquisition_date', transform: 'day' },
  ],
};

function column(id: number, name: string, type: ColumnType): ColumnDefinition {
  return { id, name, type, required: true, doc: name, metrics: 'full' };
}
