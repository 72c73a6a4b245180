import { createHash, createHmac } from 'node:crypto';

export interface RequestToSign {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
}

export interface Signing {
  readonly region: string;
  readonly service: string;
  readonly nowMs: number;
  readonly credentials: AwsCredentials;
}

const algorithm = 'AWS4-HMAC-SHA256';

/**
 * Headers that sign a request: all of its headers, the host, the query and the body.
 *
 * @returns `x-amz-date`, `authorization` and, with temporary credentials, `x-amz-security-token`.
 * @source AWS General Reference, "Create a signed AWS API request"; paths are encoded twice, as for all services but S3
 */
export function signV4(request: RequestToSign, signing: Signing): Record<string, string> {
  const time = timeOf(signing);
  const added: Record<string, string> = { 'x-amz-date': time };
  const { sessionToken, accessKeyId } = signing.credentials;
  if (sessionToken !== undefined) added['x-amz-security-token'] = sessionToken;
  const headers = { ...request.headers, ...added, host: request.url.host };
  const { signature, signedHeaders } = signatureOf({ ...request, headers }, signing);
  const credential = `${accessKeyId}/${scopeOf(signing)}`;
  return {
    ...added,
    authorization: `${algorithm} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}

/**
 * An address that proves who has made it, for a GET without a body.
 *
 * @param expirySeconds It is good for so long.
 * @source AWS General Reference, "Create a signed AWS API request", parameters in the query
 */
export function presignV4(url: URL, expirySeconds: number, signing: Signing): URL {
  const { accessKeyId, sessionToken } = signing.credentials;
  const added: Record<string, string> = {
    'X-Amz-Algorithm': algorithm,
    'X-Amz-Credential': `${accessKeyId}/${scopeOf(signing)}`,
    'X-Amz-Date': timeOf(signing),
    'X-Amz-Expires': String(expirySeconds),
    'X-Amz-SignedHeaders': 'host',
    ...(sessionToken === undefined ? {} : { 'X-Amz-Security-Token': sessionToken }),
  };
  const presigned = new URL(url);
  for (const [name, value] of Object.entries(added)) presigned.searchParams.append(name, value);
  const { signature } = signatureOf({ method: 'GET', url: presigned, headers: { host: url.host }, body: '' }, signing);
  presigned.searchParams.append('X-Amz-Signature', signature);
  return presigned;
}

/** 20260601T120000Z */
function timeOf({ nowMs }: Signing): string {
  return new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function scopeOf(signing: Signing): string {
  return `${timeOf(signing).slice(0, 8)}/${signing.region}/${signing.service}/aws4_request`;
}

function signatureOf(request: RequestToSign, signing: Signing): { signature: string; signedHeaders: string } {
  const headers = Object.entries(request.headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const signedHeaders = headers.map(([name]) => name).join(';');
  const canonical = [
    request.method,
    canonicalPath(request.url),
    canonicalQuery(request.url),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    signedHeaders,
    sha256(request.body),
  ].join('\n');
  const scope = scopeOf(signing);
  const toSign = [algorithm, timeOf(signing), scope, sha256(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${signing.credentials.secretAccessKey}`);
  return { signature: hmac(key, toSign).toString('hex'), signedHeaders };
}

/** Each segment of the path as it is sent, encoded once more. */
function canonicalPath(url: URL): string {
  return url.pathname.split('/').map(percentEncoded).join('/');
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(value)}`)
    .sort()
    .join('&');
}

/** RFC 3986: all but letters, digits, `-`, `.`, `_` and `~`. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}
