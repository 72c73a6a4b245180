import { createHash } from 'node:crypto';

export interface FakeRequest {
  readonly method: string;
  /** `/bucket/key`, decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface FakeAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export interface FakeObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly modified: string;
  tags: string;
  /** `GLACIER` refuses reads. */
  storageClass?: string;
}

export interface FakeStore {
  readonly objects: Map<string, FakeObject>;
  readonly uploads: Map<
    string,
    { readonly key: string; readonly parts: Map<number, Buffer>; readonly metadata: FakeObject['metadata'] }
  >;
}

/** Now: the SDK repeats requests to a server whose clock is wrong. */
const date = (): string => new Date().toUTCString();
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
const answer = (status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): FakeAnswer => ({
  status,
  headers: { date: date(), ...headers },
  body: Buffer.from(body),
});
const refusal = (status: number, code: string): FakeAnswer =>
  answer(status, { 'content-type': 'application/xml' }, `<Error><Code>${code}</Code><Message>m</Message></Error>`);
const xml = (body: string): FakeAnswer => answer(200, { 'content-type': 'application/xml' }, body);

/** What Amazon's API reference says that these requests answer, for one bucket without versions. */
export function answerOf(store: FakeStore, request: FakeRequest): FakeAnswer {
  const { method, path, query } = request;
  const key = path.split('/').slice(2).join('/');
  if (query.has('list-type')) return listing(store, query);
  if (query.has('tagging')) return tagging(store, request, key);
  if (query.has('uploads') || query.has('uploadId')) return upload(store, request, key);
  if (method === 'PUT') return put(store, request, key);
  if (method === 'DELETE') {
    store.objects.delete(key);
    return answer(204);
  }
  return read(store, request, key);
}

/** What a conditional write is refused with; null when it may go on. */
function refusedWrite(store: FakeStore, { headers }: FakeRequest, key: string): FakeAnswer | null {
  const current = store.objects.get(key);
  if (headers['if-none-match'] === '*' && current !== undefined) return refusal(412, 'PreconditionFailed');
  if (headers['if-match'] === undefined) return null;
  if (current === undefined) return refusal(404, 'NoSuchKey');
  return headers['if-match'] === `"${current.etag}"` ? null : refusal(412, 'PreconditionFailed');
}

function put(store: FakeStore, request: FakeRequest, key: string): FakeAnswer {
  const refused = refusedWrite(store, request, key);
  if (refused !== null) return refused;
  const { headers, body } = request;
  const etag = md5(body);
  store.objects.set(key, { bytes: body, etag, metadata: metadataOf(headers), modified: date(), tags: '' });
  return answer(200, { etag: `"${etag}"` });
}

function read(store: FakeStore, { method, headers }: FakeRequest, key: string): FakeAnswer {
  const found = store.objects.get(key);
  if (found === undefined) return method === 'HEAD' ? answer(404) : refusal(404, 'NoSuchKey');
  if (method === 'GET' && found.storageClass === 'GLACIER') return refusal(403, 'InvalidObjectState');
  if (headers['if-match'] !== undefined && headers['if-match'] !== `"${found.etag}"`) {
    return refusal(412, 'PreconditionFailed');
  }
  const facts = { etag: `"${found.etag}"`, 'last-modified': found.modified, ...found.metadata };
  if (method === 'HEAD') return answer(200, { ...facts, 'content-length': String(found.bytes.byteLength) });
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '');
  if (range === null) return answer(200, facts, found.bytes);
  const body = found.bytes.subarray(Number(range[1]), Number(range[2]) + 1);
  const contentRange = `bytes ${range[1]}-${range[2]}/${found.bytes.byteLength}`;
  return answer(206, { ...facts, 'content-range': contentRange }, body);
}

function upload(store: FakeStore, request: FakeRequest, key: string): FakeAnswer {
  const { method, query, headers, body } = request;
  if (query.has('uploads')) {
    const id = `upload-${store.uploads.size}-${key.length}`;
    store.uploads.set(id, { key, parts: new Map(), metadata: metadataOf(headers) });
    return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
  }
  const id = query.get('uploadId')!;
  const found = store.uploads.get(id);
  if (found === undefined) return refusal(404, 'NoSuchUpload');
  if (method === 'PUT') {
    found.parts.set(Number(query.get('partNumber')), body);
    return answer(200, { etag: `"${md5(body)}"` });
  }
  const refused = method === 'POST' ? refusedWrite(store, request, key) : null;
  if (refused !== null) return refused;
  store.uploads.delete(id);
  if (method === 'DELETE') return answer(204);
  const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map((match) => Number(match[1]));
  const bytes = Buffer.concat(numbers.map((number) => found.parts.get(number)!));
  const etag = `${md5(bytes)}-${numbers.length}`;
  store.objects.set(key, { bytes, etag, metadata: found.metadata, modified: date(), tags: '' });
  return xml(`<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`);
}

/** Two keys a page, so that listings have pages. */
function listing(store: FakeStore, query: URLSearchParams): FakeAnswer {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token');
  const keys = [...store.objects.keys()]
    .filter((key) => key.startsWith(prefix))
    .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    .filter((key) => after === null || Buffer.compare(Buffer.from(key), Buffer.from(after, 'base64')) > 0);
  const page = keys.slice(0, 2);
  const entries = page.map((key) => {
    const { etag, bytes, modified } = store.objects.get(key)!;
    const when = new Date(modified).toISOString();
    return `<Contents><Key>${encodeURIComponent(key).replaceAll('%20', '+')}</Key><LastModified>${when}</LastModified><ETag>"${etag}"</ETag><Size>${bytes.byteLength}</Size></Contents>`;
  });
  const isTruncated = keys.length > page.length;
  const next = Buffer.from(page.at(-1) ?? '').toString('base64');
  const token = isTruncated ? `<NextContinuationToken>${next}</NextContinuationToken>` : '';
  return xml(
    `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>${token}${entries.join('')}</ListBucketResult>`,
  );
}

function tagging(store: FakeStore, { method, body }: FakeRequest, key: string): FakeAnswer {
  const found = store.objects.get(key);
  if (found === undefined) return refusal(404, 'NoSuchKey');
  if (method === 'PUT') found.tags = /<TagSet>.*<\/TagSet>/s.exec(body.toString())?.[0] ?? '';
  return xml(`<Tagging>${found.tags || '<TagSet></TagSet>'}</Tagging>`);
}

function metadataOf(headers: FakeRequest['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-')));
}
