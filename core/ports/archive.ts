import type { ObjectStore } from './object-store.ts';

/** Archives whose objects must be asked for: in the first for minutes to hours, in the second for hours to days. */
export type ArchiveKind = 'flexible' | 'deep';

export type RestoreTier = 'bulk' | 'standard' | 'expedited';

export type ArchiveState =
  /** As ever, also in storage classes that are cold but answer at once. */
  | { readonly kind: 'readable' }
  | { readonly kind: 'archived' | 'restoring'; readonly archive: ArchiveKind }
  /** A copy is readable until then; the object stays in its archive. */
  | { readonly kind: 'restored'; readonly archive: ArchiveKind; readonly untilMs: number | null };

export interface RestoreRequest {
  readonly tier: RestoreTier;
  /** How long the copy stays readable. */
  readonly days: number;
}

/** Objects of one store that cannot be read before they are asked for. */
export interface Archive {
  /** null when there is no such object. */
  stateOf(key: string): Promise<ArchiveState | null>;
  /**
   * Asks for a readable copy. Asking again while one is made does nothing, once there is one it changes its days.
   * @returns `readable` for an object that lies in no archive.
   * @throws NotFoundError; ConfigurationError for a tier that its archive does not have.
   */
  restore(key: string, request: RestoreRequest): Promise<'asked' | 'under way' | 'readable'>;
}

/** For stores that have no archive: a folder, memory. */
export function withoutArchive(store: Pick<ObjectStore, 'head' | 'open'>): Archive {
  return {
    stateOf: async (key) => ((await store.head(key)) === null ? null : { kind: 'readable' }),
    restore: async (key) => {
      await (await store.open(key)).close();
      return 'readable';
    },
  };
}
