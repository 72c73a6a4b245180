import { ConfigurationError, TemporaryError } from '#core/errors.ts';
import { cloudStallMsMax } from '#core/limits.ts';
import { type AwsCredentials, signV4 } from '#core/signing/sign-v4.ts';
import { type KafkaOptions, kafkaBrokers } from './kafka-connection.ts';
import { mskToken } from './msk-token.ts';

export interface MskOptions {
  readonly clusterArn: string;
  readonly clientId: string;
  /** Asked for at every connection: temporary keys are renewed while programs run. */
  readonly credentials: () => Promise<AwsCredentials>;
  readonly nowMs: () => number;
  /** Node's own, unless a test gives another. */
  readonly fetch?: typeof fetch;
}

/**
 * The brokers of a cluster of MSK that let in whom IAM lets in.
 * @throws ConfigurationError for an ARN of something else, a cluster without such brokers, or missing rights; TemporaryError
 *   when AWS does not answer.
 */
export async function mskKafka(options: MskOptions): Promise<KafkaOptions> {
  const { clientId, credentials, nowMs } = options;
  const region = regionOf(options.clusterArn);
  const brokers = await bootstrapBrokers(region, options);
  const token = async (): Promise<string> => mskToken(region, nowMs(), await credentials());
  return { brokers, clientId, tls: {}, sasl: { mechanism: 'OAUTHBEARER', token } };
}

function regionOf(clusterArn: string): string {
  const region = /^arn:aws:kafka:([a-z0-9-]+):\d{12}:cluster\/[^/]+\/[^/]+$/.exec(clusterArn)?.[1];
  if (region !== undefined) return region;
  throw new ConfigurationError(`Expected the ARN of a cluster of MSK, got "${clusterArn}".`);
}

async function bootstrapBrokers(region: string, options: MskOptions): Promise<string[]> {
  const { clusterArn, credentials, nowMs, fetch: send = fetch } = options;
  const path = `/v1/clusters/${encodeURIComponent(clusterArn)}/bootstrap-brokers`;
  const url = new URL(`https://kafka.${region}.amazonaws.com${path}`);
  const headers = signV4(
    { method: 'GET', url, headers: {}, body: '' },
    { region, service: 'kafka', nowMs: nowMs(), credentials: await credentials() },
  );
  const response = await send(url, { headers, signal: AbortSignal.timeout(cloudStallMsMax) }).catch(
    (error: unknown) => {
      throw new TemporaryError(`Expected MSK to name its brokers, got no answer (${url.host}).`, { clusterArn }, error);
    },
  );
  const body = await response.text();
  const words = `status ${response.status}: ${body.slice(0, 300)} (${clusterArn})`;
  if (response.status === 429 || response.status >= 500)
    throw new TemporaryError(`Expected MSK to name its brokers, got ${words}.`, { clusterArn });
  if (response.status !== 200)
    throw new ConfigurationError(
      `Expected MSK to name its brokers, got ${words}. Allow kafka:GetBootstrapBrokers, and check the ARN.`,
      { clusterArn },
    );
  const text = brokersIn(body);
  if (text !== null) return kafkaBrokers(text);
  throw new ConfigurationError(
    `Expected a cluster that lets clients in by IAM, got one without such brokers (${clusterArn}). Turn on its IAM access control.`,
    { clusterArn },
  );
}

function brokersIn(body: string): string | null {
  try {
    const text = (JSON.parse(body) as { bootstrapBrokerStringSaslIam?: unknown }).bootstrapBrokerStringSaslIam;
    return typeof text === 'string' && text !== '' ? text : null;
  } catch {
    return null;
  }
}
