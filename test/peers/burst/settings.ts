/** What the processes of one burst know of each other; a JSON file. */
export interface Settings {
  /** Address of moto. */
  readonly motoUri: string;
  /** Folder of the bundled functions. */
  readonly functionsFolder: string;
  /** A file for each process that lives. */
  readonly pidFolder: string;
  readonly objectQueueUrl: string;
  readonly jobQueueUrl: string;
  /** Environment of the functions, and all of it. */
  readonly functionVariables: Readonly<Record<string, string>>;
  readonly functionLimitMs: number;
  /** A minute and a quarter of an hour, shortened. */
  readonly fullEveryMs: number;
  readonly flushEveryMs: number;
}
