import { setTimeout as sleep } from 'node:timers/promises';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { TemporaryError } from '#core/errors.ts';

const firstWaitMs = 50;

/** The answer began, and its body was not what it promised. */
export class BrokenBodyError extends TemporaryError {}

/**
 * Fills the whole of `target` with the body of an answer. The SDK repeats requests, not bodies: whoever asks again after
 * a BrokenBodyError asks for all of it. Silence ends it too: the connection's idle timeout destroys the body.
 * @throws BrokenBodyError when the body breaks off, stalls, has another length or another checksum. Disposition: retry.
 */
export async function readBodyInto(
  body: GetObjectCommandOutput['Body'],
  target: Uint8Array,
  uri: string,
): Promise<void> {
  let filledBytes = 0;
  let cause: unknown;
  try {
    for await (const chunk of chunksOf(body)) {
      if (filledBytes + chunk.byteLength > target.byteLength) {
        filledBytes += chunk.byteLength;
        break;
      }
      target.set(chunk, filledBytes);
      filledBytes += chunk.byteLength;
    }
    if (filledBytes === target.byteLength) return;
  } catch (error) {
    cause = error;
  }
  const reason = cause instanceof Error ? ` (${cause.message})` : '';
  throw new BrokenBodyError(
    `Expected a body of ${target.byteLength} bytes, got ${filledBytes}${reason} from S3 (${uri}). Try again.`,
    { key: uri },
    cause,
  );
}

/** Ends a body that nobody wants, so that its connection is free. */
export function discardBody(body: GetObjectCommandOutput['Body']): void {
  const stream = body as { destroy?: () => void; on?: (event: 'error', listener: () => void) => void } | undefined;
  stream?.on?.('error', () => undefined);
  stream?.destroy?.();
}

function chunksOf(body: GetObjectCommandOutput['Body']): AsyncIterable<Uint8Array> {
  return (body ?? []) as AsyncIterable<Uint8Array>;
}

/** Repeats what failed with a broken body; every other failure has been repeated by the SDK already. */
export async function askingAgain<Result>(attemptCountMax: number, ask: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof BrokenBodyError) || attempt >= attemptCountMax) throw error;
      await sleep(firstWaitMs * 2 ** attempt);
    }
  }
}
