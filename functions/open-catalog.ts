import { pointerCatalog } from '#adapters/pointer-catalog/pointer-catalog.ts';
import type { Authorization } from '#adapters/rest-catalog/authorization.ts';
import { restCatalog } from '#adapters/rest-catalog/rest-catalog.ts';
import { awsCredentials } from '#adapters/s3/aws-credentials.ts';
import type { Catalog } from '#core/ports/catalog.ts';
import type { Clock } from '#core/ports/clock.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';
import type { Random } from '#core/ports/random.ts';
import type { CatalogAuthorization, CatalogConfig } from './config.ts';

/** The catalog that a configuration names, over the warehouse that holds its tables. */
export function openCatalog(
  config: CatalogConfig,
  { warehouse, clock, random }: { warehouse: ObjectStore; clock: Clock; random: Random },
): Catalog {
  if (config.kind === 'pointer') return pointerCatalog(warehouse);
  return restCatalog({
    uri: config.uri,
    ...(config.warehouse === null ? {} : { warehouse: config.warehouse }),
    authorization: authorizationOf(config.authorization),
    store: warehouse,
    // S3 Tables keeps each table in a place of its own.
    locations:
      config.authorization.kind === 'sigv4' && config.authorization.service === 's3tables' ? 'catalog' : 'store',
    clock,
    random,
  });
}

function authorizationOf(config: CatalogAuthorization): Authorization {
  switch (config.kind) {
    case 'none':
      return config;
    case 'bearer':
      return { kind: 'bearer', token: async () => config.token };
    case 'oauth2': {
      const { tokenUri, clientId, clientSecret, scope } = config;
      return {
        kind: 'oauth2',
        tokenUri,
        clientId,
        clientSecret: async () => clientSecret,
        ...(scope === null ? {} : { scope }),
      };
    }
    case 'sigv4':
      return { kind: 'sigv4', region: config.region, service: config.service, credentials: awsCredentials() };
  }
}
