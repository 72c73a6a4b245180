import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchResultErrorEntry } from '@aws-sdk/client-sqs';
import { ConfigurationError, CubelakeError, FormatError, TemporaryError } from '#core/errors.ts';
import { cloudAttemptCountMax } from '#core/limits.ts';

/** A receipt that is no longer, or never was, one: what it stood for needs no doing. */
const spentReceiptCodes = new Set(['ReceiptHandleIsInvalid', 'InvalidParameterValue', 'MessageNotInflight']);
const throttlingCodes = /Throttl|RequestTimeout|OverLimit|ServiceUnavailable/;
const firstWaitMs = 50;

/**
 * Performs a batch of at most ten, and what failed of it again while SQS is to blame. Spent receipts are done.
 * @throws FormatError when SQS refuses an entry; TemporaryError when entries fail to the last try.
 */
export async function retrySome(
  queueUrl: string,
  items: readonly string[],
  perform: (items: readonly string[]) => Promise<readonly BatchResultErrorEntry[] | undefined>,
): Promise<void> {
  let waiting = items;
  for (let attempt = 1; waiting.length > 0; attempt++) {
    const failed = ((await perform(waiting)) ?? []).filter(({ Code }) => !spentReceiptCodes.has(plainCode(Code)));
    const [first] = failed;
    if (first === undefined) return;
    const refused = failed.find(({ SenderFault, Code }) => SenderFault === true && !throttlingCodes.test(Code ?? ''));
    if (refused !== undefined)
      throw new FormatError(
        `Expected SQS to take every message, got ${refused.Code}: ${refused.Message} (${queueUrl}).`,
        { queueUrl },
      );
    if (attempt >= cloudAttemptCountMax)
      throw new TemporaryError(
        `Expected SQS to do its part, got ${first.Code}: ${first.Message} for ${failed.length} of ${items.length} messages (${queueUrl}). Try again.`,
        { queueUrl },
      );
    waiting = failed.map(({ Id }) => waiting[Number(Id)]!);
    await sleep(firstWaitMs * 2 ** attempt);
  }
}

/** `AWS.SimpleQueueService.NonExistentQueue` and `QueueDoesNotExist` are two spellings of the same protocol. */
function plainCode(code: string | undefined): string {
  return (code ?? '').split(/[.#]/).at(-1)!;
}

export function sqsError(cause: unknown, queueUrl: string): CubelakeError {
  if (cause instanceof CubelakeError) return cause;
  const {
    name = 'Error',
    message = String(cause),
    $metadata,
  } = cause as {
    name?: string;
    message?: string;
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? null;
  const fields = { queueUrl, code: name, status };
  const code = plainCode(name);
  if (/QueueDoesNotExist|NonExistentQueue/.test(code))
    return new ConfigurationError(`Expected a queue, got none (${queueUrl}). Correct its URL.`, fields, cause);
  const isClientFault = status !== null && status >= 300 && status < 500 && status !== 408 && status !== 429;
  if (code === 'CredentialsProviderError' || (isClientFault && !throttlingCodes.test(code)))
    return new ConfigurationError(
      `Expected SQS to accept the request, got ${code}: ${message} (${queueUrl}). Check credentials, region and rights.`,
      fields,
      cause,
    );
  return new TemporaryError(
    `Expected an answer of SQS, got ${code}: ${message} (${queueUrl}). Try again.`,
    fields,
    cause,
  );
}
