import { Answers } from '../../../src/cli/answers.ts';
import type { TopicRecord } from '../../../src/cli/topic-reader.ts';
import { TOPICS } from '../../support/tasks.ts';

const answersToCommands = (): Answers<string> => new Answers(TOPICS, [TOPICS.commands]);

function part(topic: string, id: string, index: number, count: number, source = 'us'): TopicRecord {
  return record(topic, {
    ...{ ce_causationid: id, ce_causationsource: source },
    ...{ ce_answerindex: String(index), ce_answercount: String(count) },
  });
}

function letter(id: string, reason: string): TopicRecord {
  return record(`${TOPICS.commands}.dlq`, { ce_id: id, ce_source: 'us', 'dlq-reason': reason });
}

function record(topic: string, headers: Readonly<Record<string, string>>): TopicRecord {
  return { topic, headers, partition: 0, offset: '0', timestamp: 0, key: null, value: null };
}

test('an answer is whole when all of its parts are there, in whatever order, and some of them twice', () => {
  const answers = answersToCommands();
  answers.expect('us', 'a', 'first');
  const [one, two] = [part(TOPICS.events, 'a', 0, 2), part(TOPICS.events, 'a', 1, 2)];
  expect([answers.take(two), answers.take(two)]).toEqual([undefined, undefined]);
  expect(answers.take(one)).toEqual({ outcome: 'accepted', records: [one, two], tag: 'first' });
  expect([answers.open, answers.take(one)]).toEqual([0, undefined]);
});

test('a rejection may come behind the events of what was due before it', () => {
  const answers = answersToCommands();
  answers.expect('us', 'a', 'first');
  answers.take(part(TOPICS.events, 'a', 0, 2));
  expect(answers.take(part(TOPICS.rejections, 'a', 1, 2))).toMatchObject({ outcome: 'rejected' });
});

test('what answers somebody else is none of ours, whatever its id', () => {
  const answers = answersToCommands();
  answers.expect('us', 'a', 'first');
  expect(answers.take(part(TOPICS.events, 'a', 0, 1, 'them'))).toBeUndefined();
  expect(answers.take(record(TOPICS.events, {}))).toBeUndefined();
  expect(answers.open).toBe(1);
});

test('of a message sent twice under one id, the first is answered, and the letter of the second is its own', () => {
  const answers = answersToCommands();
  answers.expect('us', 'a', 'first');
  answers.expect('us', 'a', 'second');
  expect(answers.take(letter('a', 'IdReused'))).toMatchObject({ outcome: 'dead', tag: 'second' });
  expect(answers.take(part(TOPICS.events, 'a', 0, 1))).toMatchObject({ outcome: 'accepted', tag: 'first' });
  expect(answers.take(letter('a', 'UnknownType'))).toBeUndefined();
});

test('who gives up learns what is left of what was expected up to then, with the parts that have come', () => {
  const answers = answersToCommands();
  for (const id of ['a', 'b', 'c']) answers.expect('us', id, id);
  const upTo = answers.last;
  answers.expect('us', 'a', 'a again');
  answers.expect('us', 'd', 'd');
  const half = part(TOPICS.events, 'c', 0, 2);
  answers.take(half);
  answers.take(part(TOPICS.events, 'b', 0, 1));
  expect(answers.giveUp(upTo)).toEqual([
    { tag: 'a', records: [] },
    { tag: 'c', records: [half] },
  ]);
  expect(
    answers
      .giveUp()
      .map(({ tag }) => tag)
      .toSorted(),
  ).toEqual(['a again', 'd']);
});
