// A field machine and a bridge for these checks: parts in memory, a bridge that does what each check says.
import { createHash } from 'node:crypto';
import { openMqttPartLink } from '#adapters/mqtt/mqtt-part-link.ts';
import { openMqttPartSource } from '#adapters/mqtt/mqtt-part-source.ts';
import type { MqttOptions } from '#adapters/mqtt/mqtt-session.ts';
import type { PartLink, PartMessage } from '#core/ports/part-link.ts';
import type { IncomingPart } from '#core/ports/part-source.ts';
import { type PartAttributes, partMediaType, partTypes, type Receipt } from '#schemas/edge-messages.ts';

export const noTls: MqttOptions['tls'] = { ca: null, cert: null, key: null };
export const deviceId = 'tractor-1';
export const granuleKey = 'raw_cubes/eu/farm/2026/07/01/c1';

/** Bytes of this length, no two alike. */
export function partOf(seed: number, sizeBytes: number): PartMessage {
  const bytes = Buffer.alloc(sizeBytes, `part ${seed} `);
  const id = createHash('sha256').update(bytes).digest('hex');
  const attributes: PartAttributes = {
    specversion: '1.0',
    id,
    source: deviceId,
    type: partTypes.cells,
    subject: granuleKey,
    datacontenttype: partMediaType,
  };
  return { attributes, bytes };
}

export function requireSame({ attributes, bytes }: IncomingPart): string {
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (hash !== attributes['id']) throw new Error(`Expected bytes of ${attributes['id']}, got ${hash}.`);
  const { subject, source, type, datacontenttype } = attributes;
  if (JSON.stringify([subject, source, type, datacontenttype, attributes['specversion']]) !== wanted)
    throw new Error(`Expected the attributes of a part, got ${JSON.stringify(attributes)}.`);
  return hash;
}
const wanted = JSON.stringify([granuleKey, deviceId, partTypes.cells, partMediaType, '1.0']);

export interface Bridge {
  /** The broker keeps what is published from now on for it. */
  isSubscribed(): boolean;
  sendReceipt(receipt: Receipt): void;
  stop(): Promise<void>;
}

export function bridge(
  uri: string,
  handler: (message: IncomingPart, sendReceipt: Bridge['sendReceipt']) => Promise<void>,
  tls = noTls,
): Bridge {
  const stopping = new AbortController();
  let isSubscribed = false;
  const report = (event: string): void => {
    if (event === 'Broker:Connect:Done') isSubscribed = true;
  };
  const source = openMqttPartSource({ uri, clientId: 'bridge-1', tls }, { report });
  const sendReceipt = (receipt: Receipt): void => source.sendReceipt(deviceId, receipt);
  const running = source.run((message) => handler(message, sendReceipt), stopping.signal);
  return {
    isSubscribed: () => isSubscribed,
    sendReceipt,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

export interface Field {
  readonly link: PartLink;
  readonly receipts: Receipt[];
  /** Every connect (null) and disconnect (its reason). */
  readonly changes: { readonly isConnected: boolean; readonly error: string | null }[];
}

export function field(uri: string, tls = noTls): Field {
  const link = openMqttPartLink({ uri, clientId: deviceId, deviceId, tls });
  const [receipts, changes]: [Receipt[], { isConnected: boolean; error: string | null }[]] = [[], []];
  link.onReceipt(async (receipt) => void receipts.push(receipt));
  link.onChange((isConnected, error) => void changes.push({ isConnected, error }));
  return { link, receipts, changes };
}

/** @throws Error when it does not become true in time. */
export async function until(what: string, isTrue: () => boolean, seconds = 30): Promise<void> {
  const endMs = Date.now() + seconds * 1000;
  while (!isTrue()) {
    if (Date.now() > endMs) throw new Error(`Expected ${what} within ${seconds} s, got none.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
