import { afterAll } from 'vitest';
import { catalogConformance } from '../../conformance/catalog.ts';
import { clientOf, type ServedLake, servedLake } from './served-lake.ts';

const lakes: ServedLake[] = [];
afterAll(async () => {
  for (const { server } of lakes) await server.close();
});

async function newLake(): Promise<ServedLake> {
  const lake = await servedLake();
  lakes.push(lake);
  return lake;
}

catalogConformance('the REST client of our own server', async () => {
  const lake = await newLake();
  return { catalog: clientOf(lake), warehouse: lake.warehouse };
});

catalogConformance('the REST client that chooses locations', async () => {
  const lake = await newLake();
  return { catalog: clientOf(lake, { locations: 'store', prefix: 'main' }), warehouse: lake.warehouse };
});
