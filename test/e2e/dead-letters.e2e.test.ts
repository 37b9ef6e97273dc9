import { randomUUID } from 'node:crypto';
import { check } from '../oracle/check.ts';
import type { SetAside } from '../oracle/model.ts';
import { header, type WireRecord } from '../support/collect.ts';
import { examplesOf, wordsOf } from '../support/help-examples.ts';
import { command, type Sending } from '../support/load.ts';
import { BROKEN, killedAt, licensing, type Ended } from '../support/world-process.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { until } from '../support/world-until.ts';
import { CONTACT, createTenant, PLACE, told } from './given.ts';

/** The worker of these tests has a bug with each of these addresses. The CLI of some tests has the second bug mended. */
const [BUG, OTHER_BUG] = ['1 Bug Street', '2 Bug Street'];
const world = theWorld({ workers: 0, env: { CHUNK_MAX_MESSAGES: '20' } });

/** By `ce_id`, what came of messages that were set aside: told to the oracle, which checks it. */
const fates = new Map<string, SetAside>();

beforeAll(async () => {
  await world.startWorker({ BROKEN: `${BUG},${OTHER_BUG}` }, [BROKEN, 'worker']);
});

test('a message that meets a bug parks its tenant: later messages wait in order, other tenants go on', () =>
  world.guard(async () => {
    const [ours, others] = [await givenTenant(), await givenTenant()];
    const bad = ours.update(BUG);
    const behind = [ours.update('3 Street'), ours.subdivision(), ours.update('4 Street')];
    await world.send([bad, others.update('5 Street'), ...behind, others.update('6 Street')]);
    await letters(ours.key, 4);
    await told(world, others.update('7 Street'), 'TenantUpdated');
    expect(await reasons(ours.key)).toEqual(['HandlerFailed', 'ParkedBehind', 'ParkedBehind', 'ParkedBehind']);
    expect(await idsOf(ours.key)).toEqual([bad, ...behind].map(idOf));
    await world.settled();
    const dlq = world.collector
      .records(`${world.topics.commands}.dlq`)
      .filter((record) => record.key?.toString() === ours.key);
    expect(dlq.map((record) => header(record, 'ce_id'))).toEqual([bad, ...behind].map(idOf));
    expect(await licensing(['dlq', 'list', '--key', ours.key], world.env)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/HandlerFailed +1 [^]*ParkedBehind +3 [^]*PARKED KEY[^]*4 /),
    });
    expectThrough(await replayed('--key', ours.key), 4);
    fated('replayed', bad, ...behind);
    await told(world, ours.update('8 Street'), 'TenantUpdated');
    await checked();
  }));

test('a parked user holds back the next tenant that it founds, and the messages of that tenant', () =>
  world.guard(async () => {
    const userId = randomUUID();
    const bad = createTenant({ userId }, {}, BUG);
    const founded = createTenant({ userId });
    const { tenantId } = founded.data;
    const subdivision = command('CreateSubdivision', { tenantId, subdivisionId: randomUUID(), ...PLACE });
    for (const [i, message] of [bad, founded, subdivision].entries()) {
      await world.send([message]);
      await letters(i === 0 ? userId : tenantId, i === 0 ? 1 : i);
      await world.settled();
    }
    const all = await openLetters();
    expect(all.map(({ reason, message_id: id }) => [reason, id])).toEqual([
      ['HandlerFailed', idOf(bad)],
      ['ParkedBehind', idOf(founded)],
      ['ParkedBehind', idOf(subdivision)],
    ]);
    const early = await replayed('--key', tenantId);
    expect([early.code, early.stdout]).toEqual([1, expect.stringContaining('waits behind letter')]);
    const { stdout } = await replayed('--all');
    expect(stdout.match(/(accepted|rejected)$/gm)).toEqual(['accepted', 'rejected', 'rejected']);
    fated('replayed', bad, founded, subdivision);
    await checked();
  }));

test('a letter whose replay fails again stays open and stops its key; other keys go through', () =>
  world.guard(async () => {
    const [broken, mended] = [await givenTenant(), await givenTenant()];
    const stuck = [broken.update(BUG), broken.update('3 Street')];
    const through = [mended.update(OTHER_BUG), mended.update('4 Street')];
    await world.send([...stuck, ...through]);
    await Promise.all([letters(broken.key, 2), letters(mended.key, 2)]);
    for (const words of (await examplesOf('dlq replay')).map(wordsOf)) {
      expect(await licensing(words, world.env)).toMatchObject({
        stderr: '',
        stdout: expect.stringMatching(/would be accepted/),
      });
    }
    expect((await openLetters()).length).toBe(4);
    const cut = await licensing(['dlq', 'list', '--limit', '1'], world.env);
    expect(cut.stdout).toMatch(/NEXT\n.*\n\.\.\. and 1 more keys; --limit[^]*MESSAGE\n.*\n\.\.\. and 3 more; --limit/);
    const { code, stdout } = await licensing(['replay'], { ...world.env, BROKEN: BUG }, BROKEN);
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/failed {2}HandlerFailed: a bug[^]*2 replayed, 1 not, 1 wait/),
    ]);
    expect(await reasons(broken.key)).toEqual(['HandlerFailed', 'ParkedBehind']);
    expect(await reasons(mended.key)).toEqual([]);
    const second = (await lettersOf(broken.key))[1]?.letter_id;
    const early = await replayed(String(second));
    expect([early.code, early.stdout]).toEqual([1, expect.stringContaining('waits behind letter')]);
    expectThrough(await replayed('--reason', 'HandlerFailed'), 1);
    expectThrough(await replayed('--all'), 1);
    fated('replayed', ...stuck, ...through);
    await checked();
  }));

/** Messages a second, so many at a time, and no more than that: far more than a replay that keeps up lets come in. */
const STREAM = { rate: 1_000, step: 20, most: 30_000 };

test('a key that gets 1,000 messages a second comes free during its replay, and nothing overtakes', () =>
  world.guard(async () => {
    const ours = await givenTenant();
    const bad = ours.update(BUG);
    const sent = Array.from({ length: 120 }, (_, i) => ours.update(`${i} Street`));
    await world.send([bad, ...sent]);
    await letters(ours.key, 1 + sent.length);
    let ended: Ended | undefined;
    const replay = replayed('--key', ours.key).then((one) => (ended = one));
    const began = performance.now();
    for (let n = 0; ended === undefined && n < STREAM.most; n += STREAM.step) {
      const next = Array.from({ length: STREAM.step }, (_, i) => ours.update(`${n + i} Street`));
      await world.send(next);
      sent.push(...next);
      await until('the next are due', () => performance.now() - began > ((n + STREAM.step) * 1_000) / STREAM.rate);
    }
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(await replay).toMatchObject({ stdout: expect.stringMatching(/ 0 not\n$/) });
    expect(await world.db('parked_keys').where({ key: ours.key, parked: true })).toEqual([]);
    await told(world, ours.update('9 Street'), 'TenantUpdated');
    const behind = await behindOf(ours.key);
    expect(behind.length).toBeGreaterThan(121);
    expect(await reasons(ours.key)).toEqual([]);
    for (const id of behind)
      fates.set(id, { reason: id === idOf(bad) ? 'HandlerFailed' : 'ParkedBehind', state: 'replayed' });
    const versions = (await world.answers(idOf(sent.at(-1) ?? bad))).map(({ decoded }) => decoded?.data['version']);
    expect(versions).toEqual([sent.length + 2]);
    await checked();
  }));

test.each([
  ['before its commit', 'commit', 3],
  ['after its commit, with nothing published', 'committed', 0],
])('a replay that is killed %s and run again takes effect once, and its events come in order', (_, pause, left) =>
  world.guard(async () => {
    const ours = await givenTenant();
    const all = [ours.update(BUG), ours.update('3 Street'), ours.subdivision()];
    await world.send(all);
    await letters(ours.key, 3);
    await killedAt('paused', ['replay', ours.key], { ...world.env, PAUSE: pause }, BROKEN);
    await until('the killed one lets go', async () => (await idleInTransaction()) === 0);
    expect(await reasons(ours.key)).toHaveLength(left);
    expectThrough(await replayed('--key', ours.key), left);
    fated('replayed', ...all);
    await checked();
  }),
);

test('two replays at once: each letter takes effect once, in order', () =>
  world.guard(async () => {
    const ours = await givenTenant();
    const all = [ours.update(BUG), ...Array.from({ length: 15 }, (_, i) => ours.update(`${i} Street`))];
    await world.send(all);
    await letters(ours.key, all.length);
    const both = await Promise.all([replayed('--key', ours.key), replayed('--key', ours.key)]);
    expect(both.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    fated('replayed', ...all);
    await checked();
  }));

test('a replay takes effect once, also when the inbox has long forgotten the message', () =>
  world.guard(async () => {
    const ours = await givenTenant();
    const bad = ours.update(BUG);
    await world.send([bad]);
    await letters(ours.key, 1);
    const [letter] = await openLetters();
    expect(await world.db('inbox').where('identity', letter?.identity).del()).toBe(1);
    expectThrough(await replayed(String(letter?.letter_id)), 1);
    const again = await replayed(String(letter?.letter_id));
    expect([again.code, again.stdout]).toEqual([1, expect.stringContaining('is replayed already')]);
    fated('replayed', bad);
    await checked();
  }));

test('a discarded letter has no effect; its key stays parked until the other letters are through, or is freed on demand', () =>
  world.guard(async () => {
    const [kept, freed] = [await givenTenant(), await givenTenant()];
    const [bad, behind] = [kept.update(BUG), kept.update('3 Street')];
    await world.send([bad, behind, freed.update(BUG, 'freed')]);
    await Promise.all([letters(kept.key, 2), letters(freed.key, 1)]);
    const byKey = async (key: string) => (await openLetters()).find(({ keys }) => keys.includes(key))?.letter_id;
    const discard = async (key: string, ...more: readonly string[]) =>
      licensing(['dlq', 'discard', String(await byKey(key)), ...more], world.env);
    expect(await discard(kept.key, '--yes')).toMatchObject({ code: 2, stderr: expect.stringContaining('--why') });
    expect(await discard(kept.key, '--why', 'x')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(await openLetters()).toHaveLength(3);
    const done = await discard(kept.key, '--why', 'sent by mistake', '--by', 'Ada', '--yes');
    expect([done.code, done.stdout]).toEqual([
      0,
      expect.stringMatching(/is discarded[^]*stays parked: 1 letters wait/),
    ]);
    const again = kept.update('4 Street');
    await world.send([again]);
    await letters(kept.key, 2);
    const shown = await licensing(['dlq', 'show', String(await byKey(kept.key))], world.env);
    expect(shown.stdout).toMatch(/ParkedBehind[^]*value, licensing.commands.UpdateTenant[^]*"address": "3 Street"/);
    expectThrough(await replayed('--key', kept.key), 2);
    await told(world, kept.update('5 Street'), 'TenantUpdated');
    expect(await discard(freed.key, '--why', 'no', '--yes', '--free-key')).toMatchObject({ code: 0 });
    await told(world, freed.update('6 Street'), 'TenantUpdated');
    const records = await world.db('dead_letters').where('state', 'discarded').orderBy('resolved_at');
    expect(records.map(({ resolved_by: by, resolution }) => [typeof by, resolution])).toEqual([
      ['string', 'sent by mistake'],
      ['string', 'no'],
    ]);
    fated('replayed', behind, again);
    fates.set(idOf(again), { reason: 'ParkedBehind', state: 'replayed' });
    fates.set(idOf(behind), { reason: 'ParkedBehind', state: 'replayed' });
    fates.set(idOf(bad), { reason: 'HandlerFailed', state: 'discarded' });
    fates.set('freed', { reason: 'HandlerFailed', state: 'discarded' });
    await checked();
  }));

test('a key whose only letter was discarded is freed by a replay of all', () =>
  world.guard(async () => {
    const ours = await givenTenant();
    await world.send([ours.update(BUG, 'given up')]);
    await letters(ours.key, 1);
    const [letter] = await lettersOf(ours.key);
    const discarded = await licensing(['dlq', 'discard', String(letter?.letter_id), '--why', 'x', '--yes'], world.env);
    expect(discarded.stdout).toContain('stays parked, though nothing waits');
    const dry = await replayed('--all', '--dry-run');
    expect(dry.stdout).not.toContain('is free');
    expect(await replayed('--all')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`key ${ours.key} is free`),
    });
    await told(world, ours.update('3 Street'), 'TenantUpdated');
    fates.set('given up', { reason: 'HandlerFailed', state: 'discarded' });
    await checked();
  }));

test('a call that can not be understood ends with a sentence and exit code 2, a letter that is not there with 1', async () => {
  const calls: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [[], 2, /expected one of: list, show, replay, discard/],
    [['list', '--reason', 'HandlerFaild'], 2, /did you mean HandlerFailed/],
    [['list', '--older-than', 'long'], 2, /90s, 15m, 12h or 7d/],
    [['show', 'x'], 2, /expected the number of one letter; got 'x'/],
    [['show', '999999'], 1, /there is no letter 999999/],
    [['replay'], 2, /expected one of: the number of a letter, --key, --reason, --all/],
    [['replay', '--all', '--yes'], 2, /has no option --yes/],
    [['discard', '999999', '--why', 'x', '--yes'], 1, /there is no letter 999999/],
  ];
  const ended = await Promise.all(calls.map(([args]) => licensing(['dlq', ...args], world.env)));
  expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(
    calls.map(([, code, says]) => [code, expect.stringMatching(says)]),
  );
  expect(await licensing(['dlq', 'list'], world.env)).toMatchObject({ code: 0, stdout: 'no open dead letters\n' });
});

test('a letter that parks nothing holds up no other of its key when it fails again', () =>
  world.guard(async () => {
    const ours = await givenTenant();
    // The answer carries the correlation id twice, so it fits no topic.
    const large = createTenant({ tenantId: ours.key }, { id: randomUUID(), correlationId: 'x'.repeat(560_000) });
    const bad = ours.update(BUG);
    await world.send([large, bad]);
    await letters(ours.key, 2);
    expect(await reasons(ours.key)).toEqual(['TooLarge', 'HandlerFailed']);
    const { code, stdout } = await replayed('--key', ours.key);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/\n1 replayed, 1 not\n$/)]);
    expect(await reasons(ours.key)).toEqual(['TooLarge']);
    const [letter] = await lettersOf(ours.key);
    await licensing(['dlq', 'discard', String(letter?.letter_id), '--why', 'x', '--yes'], world.env);
    fates.set(idOf(large), { reason: 'TooLarge', state: 'discarded' });
    fated('replayed', bad);
    await checked();
  }));

test('an IdReused letter is replayed on demand, by number, as a message of its own', () =>
  world.guard(async () => {
    const ours = await givenTenant();
    const id = randomUUID();
    await told(world, ours.update('3 Street', id), 'TenantUpdated');
    await world.send([ours.update('4 Street', id)]);
    await letters(ours.key, 1);
    const [letter] = await lettersOf(ours.key);
    expect(letter?.reason).toBe('IdReused');
    expect(await replayed('--key', ours.key)).toMatchObject({ code: 0, stdout: '0 replayed, 0 not\n' });
    expectThrough(await replayed(String(letter?.letter_id)), 1);
    const [event] = await world.answers(letter?.message_id ?? '');
    expect(event?.decoded?.data).toMatchObject({ tenantId: ours.key, address: '4 Street', version: 3 });
  }));

test('a letter that still can not be decoded stays open, in no order, and the replay says so', () =>
  world.guard(async () => {
    const ours = await givenTenant();
    await world.send([{ topic: 'commands', key: ours.key, value: Buffer.from('no frame'), headers: {} }]);
    await until('a letter', async () => (await openLetters()).length === 1);
    await told(world, ours.update('3 Street'), 'TenantUpdated');
    const [letter] = await openLetters();
    const { code, stdout } = await replayed('--reason', 'UndecodableMessage');
    expect([code, stdout]).toEqual([1, expect.stringMatching(/failed {2}UndecodableMessage: [^]*0 replayed, 1 not/)]);
    const shown = await licensing(['dlq', 'show', String(letter?.letter_id)], world.env);
    expect(shown).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/in no order[^]*can not be decoded[^]*bm8gZnJhbWU=/),
    });
  }));

async function givenTenant() {
  const created = createTenant();
  const { tenantId, name } = created.data;
  await told(world, created, 'TenantCreated', 'UserCreated');
  return {
    key: tenantId,
    update: (address: string, id: string = randomUUID()): Sending =>
      command('UpdateTenant', { tenantId, name, ...CONTACT, address }, { id }),
    subdivision: (): Sending => command('CreateSubdivision', { tenantId, subdivisionId: randomUUID(), ...PLACE }),
  };
}

interface LetterRow {
  readonly letter_id: number;
  readonly reason: string;
  readonly identity: string;
  readonly message_id: string;
  readonly keys: string;
}

async function openLetters(): Promise<readonly LetterRow[]> {
  return world.db<LetterRow>('dead_letters').where('state', 'open').orderBy('letter_id');
}

async function lettersOf(key: string): Promise<readonly LetterRow[]> {
  return (await openLetters()).filter(({ keys }) => keys.includes(key));
}

async function reasons(key: string): Promise<readonly string[]> {
  return (await lettersOf(key)).map(({ reason }) => reason);
}

async function idsOf(key: string): Promise<readonly string[]> {
  return (await lettersOf(key)).map(({ message_id: id }) => id);
}

/** All letters that a key ever had, by the `ce_id` of their messages. */
async function behindOf(key: string): Promise<readonly string[]> {
  const rows: readonly LetterRow[] = await world.db<LetterRow>('dead_letters').orderBy('letter_id');
  return rows.filter(({ keys }) => keys.includes(key)).map(({ message_id: id }) => id);
}

async function letters(key: string, count: number): Promise<void> {
  await until(`${count} letters of ${key}`, async () => (await lettersOf(key)).length === count);
}

async function replayed(...args: readonly string[]): Promise<Ended> {
  return licensing(['dlq', 'replay', ...args], world.env);
}

function expectThrough({ code, stdout, stderr }: Ended, count: number): void {
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.match(/^letter \d+ {2}(accepted|rejected)$/gm) ?? []).toHaveLength(count);
}

/** Of each tenant, the first message has met the bug and the others wait behind it. */
function fated(state: SetAside['state'], ...messages: readonly Sending[]): void {
  for (const message of messages) {
    const { address }: Readonly<Record<string, unknown>> = { ...message.data };
    const met = address === BUG || address === OTHER_BUG;
    fates.set(idOf(message), { reason: met ? 'HandlerFailed' : 'ParkedBehind', state });
  }
}

/** Checks that everything is as if nothing had ever failed, but for discarded messages. */
async function checked(): Promise<void> {
  await check(world, { setAside: (record: WireRecord) => fates.get(header(record, 'ce_id') ?? '') });
}

async function idleInTransaction(): Promise<number> {
  const found = await world.db.raw<{ rows: readonly { readonly n: number }[] }>(
    `SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
  );
  return Number(found.rows[0]?.n);
}

function idOf({ envelope }: Sending): string {
  return String(envelope.id);
}
