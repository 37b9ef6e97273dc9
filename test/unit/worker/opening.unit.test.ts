import { randomUUID } from 'node:crypto';
import type { CommittedOffset, TopicPartition } from '../../../src/ports/consumer.ts';
import type { DecidedOffset } from '../../../src/ports/decided-offsets.ts';
import type { Healing } from '../../../src/ports/telemetry.ts';
import { Histories, metadataOf } from '../../../src/worker/histories.ts';
import { hasLost, Opening, type Before } from '../../../src/worker/intake/opening.ts';
import { NOW } from '../../support/builders.ts';
import { InMemoryDatabase } from '../../support/in-memory/database.ts';
import { InMemoryDecidedOffsets } from '../../support/in-memory/decided-offsets.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

const GROUP = 'workers';
const PLACE: TopicPartition = { topic: 't', partition: 0 };
const [HISTORY, OTHER, NEW] = [randomUUID(), randomUUID(), randomUUID()];
/** Retention has deleted what was before. */
const BEGINNING = 5;

function row(decided: number, history = HISTORY): DecidedOffset {
  return { ...PLACE, history, decided };
}

function commit(offset: number, decided = offset, history = HISTORY): CommittedOffset {
  return { ...PLACE, offset, metadata: metadataOf({ history, decided }) };
}

interface Given {
  readonly committed?: CommittedOffset;
  readonly row?: DecidedOffset;
  /** Of a partition that is opened again: what the worker knew. */
  readonly known?: DecidedOffset;
  readonly cutOff?: number;
  /** Default: whether something was known. */
  readonly reopens?: boolean;
}

/** How a partition is opened: where it goes on if not where the consumer stands, what is told, and the row that it leaves. */
async function opened({ committed, row, known, cutOff, reopens = known !== undefined }: Given) {
  const decidedOffsets = new InMemoryDecidedOffsets(new InMemoryDatabase({ now: () => NOW }));
  if (row !== undefined) await decidedOffsets.change(GROUP, [{ before: undefined, after: row }]);
  const healed: Healing[] = [];
  let raised = 0;
  const opening = new Opening(GROUP, {
    consumer: {
      committed: async () =>
        committed === undefined ? [{ ...PLACE, offset: undefined, metadata: null }] : [committed],
      beginnings: async () => [{ ...PLACE, offset: BEGINNING }],
    },
    decidedOffsets,
    entitlements: { raiseEpoch: async () => void (raised += 1) },
    telemetry: silentTelemetry({ healing: (healing) => void healed.push(healing) }),
    newId: () => NEW,
  });
  const before: Before | undefined = reopens
    ? {
        of: () => known,
        cutOff: new Map(cutOff === undefined ? [] : [['t/0', cutOff]]),
      }
    : undefined;
  const { starts, histories } = await opening.open([PLACE], before, AbortSignal.timeout(5_000));
  const { offsets } = await decidedOffsets.read(GROUP);
  expect(histories.now).toEqual(offsets);
  // Who reads entitlements may know more than a database that has lost something.
  expect(raised).toBe(healed.length);
  return {
    start: starts.get('t/0')?.offset,
    healed: healed.map(({ from, messages }) => [from, messages]),
    row: offsets[0],
  };
}

describe('at an assignment', () => {
  it('a partition goes on where it is when the database has decided what the group counts as done', async () => {
    await expect(opened({ committed: commit(20), row: row(20) })).resolves.toEqual({
      start: undefined,
      healed: [],
      row: row(20),
    });
  });

  it('a database that is ahead of the group has lost nothing', async () => {
    await expect(opened({ committed: commit(20), row: row(25) })).resolves.toEqual({
      start: undefined,
      healed: [],
      row: row(25),
    });
  });

  it('what moves the offset alone, control records say, is not compared', async () => {
    await expect(opened({ committed: commit(30, 20), row: row(20) })).resolves.toMatchObject({
      start: undefined,
      healed: [],
    });
  });

  it('a partition goes back to where the decisions of the database end', async () => {
    const found = await opened({ committed: commit(30, 20), row: row(12) });
    expect(found).toEqual({ start: 12, healed: [[12, 8]], row: row(12) });
  });

  it.each([
    ['has no row for a partition whose commit is a worker of ours', undefined],
    ['has a row of another history', row(40, OTHER)],
  ])('a partition begins at its beginning when the database %s', async (_, found) => {
    await expect(opened({ committed: commit(20), ...(found && { row: found }) })).resolves.toEqual({
      ...{ start: BEGINNING, healed: [[BEGINNING, 15]], row: row(BEGINNING) },
    });
  });

  it.each([
    ['an operator has moved', ''],
    ['a worker before this version has committed', null],
    ['somebody else has committed', 'licensing/1 decided=x'],
  ])('an offset that %s is never compared, and begins a history', async (_, metadata) => {
    await expect(opened({ committed: { ...PLACE, offset: 9, metadata }, row: row(3) })).resolves.toEqual({
      ...{ start: undefined, healed: [], row: row(9, NEW) },
    });
  });

  it.each<[string, DecidedOffset | undefined]>([
    ['has nothing of it', undefined],
    ['has the history that it tells of', row(25)],
  ])(
    'a commit that another cluster has made, with its offset translated, is never compared: the database %s',
    async (_, found) => {
      await expect(opened({ committed: commit(9, 20), ...(found && { row: found }) })).resolves.toEqual({
        ...{ start: undefined, healed: [], row: row(9, NEW) },
      });
    },
  );

  it('a partition without a commit begins a history, also when the row of a topic before it stands higher', async () => {
    await expect(opened({ row: row(900) })).resolves.toMatchObject({
      start: undefined,
      healed: [],
      row: { history: NEW },
    });
  });
});

describe('within an assignment', () => {
  it('what was fetched and not finished comes again, also when nothing is lost', async () => {
    await expect(opened({ committed: commit(20), row: row(25), known: row(25) })).resolves.toMatchObject({
      start: 20,
      healed: [],
    });
  });

  it('what the worker has decided counts, also where it is not committed', async () => {
    const found = await opened({ committed: commit(20), row: row(22), known: row(25) });
    expect(found).toMatchObject({ start: 20, healed: [[22, 3]] });
  });

  it('without a commit a partition takes the history that another worker has begun', async () => {
    const found = await opened({ row: row(8, OTHER), known: row(8) });
    expect(found).toEqual({ start: BEGINNING, healed: [], row: row(8, OTHER) });
  });

  it('without a commit a partition that was not opened before begins a history, whatever row is there', async () => {
    const found = await opened({ row: row(BEGINNING), reopens: true });
    expect(found).toEqual({ start: BEGINNING, healed: [], row: row(BEGINNING, NEW) });
  });

  it('without a commit a partition goes on in its own history, unless that stands beyond where it goes on: the topic may be another', async () => {
    const found = await opened({ row: row(BEGINNING), known: row(BEGINNING) });
    expect(found).toEqual({ start: BEGINNING, healed: [], row: row(BEGINNING) });
    const beyond = await opened({ row: row(8), known: row(8) });
    expect(beyond).toEqual({ start: BEGINNING, healed: [], row: row(BEGINNING, NEW) });
  });

  it('a partition that was cut off, or whose topic was made again, begins a history that may stand lower', async () => {
    const found = await opened({ committed: commit(50), row: row(50), known: row(50), cutOff: 6 });
    expect(found).toEqual({ start: 6, healed: [], row: row(6, NEW) });
  });

  it.each([
    ['goes on in the history that was begun with it', row(9, OTHER), { start: 9, healed: [], row: row(9, OTHER) }],
    ['goes back in that history', row(7, OTHER), { start: 7, healed: [[7, 2]], row: row(7, OTHER) }],
    [
      'begins at its beginning when the database lacks that history',
      row(50),
      { start: BEGINNING, healed: [[BEGINNING, 4]], row: row(BEGINNING, OTHER) },
    ],
  ])('a partition that was cut off, and for which nothing was committed since, %s', async (_, found, expected) => {
    await expect(opened({ committed: commit(50), row: found, known: row(9, OTHER) })).resolves.toEqual(expected);
  });
});

describe('a partition of which nobody tells where it begins', () => {
  const [LED, LEADERLESS]: readonly [TopicPartition, TopicPartition] = [PLACE, { topic: 't', partition: 1 }];
  const why = new Error('nobody leads it');

  /** Of both the same is committed and known. Asked are those whose place depends on their beginnings. */
  async function bothOpened(
    committed: CommittedOffset | undefined,
    rows: readonly DecidedOffset[],
    known?: DecidedOffset,
  ) {
    const decidedOffsets = new InMemoryDecidedOffsets(new InMemoryDatabase({ now: () => NOW }));
    await decidedOffsets.change(
      GROUP,
      rows.map((after) => ({ before: undefined, after })),
    );
    const asked: number[] = [];
    let raised = 0;
    const opening = new Opening(GROUP, {
      consumer: {
        committed: async () =>
          [LED, LEADERLESS].map((place) => ({ ...(committed ?? { offset: undefined, metadata: null }), ...place })),
        beginnings: async (places) => {
          asked.push(...places.map(({ partition }) => partition));
          return places.map((place) =>
            place.partition === 0 ? { ...place, offset: BEGINNING } : { ...place, unknown: why },
          );
        },
      },
      decidedOffsets,
      entitlements: { raiseEpoch: async () => void (raised += 1) },
      telemetry: silentTelemetry(),
      newId: () => NEW,
    });
    const before: Before | undefined = known && { of: (place) => ({ ...known, ...place }), cutOff: new Map() };
    const opened = await opening.open([LED, LEADERLESS], before, AbortSignal.timeout(5_000));
    const { offsets } = await decidedOffsets.read(GROUP);
    return {
      asked,
      raised,
      starts: [...opened.starts.values()].map(({ partition, offset }) => [partition, offset]),
      opened: opened.histories.now.map(({ partition, decided }) => [partition, decided]),
      waiting: [...opened.waiting.values()],
      rows: offsets.map(({ partition, decided }) => [partition, decided]),
    };
  }

  it('waits when the database lacks its history, and no row is written of it; the other one is opened', async () => {
    await expect(bothOpened(commit(20), [])).resolves.toEqual({
      ...{ asked: [0, 1], raised: 1, starts: [[0, BEGINNING]], opened: [[0, BEGINNING]], rows: [[0, BEGINNING]] },
      waiting: [{ ...LEADERLESS, known: undefined, why }],
    });
  });

  it('waits within an assignment when nothing was committed, and what was known of it is kept', async () => {
    await expect(bothOpened(undefined, [], row(0))).resolves.toMatchObject({
      ...{ asked: [0, 1], raised: 0, starts: [[0, BEGINNING]], opened: [[0, BEGINNING]] },
      waiting: [{ ...LEADERLESS, known: { ...row(0), ...LEADERLESS }, why }],
    });
  });

  it('is not asked for, and opened with the others, when the commit tells where it goes on', async () => {
    const rows = [row(20), { ...row(12), ...LEADERLESS }];
    await expect(bothOpened(commit(20), rows, row(20))).resolves.toMatchObject({
      ...{ asked: [], waiting: [] },
      starts: [
        [0, 20],
        [1, 12],
      ],
    });
  });

  it('is not asked for at an assignment of which nothing is committed: the consumer finds out by itself', async () => {
    await expect(bothOpened(undefined, [])).resolves.toMatchObject({ asked: [], waiting: [], starts: [] });
  });
});

describe('a look at the database', () => {
  it.each([
    ['decided less', [row(9)], true],
    ['decided the same', [row(10)], false],
    ['decided more', [row(11)], false],
    ['another history', [row(10, OTHER)], true],
    ['no row', [], true],
  ])('finds %s than was known', (_, found, lost) => {
    expect(hasLost([row(10)], found)).toBe(lost);
  });
});

describe('histories', () => {
  const message = (offset: number, partition = 0) => ({ received: { topic: 't', partition, offset, timestamp: NOW } });

  it('tell what a chunk decides of each partition, and go on from there once it is committed', () => {
    const histories = new Histories(GROUP, [row(10), { ...row(20), partition: 1 }]);
    const chunk = [message(20, 1), message(12), message(21, 1), message(14), message(7, 5)];
    const decision = histories.decisionOn(chunk);
    expect(decision.steps.map(({ partition, from, to }) => [partition, from, to])).toEqual([
      [0, 10, 15],
      [1, 20, 22],
    ]);
    histories.decided(decision);
    expect(histories.decisionOn([message(15)]).steps).toMatchObject([{ from: 15, to: 16 }]);
    // What is delivered again decides nothing.
    expect(histories.decisionOn([message(3)]).steps).toMatchObject([{ from: 15, to: 15 }]);
  });

  it('tell in a commit what is decided before its offset, and not what lies behind', () => {
    const histories = new Histories(GROUP, [row(10)]);
    expect(histories.metadataOf({ ...PLACE, offset: 8 })).toBe(metadataOf(row(8)));
    expect(histories.metadataOf({ ...PLACE, offset: 30 })).toBe(metadataOf(row(10)));
  });
});
