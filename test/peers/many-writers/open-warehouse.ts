import { fileObjectStore } from '#adapters/file/file-object-store.ts';
import { readS3Options } from '#adapters/s3/config.ts';
import { s3Connection } from '#adapters/s3/s3-connection.ts';
import { openS3Store } from '#adapters/s3/s3-object-store.ts';
import type { ObjectStore } from '#core/ports/object-store.ts';

/** @param place A folder, or `s3://bucket/prefix` at the endpoint that the environment names. */
export function openWarehouse(place: string): ObjectStore {
  return place.startsWith('s3://') ? openS3Store(place, s3Connection(readS3Options())) : fileObjectStore(place);
}
