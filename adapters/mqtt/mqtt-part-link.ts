import type { MqttClient } from 'mqtt';
import { CubelakeError, FormatError, TemporaryError } from '#core/errors.ts';
import { partsInFlightCountMax } from '#core/limits.ts';
import type { PartLink, PartMessage } from '#core/ports/part-link.ts';
import { partsTopicOf, type Receipt, receiptSchema, receiptsTopicOf } from '#schemas/edge-messages.ts';
import { checkMqttOptions, connectOnce, type MqttOptions, mqttFailure, reconnectWaitMs } from './mqtt-session.ts';

/** Room for topic and attributes beside the part. */
const envelopeBytes = 2048;
/**
 * A ping waits behind the parts that are on their way: a part of 900 KiB takes 230 s at 32 kbit/s, and with less patience a link as
 * slow as that would be dropped in the middle of every part.
 */
const keepaliveSeconds = 160;
/** For the broker's answer to a part: when one comes after the other on the slowest link. */
const publishWaitMs = partsInFlightCountMax * keepaliveSeconds * 1500;

/**
 * The link of one device to its broker. It connects by itself, again and again, and takes the device's receipts.
 * @throws ConfigurationError for impossible options. Disposition: stop.
 */
export function openMqttPartLink(options: MqttOptions & { readonly deviceId: string }): PartLink {
  checkMqttOptions(options);
  return new MqttPartLink(options);
}

class MqttPartLink implements PartLink {
  readonly #options: MqttOptions & { readonly deviceId: string };
  #client: MqttClient | null = null;
  /** Ends what is on its way when the connection does. */
  #lost = new AbortController();
  #packetBytesMax = Number.POSITIVE_INFINITY;
  #attempt = 0;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;
  #lastError: string | null = null;
  /** The last that was told, so that a link that is gone for a day says so once; undefined while there is a link. */
  #toldError: string | null | undefined = undefined;
  #takeReceipt: (receipt: Receipt) => Promise<void> = () => Promise.resolve();
  #tellChange: (isConnected: boolean, error: string | null) => void = () => {};

  constructor(options: MqttOptions & { readonly deviceId: string }) {
    this.#options = options;
    this.#connect();
  }

  isConnected(): boolean {
    return this.#client?.connected === true;
  }

  async publish({ attributes, bytes }: PartMessage): Promise<void> {
    const client = this.#client;
    if (client === null || !client.connected) throw new TemporaryError('Expected a link to the broker, got none.');
    if (bytes.length + envelopeBytes > this.#packetBytesMax) {
      throw new FormatError(
        `Expected a part that the broker takes (${this.#packetBytesMax} bytes a packet), got ${bytes.length} bytes. Give a smaller --part-kib, or the broker a larger max_packet_size.`,
        { contentId: attributes.id },
      );
    }
    const { datacontenttype, ...named } = attributes;
    const sent = client.publishAsync(partsTopicOf(this.#options.deviceId), Buffer.from(bytes), {
      qos: 1,
      properties: { contentType: datacontenttype, userProperties: named },
    });
    try {
      await orLost(sent, this.#lost.signal);
    } catch (error) {
      if (error instanceof CubelakeError) throw error;
      throw new TemporaryError(
        `Expected the broker to take part ${attributes.id}, got: ${this.#words(error)}.`,
        {},
        error,
      );
    }
  }

  onReceipt(listener: (receipt: Receipt) => Promise<void>): void {
    this.#takeReceipt = listener;
  }

  onChange(listener: (isConnected: boolean, error: string | null) => void): void {
    this.#tellChange = listener;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const client = this.#client;
    // What is still on its way would be waited for, however long the broker stands still.
    const isIdle = client?.connected === true && Object.keys(client.outgoing).length === 0;
    await client?.endAsync(!isIdle).catch(() => undefined);
  }

  #connect(): void {
    this.#timer = null;
    let client: MqttClient;
    try {
      client = connectOnce(this.#options, { keepalive: keepaliveSeconds });
    } catch (error) {
      this.#retry(error);
      return;
    }
    this.#client = client;
    this.#lost = new AbortController();
    client.on('error', (error) => {
      this.#lastError = this.#words(error);
    });
    client.on('connect', (answer) => {
      this.#packetBytesMax = answer.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY;
      client.subscribe(receiptsTopicOf(this.#options.deviceId), { qos: 1 }, (error) => {
        if (error) return void client.end(true);
        this.#attempt = 0;
        this.#lastError = null;
        this.#toldError = undefined;
        this.#tellChange(true, null);
      });
    });
    client.on('message', (_, payload) => void this.#receive(payload));
    client.once('close', () => {
      this.#lost.abort();
      client.end(true);
      if (this.#toldError !== this.#lastError) this.#tellChange(false, this.#lastError);
      this.#toldError = this.#lastError;
      this.#retry(null);
    });
  }

  #retry(error: unknown): void {
    if (error !== null) this.#lastError = this.#words(error);
    if (this.#isClosed || this.#timer !== null) return;
    this.#timer = setTimeout(() => this.#connect(), reconnectWaitMs(++this.#attempt));
  }

  /** What is no receipt is none of a bridge's: nothing follows from it. */
  async #receive(payload: Buffer): Promise<void> {
    try {
      await this.#takeReceipt(receiptSchema.parse(JSON.parse(payload.toString())));
    } catch (error) {
      this.#lastError = this.#words(error);
    }
  }

  #words(error: unknown): string {
    return mqttFailure(error, this.#options);
  }
}

function orLost(sent: Promise<unknown>, lost: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      lost.removeEventListener('abort', onLost);
    };
    const fail = (why: string): void => {
      end();
      reject(new TemporaryError(`Expected the answer of the broker, got ${why}.`));
    };
    const onLost = (): void => fail('a lost link');
    const timer = setTimeout(() => fail(`none in ${publishWaitMs / 1000} s`), publishWaitMs);
    lost.addEventListener('abort', onLost, { once: true });
    sent.then(() => resolve(), reject).finally(end);
  });
}
