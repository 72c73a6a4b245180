import type { S3Client } from '@aws-sdk/client-s3';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Keys for requests that the SDK does not sign itself, from where every AWS tool finds them; the SDK renews temporary ones. */
export function awsCredentials(): () => Promise<AwsKeys> {
  let client: Promise<S3Client> | null = null;
  return async () => {
    // The region has no part in it, but a client does not start without one.
    client ??= import('@aws-sdk/client-s3').then(({ S3Client }) => new S3Client({ region: 'us-east-1' }));
    const { accessKeyId, secretAccessKey, sessionToken } = await (await client).config.credentials();
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  };
}
