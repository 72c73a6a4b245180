import { ConfigurationError } from '../errors.ts';
import type { ObjectFacts } from '../ports/object-store.ts';
import type { FlowContext } from './flow-context.ts';
import type { Assembly, Payload } from './payload.ts';

/** The payload that an object belongs to, and its granule; null when no payload wants it. */
export function granuleOfObject(
  payloads: readonly Payload[],
  objectKey: string,
): { readonly payload: Payload; readonly granuleKey: string } | null {
  for (const payload of payloads) {
    const granuleKey = payload.granuleKeyOf(objectKey);
    if (granuleKey !== null) return { payload, granuleKey };
  }
  return null;
}

/** @throws ConfigurationError when this program was built without the payload. Disposition: stop. */
export function payloadNamed(payloads: readonly Payload[], name: string): Payload {
  const payload = payloads.find((candidate) => candidate.name === name);
  if (payload === undefined) {
    const known = payloads.map((candidate) => candidate.name).join(', ') || 'none';
    throw new ConfigurationError(`Expected a registered payload (${known}), got "${name}". Register it or update.`, {
      name,
    });
  }
  return payload;
}

/** What raw holds of a granule now; null when all its objects are gone. */
export async function assembleGranule(
  context: Pick<FlowContext, 'raw'>,
  payload: Payload,
  granuleKey: string,
): Promise<{ readonly assembly: Assembly; readonly objects: readonly ObjectFacts[] } | null> {
  const objects: ObjectFacts[] = [];
  for await (const facts of context.raw.list(granuleKey)) {
    if (payload.granuleKeyOf(facts.key) === granuleKey) objects.push(facts);
  }
  return objects.length === 0 ? null : { assembly: payload.assemble(granuleKey, objects), objects };
}
