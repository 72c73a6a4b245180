import { createHash } from 'node:crypto';
import {
  deadLetterHeaders,
  kafkaDeadLetterTopic,
  kafkaPartsTopic,
  type PartAttributes,
  partAttributesSchema,
  partsTopicOf,
  partsTopicPrefix,
  type Receipt,
} from '#schemas/edge-messages.ts';
import { CubelakeError, FormatError } from '../errors.ts';
import { partMessageBytesMax } from '../limits.ts';
import type { PartLogWriter } from '../ports/part-log.ts';
import type { IncomingPart, PartSource } from '../ports/part-source.ts';
import type { Progress } from '../ports/progress.ts';

export interface BridgeDependencies {
  readonly writer: PartLogWriter;
  readonly source: Pick<PartSource, 'sendReceipt'>;
  readonly progress: Progress;
}

/** Headers of the log: attributes of the CloudEvent in Kafka's binary mode. */
function headersOf({ datacontenttype, ...attributes }: PartAttributes): Record<string, string> {
  const named = Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]);
  return { ...Object.fromEntries(named), 'content-type': datacontenttype };
}

/**
 * Brings one message to the log, and its receipt to the device. When this has resolved the log has the message, so that the
 * broker may forget it; a repeated message is brought again, and the sink sees that it is the same.
 *
 * @throws TemporaryError when the log does not take it: the message must come again.
 */
export async function bridgePart(
  message: IncomingPart,
  { writer, source, progress }: BridgeDependencies,
): Promise<void> {
  let attributes: PartAttributes;
  try {
    attributes = validAttributes(message);
  } catch (error) {
    if (!(error instanceof CubelakeError) || error.disposition !== 'quarantine') throw error;
    await bury(message, error.message, writer);
    progress.report('Part:Bridge:Dead', { topic: message.topic.slice(0, 200), reason: error.message });
    sendReceiptOfDead(message, error.message, source);
    return;
  }
  const { bytes } = message;
  await writer.append(kafkaPartsTopic, { key: attributes.subject, headers: headersOf(attributes), value: bytes });
  source.sendReceipt(attributes.source, { id: attributes.id, outcome: 'stored', reason: null });
  progress.report('Part:Bridge:Done', { id: attributes.id, granuleKey: attributes.subject, sizeBytes: bytes.length });
}

/** @throws FormatError when a device has sent something else than a part of its own. */
function validAttributes({ topic, attributes, bytes }: IncomingPart): PartAttributes {
  const parsed = partAttributesSchema.safeParse(attributes);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(
      `Expected the attributes of a part, got another ${issue?.path.join('.') || 'message'} (${topic}).`,
    );
  }
  const { source, id } = parsed.data;
  if (topic !== partsTopicOf(source))
    throw new FormatError(`Expected a part of the device of its topic, got one of ${source} (${topic}).`);
  if (bytes.length > partMessageBytesMax)
    throw new FormatError(`Expected a part of at most ${partMessageBytesMax} bytes, got ${bytes.length} (${topic}).`);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== id) throw new FormatError(`Expected bytes of SHA-256 ${id}, got ${actual} (${topic}).`);
  return parsed.data;
}

/** Of a dead letter as much is kept as the log takes. */
async function bury({ topic, attributes, bytes }: IncomingPart, error: string, writer: PartLogWriter): Promise<void> {
  const named = Object.entries(attributes).slice(0, 20);
  const headers = {
    ...Object.fromEntries(named.map(([name, value]) => [`ce_${name.slice(0, 100)}`, value.slice(0, 1000)])),
    [deadLetterHeaders.error]: error,
    [deadLetterHeaders.origin]: topic.slice(0, 500),
  };
  await writer.append(kafkaDeadLetterTopic, { key: topic, headers, value: bytes.subarray(0, partMessageBytesMax) });
}

/** A device that names its message is told, so that it does not send it for ever. */
function sendReceiptOfDead(
  { topic, attributes }: IncomingPart,
  reason: string,
  source: Pick<PartSource, 'sendReceipt'>,
): void {
  const deviceId = topic.slice(partsTopicPrefix.length + 1);
  const id = partAttributesSchema.shape.id.safeParse(attributes['id']);
  const isDevice = partAttributesSchema.shape.source.safeParse(deviceId).success && topic === partsTopicOf(deviceId);
  if (!id.success || !isDevice) return;
  const receipt: Receipt = { id: id.data, outcome: 'dead', reason };
  source.sendReceipt(deviceId, receipt);
}
