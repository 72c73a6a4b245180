import type { SQS } from '@aws-sdk/client-sqs';
import { cloudAttemptCountMax, cloudConnectMsMax, cloudStallMsMax } from '#core/limits.ts';

export interface SqsConnectionOptions {
  /** Address of an SQS that is not Amazon's; the queue's own URL when absent. */
  readonly endpoint?: string | null;
  /** null leaves it to the SDK: environment, profile. */
  readonly region?: string | null;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  readonly attemptCountMax?: number;
  /** Longer than the longest wait of a receive. */
  readonly stallMsMax?: number;
}

/** How one process talks to SQS. The SDK is loaded with the first request. */
export interface SqsConnection {
  client(): Promise<SQS>;
}

export function sqsConnection(options: SqsConnectionOptions = {}): SqsConnection {
  let client: Promise<SQS> | null = null;
  return {
    client: () => {
      client ??= newClient(options);
      return client;
    },
  };
}

async function newClient(options: SqsConnectionOptions): Promise<SQS> {
  const { SQS } = await import('@aws-sdk/client-sqs');
  return new SQS({
    maxAttempts: options.attemptCountMax ?? cloudAttemptCountMax,
    ...(options.endpoint == null ? {} : { endpoint: options.endpoint }),
    ...(options.region == null ? {} : { region: options.region }),
    ...(options.credentials == null ? {} : { credentials: options.credentials }),
    requestHandler: { connectionTimeout: cloudConnectMsMax, socketTimeout: options.stallMsMax ?? cloudStallMsMax },
  });
}
