import { setTimeout as sleep } from 'node:timers/promises';
import type { IPublishPacket, MqttClient } from 'mqtt';
import { ConfigurationError } from '#core/errors.ts';
import type { IncomingPart, PartSource } from '#core/ports/part-source.ts';
import type { Progress } from '#core/ports/progress.ts';
import { type Receipt, receiptsTopicOf, sharedPartsTopic } from '#schemas/edge-messages.ts';
import {
  checkMqttOptions,
  connectOnce,
  isRefusal,
  type MqttOptions,
  mqttFailure,
  reconnectWaitMs,
} from './mqtt-session.ts';

/** Messages that the broker may send before it hears of the first: back-pressure comes from here. */
const unacknowledgedCountMax = 10;
/** Bridge and broker stand side by side. */
const keepaliveSeconds = 20;
/** For the handler to end and the broker to hear of it; a message that was cut off comes again. */
const stopWaitMs = 5000;

type Handler = (message: IncomingPart) => Promise<void>;

/** @throws ConfigurationError for impossible options. Disposition: stop. */
export function openMqttPartSource(options: MqttOptions, progress: Progress): PartSource {
  checkMqttOptions(options);
  return new MqttPartSource(options, progress);
}

class MqttPartSource implements PartSource {
  readonly #options: MqttOptions;
  readonly #progress: Progress;
  #client: MqttClient | null = null;

  constructor(options: MqttOptions, progress: Progress) {
    this.#options = options;
    this.#progress = progress;
  }

  async run(handler: Handler, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      const wasConnected = await this.#session(handler, signal);
      if (wasConnected) attempt = 1;
      await sleep(reconnectWaitMs(attempt), undefined, { signal }).catch(() => undefined);
    }
  }

  sendReceipt(deviceId: string, receipt: Receipt): void {
    // The broker's answer is not waited for: it comes after the handler that sends the receipt has ended.
    this.#client?.publish(receiptsTopicOf(deviceId), JSON.stringify(receipt), { qos: 1 }, () => undefined);
  }

  /** One connection, from beginning to end. @returns Whether there was one at all. */
  async #session(handler: Handler, signal: AbortSignal): Promise<boolean> {
    let wasConnected = false;
    let failure: unknown = null;
    const client = connectOnce(this.#options, {
      keepalive: keepaliveSeconds,
      properties: { receiveMaximum: unacknowledgedCountMax },
      // Called for one message after the other; the broker hears of a message when `done` is called.
      customHandleAcks: (topic, payload, packet, done) => {
        handler(incoming(topic, payload, packet as IPublishPacket)).then(
          () => done(0),
          (error: unknown) => {
            failure = error;
            client.end(true);
          },
        );
      },
    });
    this.#client = client;
    let stopTimer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      client.end(false);
      stopTimer = setTimeout(() => client.stream.destroy(), stopWaitMs);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    await new Promise<void>((resolve) => {
      client.once('connect', () => {
        wasConnected = true;
        client.subscribe(sharedPartsTopic, { qos: 1 }, (error) => {
          if (error) client.end(true);
          else this.#progress.report('Broker:Connect:Done', { clientId: this.#options.clientId });
        });
      });
      client.on('error', (error) => {
        failure = error;
      });
      client.once('close', resolve);
    });
    signal.removeEventListener('abort', onAbort);
    clearTimeout(stopTimer);
    client.end(true);
    if (isRefusal(failure)) {
      const words = mqttFailure(failure, this.#options);
      throw new ConfigurationError(`Expected the broker to let this bridge in, got: ${words}. Check its certificate.`);
    }
    if (!signal.aborted)
      this.#progress.report('Broker:Connect:Lost', {
        reason: failure === null ? null : mqttFailure(failure, this.#options),
      });
    return wasConnected;
  }
}

function incoming(topic: string, payload: Buffer, { properties }: IPublishPacket): IncomingPart {
  const named = Object.entries(properties?.userProperties ?? {}).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value[0]! : value,
  ]);
  const datacontenttype = properties?.contentType;
  return {
    topic,
    attributes: { ...Object.fromEntries(named), ...(datacontenttype === undefined ? {} : { datacontenttype }) },
    bytes: payload,
  };
}
