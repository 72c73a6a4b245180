import {
  CommitConflictError,
  CommitStateUnknownError,
  ConfigurationError,
  FormatError,
  NotFoundError,
  PreconditionFailedError,
  TemporaryError,
} from '#core/errors.ts';

/** An answer of the protocol other than success. */
export class HttpError extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

/**
 * 409 means that nothing happened; 500 with CommitStateUnknownException that nobody knows. Clients keep their files after
 * the second, so no other failure may be told as the first.
 * @source Apache Iceberg REST catalog OpenAPI, "IcebergErrorResponse"
 */
export function errorResponse(error: unknown): { readonly status: number; readonly body: object } {
  const { status, type, message } = classified(error);
  return { status, body: { error: { message, type, code: status } } };
}

function classified(error: unknown): { readonly status: number; readonly type: string; readonly message: string } {
  if (error instanceof HttpError) return error;
  if (!(error instanceof Error)) return { status: 500, type: 'InternalServerError', message: String(error) };
  const { message } = error;
  if (error instanceof CommitStateUnknownError) return { status: 500, type: 'CommitStateUnknownException', message };
  if (error instanceof CommitConflictError || error instanceof PreconditionFailedError)
    return { status: 409, type: 'CommitFailedException', message };
  if (error instanceof NotFoundError) return { status: 404, type: 'NoSuchTableException', message };
  if (error instanceof FormatError || error instanceof ConfigurationError)
    return { status: 400, type: 'BadRequestException', message };
  if (error instanceof TemporaryError) return { status: 503, type: 'ServiceUnavailableException', message };
  return {
    status: 500,
    type: 'InternalServerError',
    message: 'Expected to answer, got an error of the server itself.',
  };
}
