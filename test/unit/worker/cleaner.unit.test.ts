import { ConfigurationError, DatabaseUnavailable } from '../../../src/ports/errors.ts';
import type { OpenOfDeleted, OutboxMaintenance } from '../../../src/ports/outbox-maintenance.ts';
import type { Telemetry } from '../../../src/ports/telemetry.ts';
import { Cleaner } from '../../../src/worker/cleaner.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

const STEP = 10;

describe('a cleaner', () => {
  it('takes steps until one was not full, and orphaned rows until there are none', async () => {
    const world = new World({ pruneInbox: 25, pruneDeadLetters: STEP, removeOrphanedRows: 12, eraseOfDeleted: 3 });
    await world.round();
    expect(world.done).toEqual([
      ...['forget', 'forgetFreedKeys'],
      ...['removeOrphanedRows 10', 'removeOrphanedRows 2', 'removeOrphanedRows 0'],
      ...['pruneInbox 10', 'pruneInbox 10', 'pruneInbox 5'],
      ...['pruneDeadLetters 10', 'pruneDeadLetters 0'],
      'eraseOfDeleted 3',
    ]);
  });

  it('tells once of a deleted user whose letters are open', async () => {
    const world = new World({}, 1);
    world.open = [{ userId: 'u', letters: 2 }];
    await world.rounds(3);
    expect(world.told.filter((one) => one !== 'ended cleaning')).toEqual(['2 open letters of u']);
  });

  it('begins another round after the interval', async () => {
    const world = new World({}, 1);
    await world.rounds(3);
  });

  it('ends in the midst of a round when it is told to, though there is more to do', async () => {
    const world = new World({ pruneInbox: Infinity });
    await world.round(() => world.done.length > 20);
    expect(world.done.at(-1)).toBe('pruneInbox 10');
  });

  it('begins anew when the database was away, and says so meanwhile', async () => {
    const world = new World({ pruneInbox: 5 });
    world.failures.push(new DatabaseUnavailable('away'));
    await world.round();
    expect(world.told).toEqual(['waiting cleaning', 'ended cleaning']);
    expect(world.done).toContain('pruneInbox 5');
  });

  it('reports what waiting does not mend', async () => {
    const world = new World({});
    world.failures.push(new ConfigurationError('no such table'));
    await world.round();
    expect(world.failed).toEqual(['no such table']);
  });
});

/** Tables with so many rows that are to go. */
class World {
  readonly done: string[] = [];
  readonly told: string[] = [];
  readonly failed: string[] = [];
  readonly failures: Error[] = [];
  open: readonly OpenOfDeleted[] = [];
  private readonly stopping = new AbortController();
  private readonly rows: Record<string, number>;
  private readonly interval: number;
  private enough: () => boolean = () => false;
  private ended = 0;

  constructor(
    rows: Readonly<
      Partial<Record<'pruneInbox' | 'pruneDeadLetters' | 'removeOrphanedRows' | 'eraseOfDeleted', number>>
    >,
    interval = 60_000,
  ) {
    this.rows = { ...rows };
    this.interval = interval;
  }

  /** Runs until a round is over, or until that holds. */
  async round(enough: () => boolean = () => false): Promise<void> {
    await this.rounds(1, enough);
  }

  async rounds(count: number, enough: () => boolean = () => false): Promise<void> {
    this.enough = () => this.ended === count || enough();
    const settings = { interval: this.interval, pause: 1, step: STEP, inboxRetention: 1, deadLetterRetention: 1 };
    const cleaner = new Cleaner(settings, {
      outboxMaintenance: this.maintenance(),
      telemetry: this.telemetry(),
      failed: ({ message }) => void this.failed.push(message),
    });
    await cleaner.run(this.stopping.signal);
  }

  private maintenance(): OutboxMaintenance {
    const steps = (what: string) => async () => {
      const removed = Math.min(STEP, this.rows[what] ?? 0);
      this.rows[what] = (this.rows[what] ?? 0) - removed;
      this.note(`${what} ${removed}`);
      return removed;
    };
    return {
      deleteDelivered: none,
      touch: none,
      living: none,
      retire: none,
      relay: none,
      forget: async () => {
        const failure = this.failures.shift();
        if (failure !== undefined) throw failure;
        this.note('forget');
      },
      forgetFreedKeys: async () => this.note('forgetFreedKeys'),
      pruneInbox: steps('pruneInbox'),
      pruneDeadLetters: steps('pruneDeadLetters'),
      removeOrphanedRows: steps('removeOrphanedRows'),
      eraseOfDeleted: steps('eraseOfDeleted'),
      openOfDeleted: async () => this.open,
    };
  }

  private telemetry(): Telemetry {
    return silentTelemetry({
      openLettersOfDeleted: ({ userId, letters }) => void this.told.push(`${letters} open letters of ${userId}`),
      waiting: (what) => void this.told.push(`waiting ${what}`),
      waitEnded: (what) => {
        this.told.push(`ended ${what}`);
        this.ended += 1;
        this.stopWhenEnough();
      },
    });
  }

  private note(what: string): void {
    this.done.push(what);
    this.stopWhenEnough();
  }

  private stopWhenEnough(): void {
    if (this.enough()) this.stopping.abort(new Error('enough'));
  }
}

function none(): never {
  throw new Error('not used');
}
