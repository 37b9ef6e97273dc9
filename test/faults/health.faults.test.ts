import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { command } from '../support/load.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import { createWorld } from '../support/world.ts';
import { theStack } from './fault-case.ts';

const stack = theStack();
/** More than twice the session timeout of a world. */
const MAX_WAIT_MS = 15_000;

test('a worker that waits for a lock is live, one whose broker is away for long is not, until it is back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'licensing-health-'));
  const HEALTH_FILE = join(folder, 'health');
  const env = { HEALTH_FILE, HEALTH_MAX_WAIT_MS: String(MAX_WAIT_MS) };
  const world = await createWorld({ stack: stack(), env });
  let held: Knex.Transaction | undefined;
  const says = async (question: 'live' | 'ready'): Promise<string> => {
    return (await licensing(['health', question], { HEALTH_FILE })).stdout;
  };
  const becomes = async (question: 'live' | 'ready', text: RegExp): Promise<void> => {
    let said = '';
    await until(
      `'${text.source}'`,
      async () => text.test((said = await says(question))),
      60_000,
      () => said,
    );
  };
  try {
    await world.guard(async () => {
      await becomes('ready', /^ready: working with 12 partitions\n$/);
      held = await world.db.transaction();
      await held.raw('SET LOCAL idle_in_transaction_session_timeout = 0');
      await held.raw('LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      await world.send([command('CreateUser', { userId: randomUUID() })]);
      await becomes('ready', /^not ready: working with 12 partitions, has waited \d+ s for the database/);
      // Longer than it may go without a broker: the group still hears of it.
      await becomes('ready', new RegExp(`has waited (?:${MAX_WAIT_MS / 1_000 + 2}|[2-9]\\d) s for the database`));
      expect(await says('live')).toMatch(/^live: working/);
      await held.commit();
      await becomes('ready', /^ready: /);

      await stack().kafka.kill();
      await becomes('ready', /^not ready: /);
      expect(await says('live')).toMatch(/^live: /);
      await becomes('live', /^not live: no broker has answered for \d+ s\n$/);
      await stack().kafka.start();
      await becomes('ready', /^ready: working with 12 partitions\n$/);
      await world.worker().stop();
      expect(await says('live')).toMatch(/^not live: no worker keeps HEALTH_FILE/);
    });
  } finally {
    if (held?.isCompleted() === false) await held.rollback();
    await world.close();
    rmSync(folder, { recursive: true });
  }
}, 230_000);
