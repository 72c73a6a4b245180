import type { Batch } from '@aws-sdk/client-batch';
import { cloudAttemptCountMax, cloudConnectMsMax, cloudStallMsMax } from '#core/limits.ts';

export interface BatchConnectionOptions {
  /** Address of a Batch that is not Amazon's. */
  readonly endpoint?: string | null;
  /** null leaves it to the SDK: environment, profile. */
  readonly region?: string | null;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  readonly attemptCountMax?: number;
}

/** How one process talks to AWS Batch. The SDK is loaded with the first request. */
export interface BatchConnection {
  client(): Promise<Batch>;
}

export function batchConnection(options: BatchConnectionOptions = {}): BatchConnection {
  let client: Promise<Batch> | null = null;
  return {
    client: () => {
      client ??= newClient(options);
      return client;
    },
  };
}

async function newClient(options: BatchConnectionOptions): Promise<Batch> {
  const { Batch } = await import('@aws-sdk/client-batch');
  return new Batch({
    maxAttempts: options.attemptCountMax ?? cloudAttemptCountMax,
    // Batch takes 50 submissions a second of one account: a client that is told to slow down does.
    retryMode: 'adaptive',
    ...(options.endpoint == null ? {} : { endpoint: options.endpoint }),
    ...(options.region == null ? {} : { region: options.region }),
    ...(options.credentials == null ? {} : { credentials: options.credentials }),
    requestHandler: { connectionTimeout: cloudConnectMsMax, socketTimeout: cloudStallMsMax },
  });
}
