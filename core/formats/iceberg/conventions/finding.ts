/** What one engine or catalog could not read, or would read as something else. */
export interface Finding {
  /** `refuse`: some engine fails or misreads. `advise`: all read it, one of them with a restriction. */
  readonly severity: 'refuse' | 'advise';
  readonly rule: Rule;
  /** `column r0670`, `partition farm_id`, `property comment`, `table`. */
  readonly where: string;
  /** "Expected X, got Y", without a full stop. */
  readonly message: string;
  /** What to do, and which engine asks for it. */
  readonly remedy: string;
}

export type Rule =
  | 'name'
  | 'reserved word'
  | 'duplicate name'
  | 'type'
  | 'field id'
  | 'partition'
  | 'format'
  | 'metrics'
  | 'property'
  | 'comment'
  | 'size';

export function refusal(rule: Rule, where: string, message: string, remedy: string): Finding {
  return { severity: 'refuse', rule, where, message, remedy };
}

export function advice(rule: Rule, where: string, message: string, remedy: string): Finding {
  return { severity: 'advise', rule, where, message, remedy };
}
