import type { Topics } from '../ports/topics.ts';
import { sourcesOf } from '../ports/topics.ts';
import type { Place } from '../ports/record-reader.ts';
import { nearest } from './nearest.ts';
import { UsageError, type Call } from './verb.ts';

/** One record, or whatever has this identity. */
type Asked =
  | { readonly by: 'place'; readonly place: Place }
  | { readonly by: 'identity'; readonly source: string; readonly id: string };

const LONGEST_ID = 256;

/** @throws UsageError */
export function askedIn({ positionals, values }: Call, topics: Topics): Asked {
  if (positionals.length > 0) throw new UsageError(`expected options only, got '${positionals.join(' ')}'`);
  const { source, id, position } = values;
  if (typeof position === 'string') {
    if (id !== undefined || source !== undefined) throw new UsageError('--position stands alone, or --source and --id');
    return { by: 'place', place: placeIn(position, topics) };
  }
  if (typeof id !== 'string' || id === '') throw new UsageError('expected --source and --id, or --position');
  if (id.length > LONGEST_ID) {
    throw new UsageError(
      `--id has ${id.length} characters; a message whose id has more than ${LONGEST_ID} goes by its position`,
    );
  }
  return { by: 'identity', source: typeof source === 'string' ? source : '', id };
}

/** `commands/3/1207`, or `commands/3@1207` as other verbs write it; the topic by its name, or as `tail` takes it. */
function placeIn(word: string, topics: Topics): Place {
  const [, name = '', partition, offset] = /^([^/]+)\/(\d+)[/@](\d+)$/.exec(word) ?? [];
  if (partition === undefined || offset === undefined || !Number.isSafeInteger(Number(offset))) {
    throw new UsageError(`--position is '${word}'; expected TOPIC/PARTITION/OFFSET, such as commands/3/1207`);
  }
  const byChoice: Readonly<Record<string, string>> = { commands: topics.commands, users: topics.users };
  const topic = byChoice[name] ?? name;
  const sources = sourcesOf(topics);
  if (!sources.includes(topic)) {
    const near = nearest(topic, sources);
    const hint = near === undefined ? `there are ${sources.join(', ')}` : `did you mean ${near}?`;
    throw new UsageError(`--position is '${word}'; the worker reads no topic ${topic}; ${hint}`);
  }
  return { topic, partition: Number(partition), offset: Number(offset) };
}
