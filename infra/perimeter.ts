import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Deployment } from './deployment.ts';

/** Data perimeter: people and programs of another organisation are refused whatever their own policies say. */
export function refuseOutsiders(bucket: Bucket, { organization_id }: Deployment): void {
  if (organization_id === null) return;
  bucket.addToResourcePolicy(
    new PolicyStatement({
      sid: 'OwnOrganizationOnly',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['s3:*'],
      resources: [bucket.bucketArn, bucket.arnForObjects('*')],
      conditions: {
        StringNotEqualsIfExists: { 'aws:PrincipalOrgID': organization_id },
        BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' },
      },
    }),
  );
}
