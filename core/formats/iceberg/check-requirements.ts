import { CommitConflictError } from '../../errors.ts';
import type { TableCommit, TableMetadata, TableRequirement } from './table-metadata.ts';

/**
 * @param base null where there is no table.
 * @throws CommitConflictError for the first requirement that does not hold. Disposition: retry.
 * @source Apache Iceberg REST catalog OpenAPI, "TableRequirement"
 */
export function checkRequirements(base: TableMetadata | null, commit: TableCommit, table: string): void {
  for (const requirement of commit.requirements) {
    const problem = base === null ? problemWithoutTable(requirement) : problemIn(base, requirement);
    if (problem !== null)
      throw new CommitConflictError(`Expected ${problem} (${table}). Another writer committed first.`, {
        table,
        requirement: requirement.type,
      });
  }
}

function problemWithoutTable(requirement: TableRequirement): string | null {
  const isCreation = requirement.type === 'assert-create';
  const isNoSnapshot = requirement.type === 'assert-ref-snapshot-id' && requirement['snapshot-id'] === null;
  return isCreation || isNoSnapshot ? null : `a table for requirement ${requirement.type}, got none`;
}

function problemIn(base: TableMetadata, requirement: TableRequirement): string | null {
  switch (requirement.type) {
    case 'assert-create':
      return 'no table of this name, got one';
    case 'assert-table-uuid':
      return compare('table uuid', requirement.uuid.toLowerCase(), base['table-uuid'].toLowerCase());
    case 'assert-ref-snapshot-id':
      return compare(
        `snapshot of ${requirement.ref}`,
        requirement['snapshot-id'],
        base.refs[requirement.ref]?.['snapshot-id'] ?? null,
      );
    case 'assert-last-assigned-field-id':
      return compare('last column id', requirement['last-assigned-field-id'], base['last-column-id']);
    case 'assert-current-schema-id':
      return compare('current schema id', requirement['current-schema-id'], base['current-schema-id']);
    case 'assert-last-assigned-partition-id':
      return compare('last partition id', requirement['last-assigned-partition-id'], base['last-partition-id']);
    case 'assert-default-spec-id':
      return compare('default spec id', requirement['default-spec-id'], base['default-spec-id']);
    case 'assert-default-sort-order-id':
      return compare('default sort order id', requirement['default-sort-order-id'], base['default-sort-order-id']);
  }
}

function compare<T>(what: string, expected: T, actual: T): string | null {
  return expected === actual ? null : `${what} ${String(expected)}, got ${String(actual)}`;
}
