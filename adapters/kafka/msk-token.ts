import { type AwsCredentials, presignV4 } from '#core/signing/sign-v4.ts';

/** The longest that MSK takes. A token is asked for at every connection, so that none is used when it is old. */
const tokenLifeSeconds = 900;
const userAgent = 'cubelake';

/**
 * What a broker of MSK lets a client in with (SASL/OAUTHBEARER): a signed address that the broker itself asks.
 * @source aws-msk-iam-sasl-signer-python 1.0.2
 */
export function mskToken(region: string, nowMs: number, credentials: AwsCredentials): string {
  const url = new URL(`https://kafka.${region}.amazonaws.com/?Action=kafka-cluster%3AConnect`);
  const signed = presignV4(url, tokenLifeSeconds, { region, service: 'kafka-cluster', nowMs, credentials });
  // Beside the signature, as AWS's own signers have it.
  signed.searchParams.append('User-Agent', userAgent);
  return Buffer.from(signed.href).toString('base64url');
}
