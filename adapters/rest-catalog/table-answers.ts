import { z } from 'zod';
import { FormatError } from '#core/errors.ts';
import { firstProblem } from '#core/formats/iceberg/metadata-shapes.ts';
import { toTableMetadata } from '#core/formats/iceberg/parse-metadata.ts';
import type { LoadedTable, TableIdentifier } from '#core/ports/catalog.ts';

const shape = z.looseObject({ 'metadata-location': z.string().nullish(), metadata: z.unknown() });

/**
 * The table in the answer to a load, a creation or a commit. Its `config`, which may hold credentials, is left out.
 * @throws FormatError for another answer. Disposition: quarantine.
 */
export function loadedTableIn(value: unknown, identifier: TableIdentifier): LoadedTable {
  const name = `${identifier.namespace}.${identifier.name}`;
  const parsed = shape.safeParse(value);
  if (!parsed.success)
    throw new FormatError(`Expected table ${name}, got ${firstProblem(parsed.error)}.`, { table: name });
  const metadata = toTableMetadata(parsed.data.metadata, name);
  return { identifier, metadata, metadataLocation: parsed.data['metadata-location'] ?? '' };
}
