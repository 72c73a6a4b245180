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
  /** Tries a request once: the SDK would repeat a submission whose answer was lost, and Batch would run the job twice. */
  singleTryClient(): Promise<Batch>;
  readonly attemptCountMax: number;
}

export function batchConnection(options: BatchConnectionOptions = {}): BatchConnection {
  const attemptCountMax = options.attemptCountMax ?? cloudAttemptCountMax;
  let client: Promise<Batch> | null = null;
  let singleTryClient: Promise<Batch> | null = null;
  return {
    attemptCountMax,
    client: () => {
      client ??= newClient(options, attemptCountMax);
      return client;
    },
    singleTryClient: () => {
      singleTryClient ??= newClient(options, 1);
      return singleTryClient;
    },
  };
}

async function newClient(options: BatchConnectionOptions, attemptCountMax: number): Promise<Batch> {
  const { Batch } = await import('@aws-sdk/client-batch');
  return new Batch({
    maxAttempts: attemptCountMax,
    // Batch takes 50 submissions a second of one account: a client that is told to slow down does.
    retryMode: 'adaptive',
    ...(options.endpoint == null ? {} : { endpoint: options.endpoint }),
    ...(options.region == null ? {} : { region: options.region }),
    ...(options.credentials == null ? {} : { credentials: options.credentials }),
    requestHandler: { connectionTimeout: cloudConnectMsMax, socketTimeout: cloudStallMsMax },
  });
}
