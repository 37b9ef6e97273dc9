import type { StoredLetter } from '../ports/dead-letters.ts';
import type { DecodedValue } from './decode.ts';
import { letterIn, table, timeText } from './dlq-words.ts';
import { decoded, headersOf, letterRecord, type Headers } from './letter-record.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase } from './reachable.ts';
import { configFor } from './settings.ts';
import { print, type Call } from './verb.ts';

/** @returns the exit code */
export async function showLetter({ positionals, values, environment }: Call): Promise<number> {
  const letterId = letterIn(positionals);
  const { cradle } = openContainer(configFor(environment, ['DATABASE_URL']));
  await reachDatabase(cradle);
  try {
    const letter = await cradle.deadLetters.get(letterId);
    if (letter === undefined) throw new NoLetter(`there is no letter ${letterId}`);
    const value = await decoded(cradle, environment, letter.value);
    const headers = headersOf(letter, cradle.cloudEvents);
    if (values['json'] === true) print(JSON.stringify(letterRecord(letter, headers, value)));
    else for (const line of linesOf(letter, headers, value)) print(line);
    return 0;
  } finally {
    await cradle.database.destroy();
  }
}

class NoLetter extends Error {
  override readonly name = 'NoLetter';
}

function linesOf(letter: StoredLetter, headers: Headers, said: DecodedValue | string): readonly string[] {
  const { letterId, state, reason, message, exception, topic, partition, offset, timestamp, keys, parks } = letter;
  const { identity, key, value, time, resolution, erasure } = letter;
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
  if (erasure !== null) {
    rows.push(['erased', `${timeText(erasure.at)}${erasure.by === null ? '' : ` by ${erasure.by}`}: ${erasure.why}`]);
  }
  const named = headers.map(([name, text]) => [`  ${name}`, text]);
  const lines = [...table(rows), 'headers', ...(named.length === 0 ? ['  none'] : table(named))];
  if (typeof said !== 'string') {
    lines.push(`value, ${said.type}`);
    if (said.data !== undefined) lines.push(...JSON.stringify(said.data, null, 2).split('\n'));
  } else {
    lines.push(`value, ${value === null ? 'null' : `${value.length} bytes`} (${said})`);
    if (value !== null) lines.push(value.toString('base64'));
  }
  return lines;
}
