import { fileURLToPath } from 'node:url';
import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { ConfigurationError } from '#core/errors.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';

/** The store that a root URI names. @throws ConfigurationError for a scheme that no adapter has. Disposition: stop. */
export function openStore(uri: string): ObjectStore {
  if (URL.canParse(uri) && uri.startsWith('file:///')) return fileObjectStore(fileURLToPath(uri));
  throw new ConfigurationError(`Expected a store as file:///folder, got "${uri}". Give one.`, { uri });
}
