import { describe, expect, it } from 'vitest';
import { type Call, isAllowed, type Statement } from './access.ts';
import { synthesize } from './synthesized.ts';

const { storage, processing } = synthesize();
const raw = 'arn:aws:s3:::cubelake-raw-111122223333-us-east-1';
const warehouse = 'arn:aws:s3:::cubelake-warehouse-111122223333-us-east-1';
const cube = `${raw}/raw_cubes/north/farm-1/2026/05/01/c1.bil`;
const organization = 'o-exampleorgid';

type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;
const resourcesOf = (template: typeof storage): Resources => template.toJSON().Resources as Resources;

/** Every reference stands for its logical id, but for the buckets, whose names are known. */
function arnOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [name, argument] = Object.entries(value as Record<string, unknown>)[0]!;
  if (name === 'Fn::Join') return ((argument as [string, unknown[]])[1] as unknown[]).map(arnOf).join('');
  if (name === 'Fn::GetAtt') return bucketArn((argument as [string])[0]) ?? `<${(argument as string[]).join('.')}>`;
  return `<${String(argument)}>`;
}

function bucketArn(logicalId: string): string | undefined {
  const name = resourcesOf(storage)[logicalId]?.Properties['BucketName'];
  return name === undefined ? undefined : `arn:aws:s3:::${String(name)}`;
}

/** Statements of all policies that are attached to a role. */
function statementsOfRole(roleName: string): Statement[] {
  const resources = resourcesOf(processing);
  const role = Object.keys(resources).find((id) => resources[id]!.Properties['RoleName'] === roleName);
  expect(role, roleName).toBeDefined();
  return Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Policy')
    .filter(({ Properties }) => (Properties['Roles'] as { Ref: string }[]).some(({ Ref }) => Ref === role))
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement);
}

function statementsOfBucket(arn: string): Statement[] {
  return Object.values(resourcesOf(storage))
    .filter(({ Type }) => Type === 'AWS::S3::BucketPolicy')
    .filter(({ Properties }) => bucketArn((Properties['Bucket'] as { Ref: string }).Ref) === arn)
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement);
}

/** What a request of a role carries besides its action. */
function requestOf(roleName: string, more: Call['context'] = {}): Call['context'] {
  return {
    'aws:PrincipalArn': `arn:aws:iam::111122223333:role/${roleName}`,
    'aws:PrincipalOrgID': organization,
    'aws:PrincipalIsAWSService': 'false',
    'aws:SecureTransport': 'true',
    's3:TlsVersion': '1.3',
    ...more,
  };
}

/** Role policy and bucket policy together, as in one account: an allow of the role is enough unless the bucket denies. */
function mayRole(roleName: string, action: string, resource: string, more: Call['context'] = {}): boolean {
  const bucket = resource.split('/')[0]!;
  const call = { action, resource, context: requestOf(roleName, more)! };
  return isAllowed([...statementsOfRole(roleName), ...statementsOfBucket(bucket)], call, arnOf);
}

const table = `${warehouse}/tables/silver/reflectance`;

describe('the roles of the flow', () => {
  it.each([
    ['cubelake-settler', 's3:PutObjectTagging', cube],
    ['cubelake-settler', 's3:PutObject', `${table}/metadata/v7.metadata.json`],
    ['cubelake-settler', 's3:GetObject', `${table}/data/a.parquet`],
    ['cubelake-batcher', 's3:GetObject', cube],
    ['cubelake-batcher', 's3:PutObject', `${warehouse}/control/manifests/a.json`],
    ['cubelake-job', 's3:GetObjectVersion', cube],
    ['cubelake-job', 's3:PutObject', `${warehouse}/bronze/c1/zarr.json`],
    ['cubelake-job', 's3:PutObject', `${table}/data/farm_id=f/a.parquet`],
    ['cubelake-job', 's3:PutObject', `${warehouse}/control/outcomes/m/0.json`],
    ['cubelake-reconciler', 's3:GetObject', `${table}/metadata/v7.metadata.json`],
  ])('%s may %s on %s', (role, action, resource) => {
    expect(mayRole(role, action, resource)).toBe(true);
  });

  it.each([
    ['only the settler tags', 'cubelake-job', 's3:PutObjectTagging', cube],
    ['only the settler tags', 'cubelake-batcher', 's3:PutObjectTagging', cube],
    ['a job cannot commit', 'cubelake-job', 's3:PutObject', `${table}/metadata/v7.metadata.json`],
    ['a job cannot plan', 'cubelake-job', 's3:PutObject', `${warehouse}/control/manifests/a.json`],
    ['a job cannot delete', 'cubelake-job', 's3:DeleteObject', `${warehouse}/bronze/c1/zarr.json`],
    ['nobody writes raw', 'cubelake-job', 's3:PutObject', cube],
    ['nobody deletes raw', 'cubelake-settler', 's3:DeleteObject', cube],
    ['nobody deletes raw versions', 'cubelake-settler', 's3:DeleteObjectVersion', cube],
    ['the batcher cannot commit', 'cubelake-batcher', 's3:PutObject', `${table}/metadata/v7.metadata.json`],
    ['tables lose no file', 'cubelake-settler', 's3:DeleteObject', `${table}/data/a.parquet`],
    ['nobody changes the bucket', 'cubelake-settler', 's3:PutBucketPolicy', raw],
    ['the reconciler cannot commit', 'cubelake-reconciler', 's3:PutObject', `${table}/metadata/v7.metadata.json`],
  ])('%s: %s may not %s on %s', (_, role, action, resource) => {
    expect(mayRole(role, action, resource)).toBe(false);
  });
});

describe('the raw bucket', () => {
  const generous: Statement = { Effect: 'Allow', Action: 's3:*', Resource: '*' };
  const mayUploader = (action: string, context: Call['context']): boolean =>
    isAllowed([generous, ...statementsOfBucket(raw)], { action, resource: cube, context: context! }, arnOf);

  it('takes an upload from a principal of the organisation', () => {
    expect(mayUploader('s3:PutObject', requestOf('edge'))).toBe(true);
  });

  it.each([
    ['with the status tag', 's3:PutObject', { 's3:RequestObjectTagKeys': ['processing_status'] }],
    ['that tags afterwards', 's3:PutObjectTagging', {}],
    ['that tags a version', 's3:PutObjectVersionTagging', {}],
    ['that removes tags', 's3:DeleteObjectTagging', {}],
    ['without TLS', 's3:PutObject', { 'aws:SecureTransport': 'false' }],
    ['with old TLS', 's3:PutObject', { 's3:TlsVersion': '1.1' }],
    ['from outside the organisation', 's3:PutObject', { 'aws:PrincipalOrgID': 'o-somebodyelse' }],
  ])('refuses one %s, whatever its own policies say', (_, action, more) => {
    expect(mayUploader(action, requestOf('edge', more))).toBe(false);
  });

  it('lets services of AWS in, which belong to no organisation', () => {
    const { 'aws:PrincipalOrgID': _, ...context } = requestOf('logging', { 'aws:PrincipalIsAWSService': 'true' })!;
    expect(mayUploader('s3:PutObject', context)).toBe(true);
  });
});

describe('functions submit', () => {
  const submit = (role: string, resource: string): boolean =>
    isAllowed(statementsOfRole(role), { action: 'batch:SubmitJob', resource }, arnOf);
  const revision = 'arn:aws:batch:us-east-1:111122223333:job-definition/cubelake-process-granule:3';

  it('our job definition only', () => {
    expect(submit('cubelake-batcher', revision)).toBe(true);
    expect(submit('cubelake-batcher', revision.replace('cubelake', 'miner'))).toBe(false);
    expect(submit('cubelake-settler', revision)).toBe(true);
    expect(submit('cubelake-job', revision)).toBe(false);
  });
});
