import { z } from 'zod';
import { FormatError } from '#core/errors.ts';
import { firstProblem, propertiesShape } from '#core/formats/iceberg/metadata-shapes.ts';

export interface CatalogConfiguration {
  /** Segments between `v1` and `namespaces`, encoded as the catalog has them. */
  readonly prefix: readonly string[];
  /** What joins the levels of a namespace in a path. */
  readonly levelSeparator: string;
  /** Whether the catalog recognises a repeated request by its `Idempotency-Key`. */
  readonly isIdempotencyKnown: boolean;
}

const shape = z.looseObject({
  defaults: propertiesShape.nullish(),
  overrides: propertiesShape.nullish(),
  'idempotency-key-lifetime': z.string().nullish(),
});

/** The specification's own separator of levels: U+001F. */
const levelSeparatorDefault = '%1F';

/**
 * What `GET v1/config` answers, on top of what the client was given: the catalog's defaults give way to it, its overrides
 * do not.
 *
 * @throws FormatError for another answer. Disposition: quarantine.
 */
export function configurationIn(answer: unknown, ownPrefix: string | undefined): CatalogConfiguration {
  const parsed = shape.safeParse(answer);
  if (!parsed.success)
    throw new FormatError(
      `Expected the configuration of a catalog, got ${firstProblem(parsed.error)}. Check its address.`,
    );
  const { defaults, overrides, 'idempotency-key-lifetime': lifetime } = parsed.data;
  const prefix = overrides?.['prefix'] ?? ownPrefix ?? defaults?.['prefix'] ?? '';
  const separator = overrides?.['namespace-separator'] ?? defaults?.['namespace-separator'] ?? levelSeparatorDefault;
  return {
    prefix: prefix.split('/').filter((segment) => segment !== ''),
    levelSeparator: decodeURIComponent(separator),
    isIdempotencyKnown: typeof lifetime === 'string' && lifetime !== '',
  };
}
