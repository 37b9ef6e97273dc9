import type { Cradle } from '../container.ts';
import type { KnownMessage } from '../ports/message-outcomes.ts';
import type { MessageContext, MessageIdentity } from '../ports/messages.ts';
import { AnswerSearch, type FoundAnswer, type Searched } from './answer-search.ts';
import type { DecodedValue } from './decode.ts';
import { keyIn, table, timeText } from './dlq-words.ts';
import { askedIn } from './explain-call.ts';
import { fateOf, isRepetition, letterFrom, type AskedRecord, type Fate } from './explain-fate.ts';
import { contextOf, subjectAt, subjectOf, type Subject } from './explain-subject.ts';
import { explained, type Explained } from './explanation.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase, reachKafka, reachRegistry } from './reachable.ts';
import { configFor } from './settings.ts';
import { shortName } from './message-types.ts';
import { unreadOf, type UnreadPartition } from './unread.ts';
import { print, type Verb } from './verb.ts';

export const explain: Verb = {
  help: `
licensing explain --id ID [--source SOURCE] [--key KEY] [--json]
licensing explain --position TOPIC/PARTITION/OFFSET [--json]

Says what became of a message: which events it has had, why it was rejected, which dead letter it is and what to do about it, or how many
messages come before it. The outcome is what the database remembers, the answer is found in Kafka by its time and by its ids, which follow from
the message's own. Reads as nobody, and changes nothing.

  --id        its ce_id. Of a message that has none: what its answer tells as its cause
  --source    its ce_source; left out for a message that has none
  --position  where it stands in Kafka: commands/3/1207. The topic by its name, or commands or users
  --key       the tenant's id, for users the user's: reads less where many tenants are busy
  --json      one JSON object: state, says (sentences for a person), source, id, record, decidedAt, answers, answerCount, rejection, letter,
              unread

state is accepted, rejected, dead, superseded (it was a dead letter, and was sent again under its id) or undecided. An id that nobody has sent
can't be told from one that is not read yet: it is undecided, and unread tells how many messages it may be among; of 0, it was not sent here, or
so long ago that it is forgotten. Two more, of a record: skipped, when no worker takes its type, and forgotten, when it was decided and nothing
remembers how.

Exit code 0 when the question could be answered, whatever the answer.
Needs KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL; takes KAFKA_GROUP_ID and the topics' names.

Examples:
  licensing explain --source billing --id 8e44d251-0259-45b7-a40e-bd26d1a1a418
  licensing explain --position commands/3/1207 --json`,
  options: {
    id: { type: 'string' },
    source: { type: 'string' },
    position: { type: 'string' },
    key: { type: 'string' },
    json: { type: 'boolean' },
  },

  async run(call) {
    const { environment, values } = call;
    const config = configFor(environment, ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'DATABASE_URL']);
    const asked = askedIn(call, config.topics);
    const key = keyIn(values);
    const { cradle } = openContainer(config);
    try {
      await Promise.all([reachKafka(cradle), reachRegistry(cradle), reachDatabase(cradle)]);
      const partitions = await unreadOf(cradle);
      const subject =
        asked.by === 'place'
          ? await subjectAt(cradle, asked.place, partitions)
          : subjectOf(cradle, asked.source, asked.id);
      const answer = await explanationOf(cradle, subject, partitions, key);
      if (values['json'] === true) print(JSON.stringify(answer));
      else for (const line of linesOf(answer)) print(line);
      return 0;
    } finally {
      await Promise.allSettled([cradle.recordReader.close(), cradle.database.destroy()]);
    }
  },
};

interface Explanation extends Explained, Pick<MessageIdentity, 'source' | 'id'> {
  readonly record: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly timestamp: number;
    readonly type: string | null;
    readonly key: string | null;
  } | null;
  /** When it was decided, or seen again since; null when that is not remembered. Milliseconds since the epoch. */
  readonly decidedAt: number | null;
  readonly answers: readonly FoundAnswer[];
  readonly answerCount: number | null;
  readonly unread: { readonly messages: number; readonly before: number | null };
}

async function explanationOf(
  cradle: Cradle,
  subject: Subject,
  partitions: readonly UnreadPartition[],
  key: string | undefined,
): Promise<Explanation> {
  const { record, place } = subject;
  let { context } = subject;
  let known = await cradle.messageOutcomes.know(context.identity.hash, place);
  const own = record && letterFrom(record, known.letters);
  if (own !== undefined && own.identity.hash !== context.identity.hash) {
    // Its id belonged to another message, so that it goes by its position.
    context = contextOf(own.identity);
    known = await cradle.messageOutcomes.know(own.identity.hash, place);
  }
  const fate = fateOf(context.identity.hash, record, known);
  const search = new AnswerSearch(cradle);
  const searched =
    fate.what === 'answered' ? await searchFor(cradle, search, { context, record }, fate, known, key) : undefined;
  const repeats = record !== undefined && !record.isDecided && isRepetition(record, known.entry);
  const unread = unreadFor(partitions, record);
  const told = explained({
    ...{ fate, searched, unread },
    owed: search.among(context, known.owed),
    record: record && {
      ...{ place: `${record.topic}/${record.partition}`, type: record.type, repeats },
      belongsTo: placeOfKey(cradle, record, context, partitions),
    },
    inboxRetention: cradle.config.inboxRetention,
  });
  const { source, id } = context.identity;
  return {
    ...{ ...told, source, id, unread },
    record: record === undefined ? null : recordOf(record, context),
    decidedAt: known.entry?.at ?? null,
    answers: searched?.answers ?? [],
    answerCount: searched?.count ?? null,
  };
}

/** @returns the partition where a command's key belongs, if it lies in another one */
function placeOfKey(
  { recordReader, topics }: Cradle,
  { topic, partition }: AskedRecord,
  { key }: MessageContext,
  partitions: readonly UnreadPartition[],
): number | undefined {
  if (topic !== topics.commands || key === null) return undefined;
  const belongsTo = recordReader.partitionOf(key, partitions.filter((one) => one.topic === topic).length);
  return belongsTo === partition ? undefined : belongsTo;
}

async function searchFor(
  { topics }: Cradle,
  search: AnswerSearch,
  { context, record }: Pick<Subject, 'context' | 'record'>,
  fate: Extract<Fate, { readonly what: 'answered' }>,
  { letters }: KnownMessage,
  key: string | undefined,
): Promise<Searched> {
  const { events, rejections } = topics;
  const named = [record?.data?.['tenantId'], record?.data?.['userId'], key, ...letters.flatMap(({ keys }) => keys)];
  const keys = named.flatMap((one) => (typeof one === 'string' ? Buffer.from(one.toLowerCase()) : []));
  return search.find({
    context,
    topics: { accepted: [events], rejected: [rejections], unknown: [rejections, events] }[fate.outcome ?? 'unknown'],
    keys: context.key === null ? keys : [context.key, ...keys],
    times: [...new Set([fate.since, ...(record === undefined ? [] : [record.timestamp])])],
  });
}

function unreadFor(partitions: readonly UnreadPartition[], record: Subject['record']): Explanation['unread'] {
  if (record === undefined) return { messages: partitions.reduce((sum, { unread }) => sum + unread, 0), before: null };
  const { topic, partition, offset, isDecided } = record;
  const found = partitions.find((one) => one.topic === topic && one.partition === partition);
  return { messages: found?.unread ?? 0, before: isDecided || found === undefined ? 0 : offset - found.decided };
}

function recordOf({ topic, partition, offset, timestamp, type }: AskedRecord & DecodedValue, { key }: MessageContext) {
  return { topic, partition, offset, timestamp, type: type ?? null, key: key?.toString() ?? null };
}

function linesOf({ state, says, source, id, record, decidedAt, answers, letter }: Explanation): readonly string[] {
  const rows = [
    ['state', state],
    ...says.map((sentence, i) => [i === 0 ? 'what' : '', sentence]),
    ['message', `source '${source}', id ${id}`],
  ];
  if (record !== null) {
    const { topic, partition, offset, timestamp, type, key } = record;
    rows.push([
      '',
      `${topic}/${partition}@${offset}, written ${timeText(timestamp)}, ${type ?? 'not decoded'}, key ${key ?? 'none'}`,
    ]);
  }
  if (decidedAt !== null) rows.push(['decided', timeText(decidedAt)]);
  if (letter !== null) rows.push(['letter', `licensing dlq show ${letter.letterId}`]);
  for (const [i, one] of answers.entries()) {
    const where = `${one.topic}/${one.partition}@${one.offset}, ${timeText(one.timestamp)}`;
    rows.push([
      i === 0 ? 'answers' : '',
      `${one.type === undefined ? 'not decoded' : shortName(one.type)}  ${where}, id ${one.id}`,
    ]);
  }
  return table(rows);
}
