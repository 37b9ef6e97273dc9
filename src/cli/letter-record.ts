import type { Cradle } from '../container.ts';
import type { CloudEvents } from '../ports/cloud-events.ts';
import type { StoredLetter } from '../ports/dead-letters.ts';
import { decodeValue, type DecodedValue } from './decode.ts';
import { Unreachable } from './reachable.ts';
import { isSet } from '../settings.ts';

/** In their order and number. */
export type Headers = readonly (readonly [name: string, text: string])[];

/** The value of a letter, or a sentence that says why it is not decoded. */
export async function decoded(
  cradle: Pick<Cradle, 'codec' | 'config'>,
  environment: NodeJS.ProcessEnv,
  value: Buffer | null,
): Promise<DecodedValue | string> {
  if (!isSet(environment, 'SCHEMA_REGISTRY_URL')) return 'SCHEMA_REGISTRY_URL is not set';
  try {
    const found = await decodeValue(cradle, value);
    return found.type === undefined ? 'it can not be decoded' : found;
  } catch (error) {
    if (error instanceof Unreachable) return error.message;
    throw error;
  }
}

/** A letter as a JSON object. The bytes of key and value stand beside their texts, since a text may not tell them. */
export function letterRecord(
  letter: StoredLetter,
  headers: Headers,
  value: DecodedValue | string,
): Readonly<Record<string, unknown>> {
  const { key, value: bytes, headers: _, ...rest } = letter;
  return {
    ...rest,
    kafkaKey: key === null ? null : key.toString(),
    kafkaKeyBytes: key === null ? null : key.toString('base64'),
    headers: byName(headers),
    value: bytes === null ? null : bytes.toString('base64'),
    ...(typeof value === 'string' ? { notDecoded: value } : { type: value.type, data: value.data ?? null }),
  };
}

export function headersOf({ headers }: StoredLetter, cloudEvents: CloudEvents): Headers {
  return cloudEvents.decodeHeaders(headers).map(([name, value]) => [name, value?.toString() ?? ''] as const);
}

/** A repeated one as a list. */
function byName(headers: Headers): Readonly<Record<string, string | readonly string[]>> {
  const names = Map.groupBy(headers, ([name]) => name);
  return Object.fromEntries(
    [...names].map(([name, all]) => [name, all.length === 1 ? (all[0]?.[1] ?? '') : all.map(([, text]) => text)]),
  );
}
