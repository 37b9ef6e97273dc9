import { randomUUID } from 'node:crypto';
import { ConfigurationError, DatabaseRefuses } from '../../../src/ports/errors.ts';
import type { UserLookUp } from '../../../src/ports/repositories.ts';
import { Boot } from '../../../src/worker/boot.ts';
import * as a from '../../support/builders.ts';
import { InMemoryDatabase } from '../../support/in-memory/database.ts';
import { InMemoryUnitOfWork } from '../../support/in-memory/unit-of-work.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

/** More than one page of them. */
const LOOK_UPS = 1_001;

describe('a boot', () => {
  it('queues every look-up that waits for an answer', async () => {
    const world = new World();
    await world.unitOfWork.run([], async ({ userLookUps }) => {
      for (let n = 0; n < LOOK_UPS; n += 1) userLookUps.put(lookUp(n));
    });
    await expect(world.boot()).resolves.toBe(LOOK_UPS);
    expect(new Set(world.queued).size).toBe(LOOK_UPS);
  });

  it('queues none without a user domain', async () => {
    const world = new World();
    world.userDomainKnown = false;
    await world.unitOfWork.run([], async ({ userLookUps }) => userLookUps.put(lookUp(1)));
    await expect(world.boot()).resolves.toBeUndefined();
    expect(world.queued).toEqual([]);
  });

  it('ends for topics that do not fit, with a line for each fault', async () => {
    const world = new World();
    world.faults = ['topic a does not exist', 'topic b is compacted'];
    await expect(world.boot()).rejects.toThrow('topic a does not exist\ntopic b is compacted');
    expect(world.told).toEqual([]);
  });

  it('ends for a topic of entitlements that has got more partitions', async () => {
    const world = new World();
    world.grown = 'topic n has grown';
    await expect(world.boot()).rejects.toThrow(new ConfigurationError('topic n has grown'));
  });

  it('ends for a right that the brokers have not given, once the topics fit', async () => {
    const world = new World();
    world.lackingRights = ['topic a: the brokers do not let this user write it'];
    await expect(world.boot()).rejects.toThrow('topic a: the brokers do not let this user write it');
    world.faults = ['topic a does not exist'];
    await expect(world.boot()).rejects.toThrow(/^topic a does not exist$/);
  });

  it('ends for a right that the database has not given', async () => {
    const world = new World();
    world.lacking = new DatabaseRefuses('DATABASE_URL: permission denied');
    await expect(world.boot()).rejects.toThrow(ConfigurationError);
    await expect(world.boot()).rejects.toThrow('DATABASE_URL: permission denied');
    expect(world.told).toEqual([]);
  });

  it('waits for a broker that is away, and names the setting that leads to it', async () => {
    const world = new World();
    world.brokerErrors = [new Error('connection refused'), new Error('connection refused')];
    await world.boot();
    expect(world.told).toEqual(Array(2).fill('broker: KAFKA_BROKERS broker:9092: connection refused'));
  });

  test('when one check ends the start, the others end with it', async () => {
    const world = new World();
    world.faults = ['topic t does not exist'];
    await expect(world.boot()).rejects.toThrow('topic t does not exist');
    expect(world.stillWaits).toBe(false);
  });
});

class World {
  readonly unitOfWork = new InMemoryUnitOfWork(new InMemoryDatabase({ now: () => a.NOW }), randomUUID);
  readonly queued: string[] = [];
  readonly told: string[] = [];
  userDomainKnown = true;
  faults: readonly string[] = [];
  lackingRights: readonly string[] = [];
  /** Why the topic of entitlements can't be gone on with. */
  grown: string | undefined;
  brokerErrors: Error[] = [];
  lacking: Error | undefined;
  /** Whether the check of the registry would go on. */
  stillWaits = true;

  async boot(): Promise<number | undefined> {
    const boot = new Boot({
      places: { database: 'DATABASE_URL db', broker: 'KAFKA_BROKERS broker:9092' },
      databaseServer: { check: async () => undefined },
      migrations: {
        check: async () => {
          if (this.lacking !== undefined) throw this.lacking;
        },
      },
      topicCheck: {
        check: async () => {
          const error = this.brokerErrors.pop();
          if (error !== undefined) throw error;
          return { faults: this.faults, advice: [], assumed: [] };
        },
        lackingRights: async () => this.lackingRights,
      },
      codec: {
        prepareWriters: async (_, signal) => {
          signal.addEventListener('abort', () => (this.stillWaits = false));
        },
      },
      writtenSubjects: [],
      userDomainKnown: this.userDomainKnown,
      unitOfWork: this.unitOfWork,
      entitlementTopic: { check: async () => this.grown },
      userLookUpQueuer: { queue: ({ userId }) => void this.queued.push(userId) },
      telemetry: silentTelemetry({ waiting: (what, { message }) => void this.told.push(`${what}: ${message}`) }),
    });
    return boot.run(AbortSignal.timeout(20_000));
  }
}

function lookUp(n: number): UserLookUp {
  return { userId: a.userId(n), causeId: `cause ${n}`, correlationId: null, traceparent: null, requestedAt: a.NOW };
}
