import type { Cradle } from '../container.ts';
import type { StoredLetter } from '../ports/dead-letters.ts';
import type { CloudEvents } from '../ports/cloud-events.ts';
import { decodeValue, type DecodedValue } from './decode.ts';
import { letterIn, table, timeText } from './dlq-words.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase, Unreachable } from './reachable.ts';
import { configFor, isSet } from './settings.ts';
import { print, type Call } from './verb.ts';

/** In their order and number. */
type Headers = readonly (readonly [name: string, text: string])[];

/** @returns the exit code */
export async function showLetter({ positionals, values, environment }: Call): Promise<number> {
  const letterId = letterIn(positionals);
  const { cradle } = openContainer(configFor(environment, ['DATABASE_URL']));
  await reachDatabase(cradle);
  try {
    const letter = await cradle.deadLetters.get(letterId);
    if (letter === undefined) throw new NoLetter(`there is no letter ${letterId}`);
    const registryKnown = isSet(environment, 'SCHEMA_REGISTRY_URL');
    const decoded = registryKnown ? await decode(cradle, letter.value) : 'SCHEMA_REGISTRY_URL is not set';
    const headers = headersOf(cradle.cloudEvents.decodeHeaders(letter.headers));
    if (values['json'] === true) print(asJson(letter, headers, decoded));
    else for (const line of linesOf(letter, headers, decoded)) print(line);
    return 0;
  } finally {
    await cradle.database.destroy();
  }
}

class NoLetter extends Error {
  override readonly name = 'NoLetter';
}

/** The bytes, or a sentence that says why they are not decoded. */
async function decode(cradle: Cradle, value: Buffer | null): Promise<DecodedValue | string> {
  try {
    const decoded = await decodeValue(cradle, value);
    return decoded.type === undefined ? 'it can not be decoded' : decoded;
  } catch (error) {
    if (error instanceof Unreachable) return error.message;
    throw error;
  }
}

function linesOf(letter: StoredLetter, headers: Headers, decoded: DecodedValue | string): readonly string[] {
  const { letterId, state, reason, message, exception, topic, partition, offset, timestamp, keys, parks } = letter;
  const { identity, key, value, time, resolution } = letter;
  const rows = [
    ['letter', `${letterId}, ${state}`],
    ['since', timeText(time)],
    ['reason', reason],
    ['error', `${exception}: ${message}`],
    ['from', `${topic}/${partition}@${offset}, written ${timeText(timestamp)}`],
    ['identity', `source '${identity.source}', id ${identity.id}`],
    ['names', keys.length === 0 ? 'nobody' : keys.join(', ')],
    ['order', parks ? 'waits its turn among the letters of these' : 'in no order'],
    ['key', key === null ? 'none' : key.toString()],
  ];
  if (resolution !== null) {
    const by = resolution.by === null ? '' : ` by ${resolution.by}`;
    const note = resolution.note === null ? '' : `: ${resolution.note}`;
    rows.push([resolution.state, `${timeText(resolution.at)}${by}${note}`]);
  }
  const named = headers.map(([name, text]) => [`  ${name}`, text]);
  const lines = [...table(rows), 'headers', ...(named.length === 0 ? ['  none'] : table(named))];
  if (typeof decoded !== 'string') {
    lines.push(`value, ${decoded.type}`);
    if (decoded.data !== undefined) lines.push(JSON.stringify(decoded.data, null, 2));
  } else {
    lines.push(`value, ${value === null ? 'null' : `${value.length} bytes`} (${decoded})`);
    if (value !== null) lines.push(value.toString('base64'));
  }
  return lines;
}

function asJson(letter: StoredLetter, headers: Headers, decoded: DecodedValue | string): string {
  const { key, value, headers: _, ...rest } = letter;
  return JSON.stringify({
    ...rest,
    kafkaKey: key === null ? null : key.toString(),
    headers: byName(headers),
    value: value === null ? null : value.toString('base64'),
    ...(typeof decoded === 'string' ? { notDecoded: decoded } : { type: decoded.type, data: decoded.data ?? null }),
  });
}

function headersOf(list: ReturnType<CloudEvents['decodeHeaders']>): Headers {
  return list.map(([name, value]) => [name, value?.toString() ?? ''] as const);
}

/** A repeated one as a list. */
function byName(headers: Headers): Readonly<Record<string, string | readonly string[]>> {
  const names = Map.groupBy(headers, ([name]) => name);
  return Object.fromEntries(
    [...names].map(([name, all]) => [name, all.length === 1 ? (all[0]?.[1] ?? '') : all.map(([, text]) => text)]),
  );
}
