import {
  deadLetterHeaders,
  kafkaDeadLetterTopic,
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
import { sha256Of } from '../sha256.ts';

export interface BridgeDependencies {
  readonly writer: PartLogWriter;
  readonly source: Pick<PartSource, 'sendReceipt'>;
  readonly progress: Progress;
  /** Topic of the log that parts go to. */
  readonly partsTopic: string;
}

/** Of what strangers have written as much is kept: a dead letter must fit into the log whatever it was. */
const [nameLengthMax, valueLengthMax, attributeCountMax] = [100, 1000, 20];

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
  { writer, source, progress, partsTopic }: BridgeDependencies,
): Promise<void> {
  let attributes: PartAttributes;
  try {
    attributes = validAttributes(message);
  } catch (error) {
    if (!(error instanceof CubelakeError) || error.disposition !== 'quarantine') throw error;
    await bury(message, error.message, writer);
    progress.report('Part:Bridge:Dead', { topic: shortened(message.topic), reason: error.message });
    sendReceiptOfDead(message, error.message, source);
    return;
  }
  const { bytes } = message;
  await writer.append(partsTopic, { key: attributes.subject, headers: headersOf(attributes), value: bytes });
  source.sendReceipt(attributes.source, { id: attributes.id, outcome: 'stored', reason: null });
  progress.report('Part:Bridge:Done', { id: attributes.id, granuleKey: attributes.subject, sizeBytes: bytes.length });
}

/** @throws FormatError when a device has sent something else than a part of its own. */
function validAttributes({ topic, attributes, bytes }: IncomingPart): PartAttributes {
  const where = shortened(topic);
  const parsed = partAttributesSchema.safeParse(attributes);
  if (!parsed.success) {
    const name = parsed.error.issues[0]?.path.join('.') ?? '';
    const got = attributes[name] === undefined ? 'none' : `"${shortened(attributes[name])}"`;
    throw new FormatError(`Expected the attribute ${name} of a part, got ${got} (${where}).`);
  }
  const { source, id } = parsed.data;
  if (topic !== partsTopicOf(source))
    throw new FormatError(`Expected a part of the device of its topic, got one of ${source} (${where}).`);
  if (bytes.length > partMessageBytesMax)
    throw new FormatError(`Expected a part of at most ${partMessageBytesMax} bytes, got ${bytes.length} (${where}).`);
  const actual = sha256Of(bytes);
  if (actual !== id) throw new FormatError(`Expected bytes of SHA-256 ${id}, got ${actual} (${where}).`);
  return parsed.data;
}

async function bury({ topic, attributes, bytes }: IncomingPart, error: string, writer: PartLogWriter): Promise<void> {
  const named = Object.entries(attributes)
    .slice(0, attributeCountMax)
    .map(([name, value]): [string, string] => [`ce_${name.slice(0, nameLengthMax)}`, value.slice(0, valueLengthMax)]);
  const origin = topic.slice(0, valueLengthMax);
  const headers = {
    ...Object.fromEntries(named),
    [deadLetterHeaders.error]: error,
    [deadLetterHeaders.origin]: origin,
  };
  await writer.append(kafkaDeadLetterTopic, { key: origin, headers, value: bytes.subarray(0, partMessageBytesMax) });
}

function shortened(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
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
