import { ConfigurationError } from '#core/errors.ts';
import { environment } from '#schemas/environment.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Which catalog names the tables, and how requests to it prove who sends them. */
export type CatalogConfig =
  | { readonly kind: 'pointer' }
  | {
      readonly kind: 'rest';
      readonly uri: string;
      readonly warehouse: string | null;
      readonly authorization: CatalogAuthorization;
    };

export type CatalogAuthorization =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly token: string }
  | {
      readonly kind: 'oauth2';
      readonly tokenUri: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string | null;
    }
  | { readonly kind: 'sigv4'; readonly region: string; readonly service: string };

/** Host names of AWS's own catalogs: `glue.<region>.amazonaws.com`, `s3tables.<region>.amazonaws.com`. */
const awsCatalogPattern = /^(glue|s3tables)\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$/;

/** @throws ConfigurationError that names the variable. Disposition: stop. */
export function readCatalogConfig(variables: Variables = process.env): CatalogConfig {
  const uri = variables[environment.catalogUri];
  if (uri === undefined || uri === '') return { kind: 'pointer' };
  if (!URL.canParse(uri)) {
    throw new ConfigurationError(`Expected the address of a catalog, got "${uri}" (${environment.catalogUri}).`);
  }
  const warehouse = variables[environment.catalogWarehouse] || null;
  return { kind: 'rest', uri, warehouse, authorization: authorizationOf(new URL(uri), variables) };
}

function authorizationOf(uri: URL, variables: Variables): CatalogAuthorization {
  const aws = awsCatalogPattern.exec(uri.hostname);
  const kind = variables[environment.catalogAuthorization] || (aws === null ? 'none' : 'sigv4');
  switch (kind) {
    case 'none':
      return { kind };
    case 'bearer':
      return { kind, token: required(variables, environment.catalogToken) };
    case 'oauth2':
      return {
        kind,
        tokenUri: variables[environment.catalogTokenUri] || `${uri.href.replace(/\/$/, '')}/v1/oauth/tokens`,
        clientId: required(variables, environment.catalogClientId),
        clientSecret: required(variables, environment.catalogClientSecret),
        scope: variables[environment.catalogScope] || null,
      };
    case 'sigv4':
      if (aws !== null) return { kind, service: aws[1]!, region: aws[2]! };
      return { kind, service: 'glue', region: required(variables, 'AWS_REGION') };
    default:
      throw new ConfigurationError(
        `Expected none, bearer, oauth2 or sigv4, got "${kind}" (${environment.catalogAuthorization}).`,
      );
  }
}

/** What every function of the cloud's flow works on. */
export interface FlowConfig {
  readonly rawUri: string;
  readonly warehouseUri: string;
  readonly objectQueueUrl: string;
  readonly jobQueueUrl: string;
  readonly objectDeadLetterUrl: string;
  readonly jobDeadLetterUrl: string;
  readonly batchJobQueue: string;
  readonly batchJobDefinition: string;
  readonly catalog: CatalogConfig;
}

/** @throws ConfigurationError that names the variable. Disposition: stop. */
export function readFlowConfig(variables: Variables = process.env): FlowConfig {
  return {
    rawUri: required(variables, environment.rawUri),
    warehouseUri: required(variables, environment.warehouseUri),
    objectQueueUrl: required(variables, environment.objectQueueUrl),
    jobQueueUrl: required(variables, environment.jobQueueUrl),
    objectDeadLetterUrl: required(variables, environment.objectDeadLetterUrl),
    jobDeadLetterUrl: required(variables, environment.jobDeadLetterUrl),
    batchJobQueue: required(variables, environment.batchJobQueue),
    batchJobDefinition: required(variables, environment.batchJobDefinition),
    catalog: readCatalogConfig(variables),
  };
}

/** @throws ConfigurationError that names the variable. Disposition: stop. */
export function readDeploymentName(variables: Variables = process.env): string {
  return required(variables, environment.deployment);
}

/** @throws ConfigurationError that names the variable. Disposition: stop. */
export function readJobHourUsd(variables: Variables = process.env): number {
  return positive(variables, environment.jobHourUsd);
}

/** @throws ConfigurationError that names the variable. Disposition: stop. */
export function readUnsettledMsMax(variables: Variables = process.env): number {
  return positive(variables, environment.unsettledHoursMax) * 3_600_000;
}

function positive(variables: Variables, name: string): number {
  const text = required(variables, name);
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new ConfigurationError(`Expected a number above 0, got "${text}" (${name}). Set it.`, { name });
}

function required(variables: Variables, name: string): string {
  const value = variables[name];
  if (value !== undefined && value !== '') return value;
  throw new ConfigurationError(`Expected the environment variable ${name}, got none. Set it.`, { name });
}
