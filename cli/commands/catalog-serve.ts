import { serveCatalog } from '#adapters/rest-server/serve-catalog.ts';
import { type Command, lakeFolderOption, numberOption } from '../command.ts';
import { lakeFolder } from '../config.ts';
import { openLake } from '../open-lake.ts';

export const command: Command = {
  name: 'catalog serve',
  summary: 'serve the lake as an Iceberg REST catalog on this machine',
  usage: '[--port N] [--lake DIR]',
  details:
    'Spark, Trino, pyiceberg and DuckDB attach to http://127.0.0.1:PORT, read all tables and write tables of their own.\nDropped tables leave their files. Only programs on this machine can reach it.',
  options: { lake: lakeFolderOption, port: { type: 'string', value: 'N', help: 'default 8181; 0 takes a free one' } },
  async run(call, io) {
    const lake = openLake(lakeFolder(call), { mustExist: true });
    const port = numberOption(call, 'port', { min: 0, max: 65_535, isInteger: true }) ?? 8181;
    const server = await serveCatalog({ catalog: lake.catalog, warehouse: lake.warehouse, host: '127.0.0.1', port });
    io.print(`Iceberg REST catalog at http://127.0.0.1:${server.port} (stop with Ctrl-C)`);
    await io.stopped();
    await server.close();
  },
};
