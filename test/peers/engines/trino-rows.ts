import { setTimeout } from 'node:timers/promises';

/** What /v1/statement answers. @source Trino documentation, "Trino client REST API" */
interface Page {
  readonly nextUri?: string;
  readonly columns?: readonly { readonly name: string }[];
  readonly data?: readonly (readonly unknown[])[];
  readonly error?: { readonly errorName: string; readonly message: string };
}

/** Trino drops a node whose announcement is late, and takes it back with the next one: on a busy machine that is seconds. */
const nodeWait = { pauseMs: 500, count: 240 };

/** What it says then, of a query and of a table that is written. */
function hasNoNode({ errorName, message }: NonNullable<Page['error']>): boolean {
  return errorName === 'NO_NODES_AVAILABLE' || (errorName === 'GENERIC_INTERNAL_ERROR' && message === 'nodes is empty');
}

/**
 * Rows of one statement as objects by column name. Cast bigint to varchar in the statement where all digits matter.
 * A statement that found no node has not begun, so it is asked again.
 * @throws Error with Trino's own message.
 */
export async function trinoRows(uri: string, statement: string): Promise<Record<string, unknown>[]> {
  for (let tried = 1; ; tried += 1) {
    const answer = await ask(uri, statement);
    if (answer.error === undefined) return answer.rows;
    if (!hasNoNode(answer.error) || tried === nodeWait.count) {
      throw new Error(`${answer.error.errorName}: ${answer.error.message} (${statement})`);
    }
    await setTimeout(nodeWait.pauseMs);
  }
}

async function ask(uri: string, statement: string): Promise<Pick<Page, 'error'> & { rows: Record<string, unknown>[] }> {
  const headers = { 'X-Trino-User': 'peer', 'X-Trino-Catalog': 'lake', 'X-Trino-Time-Zone': 'UTC' };
  let page = await pageOf(await fetch(`${uri}/v1/statement`, { method: 'POST', body: statement, headers }));
  const rows: Record<string, unknown>[] = [];
  for (;;) {
    if (page.error !== undefined) return { rows, error: page.error };
    const names = page.columns?.map((column) => column.name) ?? [];
    for (const row of page.data ?? []) rows.push(Object.fromEntries(names.map((name, at) => [name, row[at]])));
    if (page.nextUri === undefined) return { rows };
    page = await pageOf(await fetch(page.nextUri));
  }
}

async function pageOf(response: Response): Promise<Page> {
  const text = await response.text();
  if (!response.ok) throw new Error(`Expected an answer of Trino, got ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as Page;
}
