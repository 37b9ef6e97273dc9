import { randomUUID } from 'node:crypto';
import { startUserDomainStandIn, type Behaviour, type UserDomainStandIn } from '../../stack/user-domain-stand-in.ts';
import { createTenant } from '../e2e/given.ts';
import { madeUp } from '../oracle/check.ts';
import type { ModelOptions } from '../oracle/model.ts';
import { command } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import { faultCase, theStack } from './fault-case.ts';

const stack = theStack();
let standIn: UserDomainStandIn;

const USERS = 64;
const HUGE = JSON.stringify({ email: 'x'.repeat(10_000_000) });
/** Longer than the worker waits for an answer. */
const SLOW_MS = 5_000;

/** The answer goes by the first digit of the user's id, so every load has some of each kind. */
const KINDS = {
  unknown: { digits: '01', behaviour: { status: 404, body: {} } },
  malformed: { digits: '23', behaviour: { status: 200, body: '{"userId": 7' } },
  huge: { digits: '4', behaviour: { status: 200, body: HUGE } },
} as const satisfies Record<string, { readonly digits: string; readonly behaviour: Behaviour }>;

function kindOf(userId: string): keyof typeof KINDS | undefined {
  const names = Object.keys(KINDS) as (keyof typeof KINDS)[];
  return names.find((name) => KINDS[name].digits.includes(userId.charAt(0)));
}

const userDomain: ModelOptions['userDomain'] = (userId) => {
  const kind = kindOf(userId);
  if (kind === undefined) return madeUp(userId);
  return kind === 'unknown' ? undefined : 'malformed';
};

faultCase(stack, {
  fault: 'F18',
  what: 'the user domain is down, slow, answers 500; and for some users 404, nonsense, or 10 MB',
  shows: 'Lag on the look-ups alone; for 404 a warning, for nonsense `dead letter: MalformedAnswer`.',
  todo: 'Bring the user domain back: look-ups go on by themselves. A malformed answer is for its owner to mend.',
  check: { userDomain },
  async begin({ world }) {
    standIn = await startUserDomainStandIn({
      respondTo: (userId) => {
        const kind = kindOf(userId);
        return kind && KINDS[kind].behaviour;
      },
    });
    await world.startWorker({ USER_DOMAIN_URL: standIn.url });
  },
  async inject({ world }) {
    const outages: readonly (() => Promise<void> | void)[] = [
      () => standIn.stop(),
      () => standIn.respondWith({ delayMs: SLOW_MS }),
      () => standIn.respondWith({ status: 500 }),
    ];
    for (const begin of outages) {
      await begin();
      const asked = standIn.requestCount();
      const users = Array.from({ length: USERS / outages.length }, () =>
        command('CreateUser', { userId: randomUUID() }),
      );
      const tenant = createTenant();
      await world.send([...users, tenant]);
      // Nothing but look-ups waits.
      await until('the rest of the load goes on', async () => (await world.lagOf(world.topics.commands)) === 0);
      await world.answers(String(tenant.envelope.id));
      expect(await world.lagOf(world.topics.userLookUps)).toBeGreaterThan(0);
      if (begin !== outages[0]) await until('it was asked', () => standIn.requestCount() > asked);
      await standIn.start();
    }
    standIn.respondWith();
  },
  fired({ world }, { model }) {
    const kinds = new Set([...model.lookUps.values()].map(({ userId }) => kindOf(userId)));
    expect(kinds).toEqual(new Set([undefined, 'unknown', 'malformed', 'huge']));
    expect(model.letters.filter(({ reason }) => reason === 'MalformedAnswer').length).toBeGreaterThanOrEqual(2);
    expect(world.worker().log).toContain('the user domain does not know this user');
  },
  end: () => standIn.stop(),
});
