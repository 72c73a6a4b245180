import { engineNameLengthMax } from '../../../limits.ts';
import { type Finding, refusal } from './finding.ts';
import { reservedWords } from './reserved-words.ts';
import { fieldsOf, type TableShape } from './table-shape.ts';

/** What Athena, Glue and S3 Tables keep as it is; a leading letter needs no quotes anywhere. */
const plainName = /^[a-z][a-z0-9_]*$/;

export function nameFindings(table: TableShape): Finding[] {
  const fields = fieldsOf(table.schema);
  const named = [
    ...(table.namespace === '' ? [] : [{ where: `namespace ${table.namespace}`, name: table.namespace }]),
    ...(table.name === '' ? [] : [{ where: `table ${table.name}`, name: table.name }]),
    ...fields.map(({ path, field }) => ({ where: `column ${path}`, name: field.name })),
    ...table.partition.map(({ name }) => ({ where: `partition ${name}`, name })),
  ];
  return [...named.flatMap(({ where, name }) => nameFinding(where, name)), ...duplicateFindings(fields)];
}

function nameFinding(where: string, name: string): Finding[] {
  if (!plainName.test(name)) {
    const expected = 'a name of small letters, digits and _ that begins with a letter';
    const lower = name.toLowerCase().replace(/[^a-z0-9_]/g, '_');
    const remedy = `Glue and Athena keep names in small letters only. Name it ${plainName.test(lower) ? lower : `c_${lower}`}.`;
    return [refusal('name', where, `Expected ${expected}, got ${JSON.stringify(name)}`, remedy)];
  }
  if (name.length > engineNameLengthMax) {
    const message = `Expected a name of at most ${engineNameLengthMax} characters, got ${name.length}`;
    return [refusal('name', where, message, 'Athena gives no column of a longer name. Shorten it.')];
  }
  if (!reservedWords.has(name)) return [];
  const remedy = `Athena and Trino take it only in quotes, each in other ones. Name it ${name}_value or what it is.`;
  return [refusal('reserved word', where, `Expected a name that is no word of SQL, got ${name}`, remedy)];
}

/** Beside each other; the same name in two structs is two columns. */
function duplicateFindings(fields: ReturnType<typeof fieldsOf>): Finding[] {
  const first = new Map<string, string>();
  return fields.flatMap(({ path, field, parent }) => {
    const key = `${parent}\n${field.name.toLowerCase()}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, path);
      return [];
    }
    const remedy = 'Glue, Athena and Spark do not tell small from capital letters. Rename one of them.';
    return [refusal('duplicate name', `column ${path}`, `Expected each name once, got ${other} too`, remedy)];
  });
}
