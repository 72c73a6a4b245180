import {
  ArchivedObjectError,
  ConfigurationError,
  CubelakeError,
  FormatError,
  NotFoundError,
  PreconditionFailedError,
  TemporaryError,
} from '#core/errors.ts';

/** What the SDK says of a refused or failed request, read without its classes: they are not loaded here. */
export interface S3Refusal {
  /** `NoSuchKey`, `AccessDenied`, ...; of HEAD requests only a word for the status. */
  readonly code: string;
  /** null when no answer came. */
  readonly status: number | null;
  /** Tries of this request, the first included. */
  readonly attemptCount: number;
}

export function refusalOf(error: unknown): S3Refusal {
  const { name, Code, code, $metadata } = error as {
    name?: string;
    Code?: string;
    code?: string;
    $metadata?: { httpStatusCode?: number; attempts?: number };
  };
  return {
    code: Code ?? (name === undefined || name === 'Error' ? (code ?? 'Error') : name),
    status: $metadata?.httpStatusCode ?? null,
    attemptCount: $metadata?.attempts ?? 1,
  };
}

const credentialCodes = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
]);
/** These may pass, whatever their status: an upload that is gone was ended by someone, and can begin again. */
const passingCodes = new Set([
  'NoSuchUpload',
  'SlowDown',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'ThrottlingException',
]);

/** A failure of S3 as an error with a disposition. `where` is the object's URI; errors of our own pass unchanged. */
export function s3Error(cause: unknown, where: string): CubelakeError {
  if (cause instanceof CubelakeError) return cause;
  const { code, status } = refusalOf(cause);
  const fields = { where, code, status };
  if (code === 'NoSuchBucket')
    return new ConfigurationError(
      `Expected a bucket, got none (${where}). Create it or correct its name.`,
      fields,
      cause,
    );
  if (passingCodes.has(code)) return temporary(cause, where, fields);
  if (status === 404) return new NotFoundError(`Expected an object, got none (${where}).`, fields, cause);
  if (code === 'InvalidObjectState')
    return new ArchivedObjectError(
      `Expected an object that can be read, got an archived one (${where}). Restore it, then reprocess its granule.`,
      fields,
      cause,
    );
  if (status === 412)
    return new PreconditionFailedError(
      `Expected the version that was read before, got another (${where}). The object was overwritten meanwhile.`,
      fields,
      cause,
    );
  if (credentialCodes.has(code))
    return new ConfigurationError(
      `Expected valid AWS credentials, got ${code} (${where}). Sign in again or correct them.`,
      fields,
      cause,
    );
  if (code === 'KeyTooLongError' || code === 'InvalidTag' || code === 'EntityTooLarge')
    return new FormatError(`Expected an object that S3 accepts, got ${code} (${where}).`, fields, cause);
  if (status === null || status === 408 || status === 429 || status >= 500) return temporary(cause, where, fields);
  if (status === 403)
    return new ConfigurationError(
      `Expected the right to use this object, got ${code} (${where}). Allow this role to read, write, list and tag it.`,
      fields,
      cause,
    );
  if (status >= 300)
    return new ConfigurationError(
      `Expected S3 to accept the request, got ${status} ${code} (${where}). Check region, endpoint and bucket.`,
      fields,
      cause,
    );
  return temporary(cause, where, fields);
}

function temporary(cause: unknown, where: string, fields: S3ErrorFields): TemporaryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TemporaryError(
    `Expected an answer of S3, got ${fields.code}: ${reason} (${where}). Try again.`,
    fields,
    cause,
  );
}

interface S3ErrorFields {
  readonly [field: string]: string | number | null;
  readonly code: string;
}
