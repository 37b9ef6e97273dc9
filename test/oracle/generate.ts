import { command, keyOf, outside, type RawSending, type Sending } from '../support/load.ts';
import { Bursts, MESSAGES_A_BURST } from './bursts.ts';
import { partitionOf } from './identity.ts';
import { SOON } from './generate-terms.ts';
import { Random } from './random.ts';
import {
  createTenantSketch,
  envelope,
  tenantCommand,
  type Surroundings,
  type TenantSketch,
} from './generate-tenant.ts';

export interface LoadOptions {
  readonly seed: number;
  /** About how many messages the load has; a few hundred at least, to have some of everything. */
  readonly messages: number;
  readonly partitions: number;
  readonly tenants?: number;
  /** Milliseconds since the epoch. The records are dated before it, and what ends soon has ended by then: no answer depends on when they are sent. */
  readonly now: number;
  /** Whether some frames name a schema that the registry does not have. Default true. */
  readonly unknownSchemas?: boolean;
  /** How many messages at the beginning name nothing that a worker of the version before time does not know. Default 0. */
  readonly older?: number;
  /** Whether some messages end as dead letters. Default true. */
  readonly letters?: boolean;
}

export interface Load {
  /** Events of the user domain, to be sent and settled before `load`. */
  readonly first: readonly Sending[];
  readonly load: readonly (Sending | RawSending)[];
}

/**
 * Makes a mixed load: all commands, some refused by design, bursts of large and small tenants with silence between them, events of the user
 * domain, repetitions, reused ids and unreadable messages. Its answers depend only on the order within each partition: names and users are
 * chosen so that no two partitions write the same one. Where partitions meet is for the `*.races` tests.
 */
export function generate(options: LoadOptions): Load {
  const { seed, messages, partitions, tenants = 24, now, unknownSchemas = true, older = 0, letters = true } = options;
  const [reused, wrong] = letters ? [4, 6] : [0, 0];
  const random = new Random(seed);
  const around: Surroundings = { random, now, time: now - 4 * SOON, partitions, isOlder: older > 0, counter: 0 };
  const known = Array.from({ length: Math.ceil(tenants / 2) }, () => random.uuid());
  const sketches = Array.from({ length: tenants }, (_, i) => createTenantSketch(around, known[i]));
  const strangers = Array.from({ length: 12 }, () => random.uuid());
  const bursts = new Bursts(random, sketches);
  /** Of the producers' clock: most of the time passes between bursts. */
  const silence = (MESSAGES_A_BURST * 4 * SOON) / messages;
  const created: string[] = [];
  const sent: Sending[] = [];
  const load: (Sending | RawSending)[] = [];

  const push = (sending: Sending): void => {
    sent.push(sending);
    load.push(sending);
  };
  for (const sketch of sketches) push(tenantCommand(around, sketch, undefined));
  while (load.length < messages) {
    around.isOlder = load.length < older;
    switch (random.weighted({ tenant: 880, user: 20, outside: 60, again: 25, reused, junk: wrong, unknown: 5 })) {
      case 'tenant': {
        const { customer: sketch, isFirst } = bursts.next();
        around.time = Math.min(around.time + random.int(0, isFirst ? silence : WITHIN_BURST_MS), now - SOON - 1);
        push(tenantCommand(around, sketch, neighbourOf(random, sketches, sketch, partitions)));
        break;
      }
      case 'user': {
        // One user in four exists already.
        const userId = random.chance(0.25) ? (random.pick(created) ?? random.uuid()) : random.uuid();
        created.push(userId);
        push(command('CreateUser', { userId }, envelope(random)));
        break;
      }
      case 'outside':
        push(outsideEvent(random, strangers, now));
        break;
      case 'again': {
        const before = random.pick(sent.filter(({ envelope: { id } }) => id !== null));
        if (before !== undefined) load.push(before);
        break;
      }
      case 'reused': {
        const before = random.pick(
          sent.filter(({ envelope: { id }, type }) => id !== null && type.includes('commands')),
        );
        if (before !== undefined) load.push(rewritten(before));
        break;
      }
      case 'junk':
        load.push(junk(random, unknownSchemas));
        break;
      case 'unknown':
        push(command('DeleteTenant', { tenantId: random.uuid() }, envelope(random)));
    }
  }
  return {
    first: known.map((userId) => outside('UserCreated', profileOf(random, userId, now), envelope(random))),
    load,
  };
}

/** Another tenant of the same partition, whose name and creator may be claimed, since the order of the two is fixed. */
function neighbourOf(
  random: Random,
  sketches: readonly TenantSketch[],
  { tenantId }: TenantSketch,
  partitions: number,
): TenantSketch | undefined {
  const partition = partitionOf(tenantId, partitions);
  return random.pick(
    sketches.filter((other) => other.tenantId !== tenantId && partitionOf(other.tenantId, partitions) === partition),
  );
}

function outsideEvent(random: Random, strangers: readonly string[], now: number): Sending {
  const userId = random.pick(strangers) ?? random.uuid();
  switch (random.weighted({ created: 2, updated: 6, deleted: 1 })) {
    case 'created':
      return outside('UserCreated', profileOf(random, userId, now), envelope(random));
    case 'updated':
      return outside('UserUpdated', profileOf(random, userId, now), envelope(random));
    case 'deleted':
      return outside('UserDeleted', { userId }, envelope(random));
  }
}

/** Profiles have few different values, so that some change nothing, and times in any order, so that some are older than the known one. */
function profileOf(
  random: Random,
  userId: string,
  now: number,
): Extract<Sending, { readonly type: 'users.events.UserUpdated' }>['data'] {
  return {
    userId,
    email: random.chance(0.2) ? null : `user${random.int(1, 2)}@example.org`,
    tgId: random.chance(0.5) ? null : `tg-${random.int(1, 2)}`,
    superadmin: random.chance(0.1),
    updatedAt: random.chance(0.2) ? null : now - random.int(0, 50) * 60_000,
  };
}

/** Another message with the same id, under the same key. */
function rewritten(before: Sending): Sending {
  const { id } = before.envelope;
  const reused = { ...before.envelope, ...(id !== undefined && { id }), key: keyOf(before) };
  return command('CreateUser', { userId: NOBODY }, reused);
}

/** Between two messages of a burst, at most. */
const WITHIN_BURST_MS = 4;

/** A user that is never created: each of its commands has an id that was used before. */
const NOBODY = '00000000-0000-4000-8000-000000000000';

function junk(random: Random, unknownSchemas: boolean): RawSending {
  const values = [null, Buffer.alloc(0), Buffer.from([1, ...random.bytes(40)])];
  if (unknownSchemas) values.push(Buffer.from([0, 0x7f, 0, 0, 1, 2]));
  return {
    topic: random.chance(0.8) ? 'commands' : 'users',
    key: random.uuid(),
    value: random.pick(values) ?? null,
    headers: { ce_id: random.uuid(), 'x-sent-by': 'a producer that went wrong' },
  };
}
