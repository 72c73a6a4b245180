import type { S3 } from '@aws-sdk/client-s3';
import { cloudAttemptCountMax, cloudConnectMsMax, cloudStallMsMax } from '#core/limits.ts';

export interface S3ConnectionOptions {
  /** Address of an S3 that is not Amazon's; null for Amazon's. */
  readonly endpoint?: string | null;
  /** null leaves it to the SDK: environment, profile. */
  readonly region?: string | null;
  /** `http://host/bucket/key` instead of `http://bucket.host/key`. */
  readonly isPathStyle?: boolean;
  /** null leaves them to the SDK: environment, profile, role of the container or machine. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | null;
  /** Tries of one request, the first included. */
  readonly attemptCountMax?: number;
  /** False for servers that list in the order of their folders: listings are then read whole and sorted. */
  readonly hasOrderedListings?: boolean;
  /** A request, or the body of an answer, that moves no byte for this long has failed. */
  readonly stallMsMax?: number;
}

/** How one process talks to S3. The SDK is loaded with the first request, so that runs on local folders do not pay for it. */
export interface S3Connection {
  /** One client and one pool of connections for all stores. */
  client(): Promise<S3>;
  /** The store's clock when it gave this answer, in whole seconds; null when it did not say. */
  answeredMs(answer: object): number | null;
  readonly attemptCountMax: number;
  readonly hasOrderedListings: boolean;
}

export function s3Connection(options: S3ConnectionOptions = {}): S3Connection {
  const dates = new WeakMap<object, number>();
  const attemptCountMax = options.attemptCountMax ?? cloudAttemptCountMax;
  let client: Promise<S3> | null = null;
  return {
    attemptCountMax,
    hasOrderedListings: options.hasOrderedListings ?? true,
    client: () => {
      client ??= newClient(options, attemptCountMax, dates);
      return client;
    },
    answeredMs: (answer) => dates.get(answer) ?? null,
  };
}

async function newClient(
  options: S3ConnectionOptions,
  maxAttempts: number,
  dates: WeakMap<object, number>,
): Promise<S3> {
  const { S3 } = await import('@aws-sdk/client-s3');
  const client = new S3({
    maxAttempts,
    ...(options.endpoint == null ? {} : { endpoint: options.endpoint }),
    ...(options.region == null ? {} : { region: options.region }),
    ...(options.credentials == null ? {} : { credentials: options.credentials }),
    forcePathStyle: options.isPathStyle ?? false,
    requestHandler: {
      connectionTimeout: cloudConnectMsMax,
      // Time without a byte, not time of the whole request: a long upload over a thin line is no failure.
      socketTimeout: options.stallMsMax ?? cloudStallMsMax,
    },
  });
  client.middlewareStack.add(
    (next) => async (request) => {
      const result = await next(request);
      const { headers } = result.response as { headers?: Readonly<Record<string, string>> };
      const answeredMs = Date.parse(headers?.['date'] ?? '');
      if (result.output !== undefined && !Number.isNaN(answeredMs)) dates.set(result.output, answeredMs);
      return result;
    },
    { step: 'deserialize', name: 'rememberDateOfAnswer', priority: 'high' },
  );
  return client;
}
