import { createHash } from 'node:crypto';
import { idempotencyLifetimeMs, idempotentAnswerBytesMax, idempotentAnswerCountMax } from '#core/limits.ts';
import { HttpError } from './error-response.ts';

/** An answer as it goes over the wire. */
export interface WireResponse {
  readonly status: number;
  readonly text: string;
  readonly etag: string;
}

interface Remembered {
  readonly fingerprint: string;
  readonly timeMs: number;
  readonly response: Promise<WireResponse>;
  sizeBytes: number;
}

/**
 * Answers of requests with an `Idempotency-Key`: the same request again, whoever on the way repeated it, gets the same
 * answer and changes nothing. Failures of the server are not kept; the oldest answers give way when there are too many.
 *
 * @source Apache Iceberg REST catalog OpenAPI, "idempotency-key"
 */
export class RepeatedRequests {
  readonly #remembered = new Map<string, Remembered>();
  readonly #nowMs: () => number;
  #sizeBytes = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @throws HttpError 422 for a key that came with another request. */
  async once(key: string, request: readonly string[], perform: () => Promise<WireResponse>): Promise<WireResponse> {
    this.#forget();
    const fingerprint = createHash('sha256').update(JSON.stringify(request)).digest('hex');
    const known = this.#remembered.get(key);
    if (known !== undefined) {
      if (known.fingerprint === fingerprint) return known.response;
      throw new HttpError(422, 'UnprocessableEntityException', 'Expected a new key for a new request, got a used one.');
    }
    const entry: Remembered = { fingerprint, timeMs: this.#nowMs(), response: perform(), sizeBytes: 0 };
    this.#remembered.set(key, entry);
    const response = await entry.response.catch((error: unknown) => {
      this.#remove(key, entry);
      throw error;
    });
    if (response.status >= 500) this.#remove(key, entry);
    else if (this.#remembered.get(key) === entry) {
      entry.sizeBytes = response.text.length;
      this.#sizeBytes += entry.sizeBytes;
    }
    return response;
  }

  #forget(): void {
    for (const [key, entry] of this.#remembered) {
      const isOld = this.#nowMs() - entry.timeMs > idempotencyLifetimeMs;
      const areMany = this.#remembered.size > idempotentAnswerCountMax || this.#sizeBytes > idempotentAnswerBytesMax;
      if (!isOld && !areMany) return;
      this.#remove(key, entry);
    }
  }

  #remove(key: string, entry: Remembered): void {
    if (this.#remembered.get(key) !== entry) return;
    this.#remembered.delete(key);
    this.#sizeBytes -= entry.sizeBytes;
  }
}
