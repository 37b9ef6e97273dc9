import { pino } from 'pino';
import { LogTelemetry } from '../../../src/adapters/telemetry.ts';

const SECOND = 1_000;
const ABOUT = { id: 'case 7', source: 'shop' };
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

describe('telemetry', () => {
  it('counts what is waited for and how long, in each report for as long as it lasts', () => {
    const { telemetry, lines, counters, after } = given();
    telemetry.waiting('broker', new Error('no leader'));
    after(40 * SECOND, () => telemetry.waiting('broker', new Error('no leader')));
    after(20 * SECOND, () => telemetry.stop());
    after(60 * SECOND, () => telemetry.stop());
    after(10 * SECOND, () => telemetry.waitEnded('broker'));
    after(50 * SECOND, () => telemetry.stop());
    after(60 * SECOND, () => telemetry.stop());
    expect(counters()).toEqual([
      { 'waiting broker': 2, 'waitedMs broker': 60_000 },
      { 'waitedMs broker': 60_000 },
      { 'waitedMs broker': 10_000 },
    ]);
    expect(lines.find(({ msg }) => msg === 'no longer waiting for the broker')).toMatchObject({ waitedMs: 130_000 });
  });

  it('tells of a wait at once, then once a minute', () => {
    const { telemetry, lines, after } = given();
    for (let i = 0; i < 13; i += 1) {
      telemetry.waiting('database', new Error('away'));
      after(10 * SECOND, () => undefined);
    }
    telemetry.stop();
    const told = lines.filter(({ msg }) => msg === 'waiting for the database');
    expect(told.map(({ waitingMs }) => waitingMs)).toEqual([0, 60_000, 120_000]);
  });

  it('takes several who wait for the same as one wait, which ends with the last of them', () => {
    const { telemetry, lines, after } = given();
    const [one, other] = [{}, {}];
    for (let i = 0; i < 3; i += 1) {
      telemetry.waiting('broker', new Error('no room'), one);
      telemetry.waiting('broker', new Error('no leader'), other);
      after(10 * SECOND, () => telemetry.waitEnded('broker', other));
    }
    expect(lines.map(({ msg }) => msg)).toEqual(['waiting for the broker']);
    telemetry.waitEnded('broker', one);
    telemetry.stop();
    expect(lines.slice(1)).toMatchObject([
      { msg: 'no longer waiting for the broker', waitedMs: 30_000 },
      { counters: { 'waiting broker': 6, 'waitedMs broker': 30_000 } },
    ]);
  });

  it('tells of a dead letter with the stack of what a handler has thrown', () => {
    const { telemetry, lines } = given();
    const letter = {
      topic: 'commands',
      partition: 0,
      offset: 7,
      reason: 'HandlerFailed',
      message: 'a bug',
      ...ABOUT,
    } as const;
    telemetry.deadLetter({ ...letter, traceparent: TRACEPARENT, error: new Error('a bug') });
    telemetry.stop();
    expect(lines[0]).toMatchObject({
      ...{ msg: 'dead letter: HandlerFailed', ...letter, trace_id: TRACE_ID, err: { stack: expect.any(String) } },
    });
  });

  it('names the message that a line is about, and its trace if it has one', () => {
    const { telemetry, lines } = given();
    telemetry.userUnknown('a user', { ...ABOUT, traceparent: TRACEPARENT });
    telemetry.userUnknown('another', { ...ABOUT, traceparent: null });
    expect(lines).toMatchObject([
      { userId: 'a user', ...ABOUT, trace_id: TRACE_ID },
      { userId: 'another', ...ABOUT },
    ]);
    expect(lines[1]).not.toHaveProperty('trace_id');
    for (const line of lines) expect(line).not.toHaveProperty('traceparent');
  });

  it('tells of a dead letter at the level of its reason', () => {
    const { telemetry, lines } = given();
    const letter = { topic: 'commands', partition: 0, offset: 7, message: 'no', ...ABOUT, traceparent: null };
    for (const reason of ['ParkedBehind', 'HandlerFailed', 'TooLarge'] as const) {
      telemetry.deadLetter({ ...letter, reason });
    }
    telemetry.stop();
    const told = lines.filter(({ msg }) => msg.startsWith('dead letter'));
    expect(told.map(({ level, msg }) => [level, msg])).toEqual([
      [20, 'dead letter: ParkedBehind'],
      [50, 'dead letter: HandlerFailed'],
      [50, 'dead letter: TooLarge'],
    ]);
  });

  it('counts dead letters by the source of their messages, those that are one too many together', () => {
    const { telemetry, counters } = given();
    const place = { topic: 'commands', partition: 0, offset: 7, id: '1', traceparent: null };
    const letter = { ...place, reason: 'UndecodableMessage', message: 'no' } as const;
    for (const source of ['shop', '', 'shop']) telemetry.deadLetter({ ...letter, source });
    for (let i = 0; i < 1_000; i += 1) telemetry.deadLetter({ ...letter, source: `${i}` });
    telemetry.stop();
    const [counted = {}] = counters();
    expect(counted).toMatchObject({
      'deadLetters UndecodableMessage of shop': 2,
      'deadLetters UndecodableMessage of (no source)': 1,
      'deadLetters UndecodableMessage of 0': 1,
      'deadLetters UndecodableMessage of (other sources)': 901,
    });
    expect(Object.keys(counted)).toHaveLength(102);
  });

  it('warns of messages in a wrong partition once a source, and counts all of them', () => {
    const { telemetry, lines, counters } = given();
    const where = { topic: 'commands', partition: 3, offset: 9, belongsTo: 7, id: 'case 7' };
    for (const source of ['shop', 'meter', 'shop']) {
      telemetry.misplaced({ ...where, source, traceparent: TRACEPARENT, messages: 5 });
    }
    telemetry.stop();
    const warned = lines.filter(({ msg }) => msg.includes('another partition'));
    expect(warned).toMatchObject([
      { source: 'shop', ...where, trace_id: TRACE_ID },
      { source: 'meter', ...where, trace_id: TRACE_ID },
    ]);
    expect(counters()).toEqual([{ 'wrongPartition of shop': 10, 'wrongPartition of meter': 5 }]);
  });

  it('tells at level error that nobody may send for what is due, and why; at level warn that it waits', () => {
    const { telemetry, lines } = given();
    const blocked = { timers: 7, oldestMs: 90_000, why: 'an older worker holds a partition' };
    telemetry.timersBlocked(blocked);
    telemetry.timersLate({ oldestMs: 61_000, unanswered: 4_000 });
    expect(lines).toMatchObject([
      { level: 50, msg: 'timers are due, and nobody may send for them', ...blocked },
      { level: 40, msg: 'a timer has been due for long', oldestMs: 61_000, unanswered: 4_000 },
    ]);
  });

  it('tells at level error how many messages were deleted before they were read, and counts them', () => {
    const { telemetry, lines, counters } = given();
    const place = { topic: 'commands', partition: 2 };
    telemetry.reset({ ...place, from: 100, to: 350 });
    telemetry.reset({ ...place, from: 500, to: 350 });
    telemetry.stop();
    expect(lines.slice(0, 2)).toMatchObject([
      { level: 50, ...place, from: 100, to: 350, lost: 250 },
      { level: 50, ...place, from: 500, to: 350 },
    ]);
    expect(lines[1]).not.toHaveProperty('lost');
    expect(counters()).toEqual([{ 'lost commands': 250 }]);
  });

  it('tells since when an open transaction holds a partition', () => {
    const { telemetry, lines } = given();
    const held = { topic: 'commands', partition: 2, offset: 7, records: 3, heldMs: 70 * SECOND };
    const before = Date.now();
    telemetry.heldBack(held);
    telemetry.stop();
    expect(lines).toMatchObject([{ level: 40, msg: 'an open transaction holds the partition', ...held }]);
    expect(Date.parse(lines[0]?.since ?? '') - (before - held.heldMs)).toBeGreaterThanOrEqual(0);
  });

  it('sums up what is counted, and reports nothing when there is nothing', () => {
    const { telemetry, counters } = given();
    telemetry.count('accepted', 'CreateTenant');
    telemetry.count('accepted', 'CreateTenant', 2);
    telemetry.waitEnded('broker');
    telemetry.stop();
    telemetry.stop();
    expect(counters()).toEqual([{ 'accepted CreateTenant': 3 }]);
  });
});

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly counters?: Readonly<Record<string, number>>;
  readonly waitingMs?: number;
  readonly since?: string;
  readonly waitedMs?: number;
}

/** Its clock stands still but for `after`; its end is a report like that of every minute. */
function given() {
  const lines: Line[] = [];
  let now = 0;
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line) as Line) });
  const telemetry = new LogTelemetry(logger, () => now);
  const after = (milliseconds: number, then: () => void): void => {
    now += milliseconds;
    then();
  };
  const counters = () => lines.map((line) => line.counters).filter((one) => one !== undefined);
  return { telemetry, lines, counters, after };
}
