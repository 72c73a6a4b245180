/** Evaluates synthesized IAM policies as AWS does for what they use: an explicit deny wins, then any allow, else denied. */
export interface Call {
  readonly action: string;
  readonly resource: string;
  /** Condition keys of the request; absent keys are absent from the request. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** @param arnOf Resolves references of the template. */
export function isAllowed(statements: readonly Statement[], call: Call, arnOf: (value: unknown) => string): boolean {
  const matching = statements.filter((statement) => matches(statement, call, arnOf));
  if (matching.some(({ Effect }) => Effect === 'Deny')) return false;
  return matching.some(({ Effect }) => Effect === 'Allow');
}

function matches(statement: Statement, call: Call, arnOf: (value: unknown) => string): boolean {
  const actions = listOf(statement.Action) as string[];
  const resources = listOf(statement.Resource).map(arnOf);
  return (
    actions.some((pattern) => like(pattern.toLowerCase(), call.action.toLowerCase())) &&
    resources.some((pattern) => like(pattern, call.resource)) &&
    Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
      Object.entries(keys).every(([key, expected]) =>
        holds(operator, call.context?.[key], listOf(expected).map(String)),
      ),
    )
  );
}

/** Operators that the templates use; an unknown one fails the test that meets it. */
function holds(operator: string, actual: string | readonly string[] | undefined, expected: readonly string[]): boolean {
  const values = actual === undefined ? [] : listOf(actual).map(String);
  const isIn = values.some((value) => expected.some((pattern) => like(pattern, value)));
  switch (operator) {
    case 'StringEquals':
    case 'ArnEquals':
    case 'ArnLike':
    case 'ForAnyValue:StringEquals':
      return isIn;
    case 'Bool':
      return values.length > 0 && isIn;
    case 'BoolIfExists':
      return values.length === 0 || isIn;
    case 'ArnNotEquals':
      return !isIn;
    case 'StringNotEqualsIfExists':
      return values.length === 0 || !isIn;
    case 'NumericLessThan':
      return values.some((value) => Number(value) < Number(expected[0]));
    default:
      throw new Error(`Expected a known condition operator, got ${operator}`);
  }
}

/** `*` is any text, `?` any character. */
function like(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(text);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}
