/** What long work tells about itself. Adapters draw a bar on a terminal or print one JSON line per event. */
export interface Progress {
  /** `event` is `Noun:Verb:State`, e.g. `Tile:Calibrate:Done`. */
  report(event: string, fields: Readonly<Record<string, string | number | null>>): void;
}

export const silentProgress: Progress = { report() {} };
