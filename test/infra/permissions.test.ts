import { describe, expect, it } from 'vitest';
import { type Call, isAllowed, type Statement } from './access.ts';
import { policiesOf, queueArn, requestOf } from './roles.ts';
import { synthesize } from './synthesized.ts';

const { mayRole, statementsOfRole, statementsOfBucket, arnOf } = policiesOf(
  synthesize({ edge: { kafka: 'msk-serverless', client_cidrs: ['10.80.0.0/16'] } }),
);
const raw = 'arn:aws:s3:::cubelake-raw-111122223333-us-east-1';
const warehouse = 'arn:aws:s3:::cubelake-warehouse-111122223333-us-east-1';
const cube = `${raw}/raw_cubes/north/farm-1/2026/05/01/c1.bil`;

const table = `${warehouse}/tables/silver/reflectance`;
const glue = 'arn:aws:glue:us-east-1:111122223333';
const kafka = 'arn:aws:kafka:us-east-1:111122223333';

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
    ['cubelake-job', 's3:PutObject', `${warehouse}/control/checkpoints/p/00000.json`],
    ['cubelake-job', 's3:DeleteObject', `${warehouse}/control/checkpoints/p/00000.plots`],
    ['cubelake-settler', 'batch:ListJobs', '*'],
    ['cubelake-batcher', 'sqs:SendMessage', queueArn('Jobs')],
    ['cubelake-reconciler', 's3:GetObject', `${table}/metadata/v7.metadata.json`],
    ['cubelake-settler', 'glue:UpdateTable', `${glue}:table/silver/reflectance`],
    ['cubelake-settler', 'glue:CreateTable', `${glue}:database/gold`],
    ['cubelake-settler', 'glue:GetCatalog', `${glue}:catalog`],
    ['cubelake-reconciler', 'glue:GetTable', `${glue}:table/silver/reflectance`],
    ['cubelake-sink', 's3:PutObject', `${table}/data/a.parquet`],
    ['cubelake-sink', 'glue:UpdateTable', `${glue}:table/silver/reflectance`],
    ['cubelake-sink', 'glue:UpdateTable', `${glue}:table/gold/plot_index`],
    ['cubelake-sink', 's3:GetObject', `${warehouse}/control/granules/a.json`],
    ['cubelake-sink', 'kafka-cluster:ReadData', `${kafka}:topic/cubelake-edge/1b2c-7/cubelake.parts`],
    ['cubelake-sink', 'kafka-cluster:WriteData', `${kafka}:topic/cubelake-edge/1b2c-7/cubelake.parts.dead`],
    ['cubelake-sink', 'kafka-cluster:AlterGroup', `${kafka}:group/cubelake-edge/1b2c-7/cubelake-sink`],
  ])('%s may %s on %s', (role, action, resource) => {
    expect(mayRole(role, action, resource)).toBe(true);
  });

  it.each([
    ['only the settler tags', 'cubelake-job', 's3:PutObjectTagging', cube],
    ['only the settler tags', 'cubelake-batcher', 's3:PutObjectTagging', cube],
    ['a job cannot commit', 'cubelake-job', 's3:PutObject', `${table}/metadata/v7.metadata.json`],
    ['a job cannot plan', 'cubelake-job', 's3:PutObject', `${warehouse}/control/manifests/a.json`],
    ['a job cannot delete', 'cubelake-job', 's3:DeleteObject', `${warehouse}/bronze/c1/zarr.json`],
    ['a job cannot delete an outcome', 'cubelake-job', 's3:DeleteObject', `${warehouse}/control/outcomes/m/0.json`],
    ['the batcher sends itself nothing', 'cubelake-batcher', 'sqs:SendMessage', queueArn('Objects')],
    ['a job sends nothing', 'cubelake-job', 'sqs:SendMessage', queueArn('Jobs')],
    ['nobody writes raw', 'cubelake-job', 's3:PutObject', cube],
    ['nobody deletes raw', 'cubelake-settler', 's3:DeleteObject', cube],
    ['nobody deletes raw versions', 'cubelake-settler', 's3:DeleteObjectVersion', cube],
    ['the batcher cannot commit', 'cubelake-batcher', 's3:PutObject', `${table}/metadata/v7.metadata.json`],
    ['tables lose no file', 'cubelake-settler', 's3:DeleteObject', `${table}/data/a.parquet`],
    ['nobody changes the bucket', 'cubelake-settler', 's3:PutBucketPolicy', raw],
    ['the reconciler cannot commit', 'cubelake-reconciler', 'glue:UpdateTable', `${glue}:table/silver/reflectance`],
    ['the batcher knows no tables', 'cubelake-batcher', 'glue:GetTable', `${glue}:table/silver/reflectance`],
    ['a job knows no catalog', 'cubelake-job', 'glue:GetTable', `${glue}:table/silver/reflectance`],
    ['nobody drops a table', 'cubelake-settler', 'glue:DeleteTable', `${glue}:table/silver/reflectance`],
    ['databases of others', 'cubelake-settler', 'glue:UpdateTable', `${glue}:table/payroll/salaries`],
    ['only the settler tags', 'cubelake-reconciler', 's3:PutObjectTagging', cube],
    ['only the settler tags', 'cubelake-sink', 's3:PutObjectTagging', cube],
    ['the sink commits to silver and gold only', 'cubelake-sink', 'glue:UpdateTable', `${glue}:table/ref/plots`],
    ['the sink commits to silver and gold only', 'cubelake-sink', 's3:PutObject', `${warehouse}/tables/ref/plots/a`],
    ['the sink writes no ledger', 'cubelake-sink', 's3:PutObject', `${warehouse}/control/granules/a.json`],
    ['the sink reads no manifest', 'cubelake-sink', 's3:GetObject', `${warehouse}/control/manifests/a.json`],
    ['the sink reads no raw cube', 'cubelake-sink', 's3:GetObject', cube],
    [
      'the sink writes no parts',
      'cubelake-sink',
      'kafka-cluster:WriteData',
      `${kafka}:topic/cubelake-edge/1/cubelake.parts`,
    ],
    ['topics of others', 'cubelake-sink', 'kafka-cluster:ReadData', `${kafka}:topic/cubelake-edge/1/payroll`],
    ['clusters of others', 'cubelake-sink', 'kafka-cluster:ReadData', `${kafka}:topic/other/1/cubelake.parts`],
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
