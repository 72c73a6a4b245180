import { type Call, isAllowed, type Statement } from './access.ts';
import type { Synthesized } from './synthesized.ts';

type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;

/** What the policies of a deployment say, with references put into words. */
export interface Policies {
  readonly statementsOfRole: (roleName: string) => Statement[];
  readonly statementsOfBucket: (bucketArn: string) => Statement[];
  readonly arnOf: (value: unknown) => string;
  /**
   * Role policy and bucket policy together, as in one account: an allow of the role is enough unless the bucket denies. The
   * request comes over TLS from the organisation unless `more` says otherwise.
   */
  readonly mayRole: (roleName: string, action: string, resource: string, more?: Call['context']) => boolean;
}

export const organization = 'o-exampleorgid';

/** What a request of a role carries besides its action. */
export function requestOf(roleName: string, more: Call['context'] = {}): NonNullable<Call['context']> {
  return {
    'aws:PrincipalArn': `arn:aws:iam::111122223333:role/${roleName}`,
    'aws:PrincipalOrgID': organization,
    'aws:PrincipalIsAWSService': 'false',
    'aws:SecureTransport': 'true',
    's3:TlsVersion': '1.3',
    ...more,
  };
}

export function policiesOf({ storage, processing, edge }: Synthesized): Policies {
  const resourcesOf = (template: typeof storage | null): Resources => (template?.toJSON().Resources ?? {}) as Resources;
  const stored = resourcesOf(storage);
  const computing = { ...resourcesOf(processing), ...resourcesOf(edge) };

  const bucketArn = (logicalId: string): string | undefined => {
    const name = stored[logicalId]?.Properties['BucketName'];
    return name === undefined ? undefined : `arn:aws:s3:::${String(name)}`;
  };

  /** Buckets and queues by their names; every other reference stands for its logical id. */
  function arnOf(value: unknown): string {
    if (typeof value === 'string') return value;
    const [name, argument] = Object.entries(value as Record<string, unknown>)[0]!;
    if (name === 'Fn::Join') return ((argument as [string, unknown[]])[1] as unknown[]).map(arnOf).join('');
    const text = name === 'Fn::GetAtt' ? (argument as string[]).join('.') : String(argument);
    const queue = /Queues(ObjectDeadLetters|JobDeadLetters|Objects|Jobs)[0-9A-F]{8}/.exec(text)?.[1];
    if (queue !== undefined) return queueArn(queue as QueueName);
    return (name === 'Fn::GetAtt' ? bucketArn((argument as [string])[0]) : undefined) ?? `<${text}>`;
  }

  function statementsOfRole(roleName: string): Statement[] {
    const role = Object.keys(computing).find((id) => computing[id]!.Properties['RoleName'] === roleName);
    if (role === undefined) throw new Error(`Expected a role ${roleName}, got none`);
    return Object.values(computing)
      .filter(({ Type }) => Type === 'AWS::IAM::Policy')
      .filter(({ Properties }) => (Properties['Roles'] as { Ref: string }[]).some(({ Ref }) => Ref === role))
      .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement);
  }

  function statementsOfBucket(arn: string): Statement[] {
    return Object.values(stored)
      .filter(({ Type }) => Type === 'AWS::S3::BucketPolicy')
      .filter(({ Properties }) => bucketArn((Properties['Bucket'] as { Ref: string }).Ref) === arn)
      .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement);
  }

  const known = new Map<string, Statement[]>();
  const once = (key: string, make: (key: string) => Statement[]): Statement[] => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key)!;
  };

  return {
    statementsOfRole,
    statementsOfBucket,
    arnOf,
    mayRole(roleName, action, resource, more = {}) {
      const statements = [...once(roleName, statementsOfRole), ...once(resource.split('/')[0]!, statementsOfBucket)];
      return isAllowed(statements, { action, resource, context: requestOf(roleName, more) }, arnOf);
    },
  };
}

export type QueueName = 'Objects' | 'Jobs' | 'ObjectDeadLetters' | 'JobDeadLetters';

export function queueArn(name: QueueName): string {
  return `<queue ${name}>`;
}
