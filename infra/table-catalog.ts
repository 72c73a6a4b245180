import { RemovalPolicy } from 'aws-cdk-lib';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { environment } from '#schemas/environment.ts';
import { acknowledge } from './acknowledge.ts';
import type { Deployment } from './deployment.ts';
import { allowObjects, readObject, writeObject } from './permissions.ts';

/** Namespaces of the tables; Glue calls them databases. */
const namespaces = ['silver', 'gold', 'ref'] as const;

type Namespace = (typeof namespaces)[number];

const readActions = ['glue:GetDatabase', 'glue:GetTable'];
/** A commit makes a table that is not there, and finds that its namespace exists by asking for it. */
const commitActions = ['glue:CreateDatabase', 'glue:CreateTable', 'glue:UpdateTable'];

export interface TableCatalogProps {
  readonly deployment: Deployment;
  readonly warehouseName: string;
}

/** The databases of a deployment whose tables other engines find; nothing where tables are records in the warehouse. */
export class TableCatalog extends Construct {
  constructor(scope: Construct, id: string, { deployment, warehouseName }: TableCatalogProps) {
    super(scope, id);
    if (deployment.catalog !== 'glue') return;
    for (const name of namespaces) {
      new CfnDatabase(this, name, {
        catalogId: deployment.account,
        databaseInput: { name, locationUri: `s3://${warehouseName}/tables/${name}` },
      }).applyRemovalPolicy(RemovalPolicy.RETAIN);
    }
  }
}

/** What a process that reads or commits tables is told. Jobs do neither: they leave data files for the settler. */
export function catalogVariables({ catalog, account, region }: Deployment): Record<string, string> {
  if (catalog !== 'glue') return {};
  return {
    [environment.catalogUri]: `https://glue.${region}.amazonaws.com/iceberg`,
    [environment.catalogWarehouse]: account,
  };
}

/** Finds and loads tables. */
export function allowTables(role: Role, deployment: Deployment): void {
  allow(role, deployment, readActions, namespaces);
}

/** Commits to tables, too; drops and renames none. Without Glue the names are records in the warehouse. */
export function allowCommits(
  role: Role,
  deployment: Deployment,
  warehouseName: string,
  committed: readonly Namespace[] = namespaces,
): void {
  if (deployment.catalog === 'pointer') {
    const keys = committed.flatMap((name) => [`catalog/namespaces/${name}.json`, `catalog/tables/${name}/*`]);
    allowObjects(role, warehouseName, [...readObject, ...writeObject], ...keys);
  }
  allow(role, deployment, readActions, namespaces);
  allow(role, deployment, commitActions, committed);
}

function allow(role: Role, deployment: Deployment, actions: readonly string[], names: readonly Namespace[]): void {
  if (deployment.catalog !== 'glue') return;
  const arnOf = (what: string): string => `arn:aws:glue:${deployment.region}:${deployment.account}:${what}`;
  const tables = names.map((name) => arnOf(`table/${name}/*`));
  // Glue asks for the rights to a table on its database and on the catalog, too.
  const resources = [arnOf('catalog'), ...names.map((name) => arnOf(`database/${name}`)), ...tables];
  role.addToPolicy(new PolicyStatement({ actions: ['glue:GetCatalog', ...actions], resources }));
  acknowledge(
    role,
    'Tables are made by their first commit: the permission ends at their database.',
    ...tables.map((table) => `AwsSolutions-IAM5[Resource::${table}]`),
  );
}
