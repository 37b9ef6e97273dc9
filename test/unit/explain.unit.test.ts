import type { Searched } from '../../src/cli/answer-search.ts';
import { fateOf, type AskedRecord } from '../../src/cli/explain-fate.ts';
import { explained, type Findings } from '../../src/cli/explanation.ts';
import type { LetterSummary } from '../../src/ports/dead-letters.ts';
import type { KnownMessage } from '../../src/ports/message-outcomes.ts';

const HASH = 'a'.repeat(32);
const DIGEST = 'd'.repeat(32);
const AT = Date.UTC(2027, 2, 1);

const RECORD: AskedRecord = {
  ...{ topic: 'commands', partition: 3, offset: 17, timestamp: AT - 10, digest: DIGEST },
  ...{ isDecided: true, isTaken: true },
};
const NOTHING: KnownMessage = { entry: undefined, letters: [], owed: [] };

function entry(outcome: 'accepted' | 'rejected' | 'dead', digest = DIGEST): KnownMessage['entry'] {
  return { outcome, digest, lane: null, at: AT };
}

function letter(change: Partial<LetterSummary> = {}): LetterSummary {
  return {
    ...{ letterId: 12, topic: 'commands', partition: 3, offset: 17, timestamp: AT - 10, state: 'open' },
    ...{ identity: { source: 'billing', id: 'one', hash: HASH }, reason: 'HandlerFailed', message: 'a bug' },
    ...{ exception: 'Error', keys: ['k'], parks: true, time: AT, resolution: null, erasure: null },
    ...change,
  };
}

function resolved(state: 'replayed' | 'discarded' | 'superseded', change: Partial<LetterSummary> = {}): LetterSummary {
  const note = state === 'superseded' ? 'sent again as commands/3@20' : 'no use';
  return letter({ state, resolution: { state, by: 'Ada', note, at: AT + 5 }, ...change });
}

describe('what the database tells of an identity', () => {
  test.each<readonly [what: string, known: Partial<KnownMessage>, fate: object]>([
    ['nothing', {}, { what: 'undecided' }],
    ['that it was accepted', { entry: entry('accepted') }, { what: 'answered', outcome: 'accepted', since: AT }],
    ['that it was rejected', { entry: entry('rejected') }, { what: 'answered', outcome: 'rejected' }],
    ['a letter', { entry: entry('dead'), letters: [letter()] }, { what: 'dead', letter: letter() }],
    ['a letter that is forgotten', { entry: entry('dead') }, { what: 'dead', letter: undefined }],
    ['a letter alone', { letters: [letter()] }, { what: 'dead', letter: letter() }],
    [
      'a letter alone, which was replayed',
      { letters: [resolved('replayed')] },
      { what: 'answered', outcome: undefined, since: AT + 5 },
    ],
    [
      'a letter before',
      { entry: entry('accepted'), letters: [resolved('superseded')] },
      { what: 'answered', outcome: 'accepted', letter: resolved('superseded') },
    ],
  ])('%s', (_, known, fate) => {
    expect(fateOf(HASH, undefined, { ...NOTHING, ...known })).toMatchObject(fate);
  });
});

describe('what the database tells of a record', () => {
  const unread = { ...RECORD, isDecided: false };
  test.each<readonly [what: string, record: AskedRecord, known: Partial<KnownMessage>, fate: object]>([
    ['it is not read', unread, {}, { what: 'undecided' }],
    ['it is not read, and repeats another', unread, { entry: entry('accepted') }, { what: 'answered' }],
    ['it is not read, and its id was used', unread, { entry: entry('accepted', 'other') }, { what: 'undecided' }],
    ['it is not read, and was a letter before', unread, { entry: entry('dead') }, { what: 'undecided' }],
    ['it is its letter', RECORD, { entry: entry('dead'), letters: [letter()] }, { what: 'dead' }],
    ['its letter was given up', RECORD, { entry: entry('dead'), letters: [resolved('discarded')] }, { what: 'dead' }],
    [
      'its letter was sent again',
      RECORD,
      { entry: entry('accepted', 'other'), letters: [resolved('superseded')] },
      { what: 'superseded', by: 'accepted' },
    ],
    [
      'its letter was replayed',
      RECORD,
      { entry: entry('rejected'), letters: [resolved('replayed')] },
      { what: 'answered', outcome: 'rejected', since: AT },
    ],
    [
      'a letter from its offset in a topic that was there before',
      RECORD,
      { entry: entry('accepted'), letters: [letter({ timestamp: 1, identity: { source: '', id: '', hash: 'x' } })] },
      { what: 'answered', outcome: 'accepted', letter: undefined },
    ],
    ['other bytes were handled', RECORD, { entry: entry('accepted', 'other') }, { what: 'displaced' }],
    ['the inbox has forgotten it', RECORD, {}, { what: 'answered', outcome: undefined, since: RECORD.timestamp }],
    ['nobody takes its type', { ...RECORD, isTaken: false }, {}, { what: 'skipped' }],
  ])('%s', (_, record, known, fate) => {
    expect(fateOf(HASH, record, { ...NOTHING, ...known })).toMatchObject(fate);
  });
});

describe('the sentences', () => {
  const answered = { what: 'answered', outcome: 'accepted', since: AT, letter: undefined } as const;
  const none: Searched = { answers: [], count: undefined, read: 500, isCutOff: false };
  const found = (...indexes: readonly number[]): Searched['answers'] =>
    indexes.map((index) => ({
      ...{ topic: 'events', partition: 0, offset: index, timestamp: AT, key: 'k', id: String(index), index },
      ...{ type: 'licensing.events.TenantUpdated', data: {} },
    }));
  const findings: Findings = {
    ...{ fate: answered, searched: none, owed: [], unread: { messages: 4, before: null } },
    ...{ record: undefined, inboxRetention: 15 * 86_400_000 },
  };

  test.each<readonly [what: string, change: Partial<Findings>, state: string, says: string]>([
    [
      'all events',
      { searched: { ...none, answers: found(0, 1), count: 2 } },
      'accepted',
      'Accepted. Its 2 events are in Kafka.',
    ],
    [
      'one event',
      { searched: { ...none, answers: found(0), count: 1 } },
      'accepted',
      'Accepted. Its event is in Kafka.',
    ],
    [
      'events that are owed',
      { searched: { ...none, answers: found(0), count: 3 }, owed: [0, 1, 2] },
      'accepted',
      'Accepted. 1 of its 3 events were found. 2 answers are owed to Kafka: the outbox has what a worker, or the relay of any, is to publish.',
    ],
    [
      'events that are gone',
      { searched: { ...none, isCutOff: true } },
      'accepted',
      "Accepted. Its answers, if it has had any, are gone: of the time around 2027-03-01T00:00:00.000Z, the topic's retention has deleted records.",
    ],
    [
      'no events',
      {},
      'accepted',
      'Accepted. No answer to it was found among the 500 records around 2027-03-01T00:00:00.000Z: what changes nothing has no event.',
    ],
    [
      'forgotten, and no answer',
      { fate: { ...answered, outcome: undefined } },
      'forgotten',
      'It was read, but the inbox has forgotten how it ended: it remembers for 15 days.',
    ],
    [
      'forgotten, and answered',
      { fate: { ...answered, outcome: undefined }, searched: { ...none, answers: found(0), count: 1 } },
      'accepted',
      'Accepted. Its event is in Kafka.',
    ],
    ['a letter', { fate: { what: 'dead', letter: letter() } }, 'dead', 'Dead letter 12, HandlerFailed: a bug'],
    [
      'sent again',
      { fate: { what: 'superseded', letter: resolved('superseded'), by: 'rejected' } },
      'superseded',
      'It became dead letter 12 (HandlerFailed), and was sent again as commands/3@20: that one is rejected.',
    ],
    [
      'undecided, somewhere',
      { fate: { what: 'undecided' } },
      'undecided',
      'Not decided, as far as is remembered. 4 messages are unread, and it may be among them.',
    ],
    [
      'unknown',
      { fate: { what: 'undecided' }, unread: { messages: 0, before: null } },
      'undecided',
      'Nothing is known of it, and no message is unread: it was not sent here under this source and id, or longer than 15 days ago, and is forgotten.',
    ],
    [
      'undecided, the next',
      {
        ...{ fate: { what: 'undecided' }, unread: { messages: 4, before: 0 } },
        record: { place: 'commands/3', type: undefined, repeats: false, belongsTo: undefined },
      },
      'undecided',
      'Not decided yet: it is the next in commands/3.',
    ],
  ])('%s', (_, change, state, says) => {
    const told = explained({ ...findings, ...change });
    expect([told.state, told.says[0]]).toEqual([state, says]);
  });

  test.each<readonly [what: string, fate: Findings['fate'], type: string | undefined]>([
    ['accepted', answered, 'licensing.commands.UpdateTenant'],
    ['undecided', { what: 'undecided' }, 'licensing.commands.CreateUser'],
    ['undecodable', { what: 'dead', letter: letter({ reason: 'UndecodableMessage' }) }, undefined],
  ])('that it lies in another partition than its key belongs to: %s', (_, fate, type) => {
    const at = (belongsTo: number | undefined) =>
      explained({ ...findings, fate, record: { place: 'commands/3', type, repeats: false, belongsTo } });
    const placed = at(undefined);
    expect(at(5)).toEqual({
      ...placed,
      says: [
        ...placed.says,
        'It lies in commands/3, and murmur2 of its key gives 5: the order of its key is not kept. ' +
          'Its producer partitions otherwise, if no partitions were added since.',
      ],
    });
  });

  test('a rejection by its own code and sentence, also where the inbox has forgotten it', () => {
    const data = { code: 'TenantNotFound', message: 'There is no such tenant.', field: null };
    const [one] = found(0);
    const rejection = { ...one, type: 'licensing.rejections.CommandRejected', data } as Searched['answers'][number];
    const told = explained({
      ...{ ...findings, fate: { ...answered, outcome: undefined } },
      searched: { ...none, answers: [rejection], count: 1 },
    });
    expect(told).toMatchObject({ state: 'rejected', rejection: data });
    expect(told.says).toEqual([
      'TenantNotFound: There is no such tenant.',
      'The inbox has forgotten it; its answer in Kafka tells how it ended.',
    ]);
  });

  test('what is to be done about a letter, and what was done', () => {
    const saysOf = (one: LetterSummary | undefined): string =>
      explained({ ...findings, fate: { what: 'dead', letter: one } }).says.join(' ');
    expect(saysOf(letter())).toContain('What to do: a bug of the worker: mend it');
    expect(saysOf(resolved('discarded'))).toContain(
      'It was given up by Ada: no use. It has had no effect. Under its id it can not',
    );
    expect(saysOf(resolved('discarded', { parks: false }))).toContain('may send it again under its id');
    expect(saysOf(undefined)).toContain('is forgotten since');
  });
});
