import { PublicationFailed } from '../../../src/ports/errors.ts';
import type { OutgoingMessage } from '../../../src/ports/messages.ts';
import type { OutboxMaintenance } from '../../../src/ports/outbox-maintenance.ts';
import { OutboxRelay } from '../../../src/worker/outbox/relay.ts';
import * as a from '../../support/builders.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

/** Longer than any test: what comes within it was not waited for so long. */
const INTERVAL = 600_000;

describe('a relay', () => {
  it('that fails backs off by itself, not by its interval, and goes on when it works again', async () => {
    const world = new World(INTERVAL);
    world.failures = 3;
    await world.until(() => world.told.includes('ended relay'));
    expect(world.told).toEqual(['waiting relay', 'waiting relay', 'waiting relay', 'ended relay']);
  });

  it('relays nothing while signs of life are late: its own lanes look silent, too', async () => {
    const world = new World(1);
    world.owed.push([a.anEvent('k', '0')], [a.anEvent('k', '1')]);
    world.areLate = () => world.published.length === 1 && world.rounds < 3;
    await world.until(() => world.rounds === 3);
    expect(world.published).toEqual([['0']]);
  });

  it('relays until no silent lane owes anything', async () => {
    const world = new World(INTERVAL);
    world.owed.push([a.anEvent('k', '0')], [a.anEvent('k', '1')]);
    await world.until(() => world.told.includes('ended relay'));
    expect(world.published).toEqual([['0'], ['1']]);
    expect(world.told).toEqual(['relayed 1', 'relayed 1', 'ended relay']);
  });

  it('publishes topic by topic: one that takes nothing holds back no other', async () => {
    const world = new World(INTERVAL);
    const letter = { ...a.anEvent('k', 'letter'), topic: 'letters' };
    const [first, second] = [a.anEvent('k', '0'), a.anEvent('k', '1')];
    world.owed.push([letter, first, second]);
    world.refused = 'letters';
    await world.until(() => world.told.includes('ended relay'));
    expect(world.published).toEqual([['0', '1']]);
    expect(world.acknowledged).toEqual([first, second]);
  });
});

class World {
  readonly told: string[] = [];
  readonly published: (readonly string[])[] = [];
  /** What silent lanes owe, a lane each. */
  readonly owed: (readonly OutgoingMessage[])[] = [];
  /** What a publication that failed has told. */
  acknowledged: readonly OutgoingMessage[] = [];
  failures = 0;
  rounds = 0;
  areLate = (): boolean => false;
  refused: string | undefined;
  private readonly stopping = new AbortController();
  private readonly interval: number;
  private enough: () => boolean = () => false;

  constructor(interval: number) {
    this.interval = interval;
  }

  /** Runs until that holds. */
  async until(enough: () => boolean): Promise<void> {
    this.enough = enough;
    const relay = new OutboxRelay(
      { interval: this.interval, silence: 1_000, step: 10 },
      {
        outboxMaintenance: this.maintenance(),
        producer: { publish: (messages) => this.publish(messages) },
        telemetry: silentTelemetry({
          count: (what, _, by) => this.tell(`${what} ${by}`),
          waiting: (what) => this.tell(`waiting ${what}`),
          waitEnded: (what) => {
            this.rounds += 1;
            this.tell(`ended ${what}`);
          },
        }),
        signsOfLife: this.signsOfLife(),
        failed: none,
      },
    );
    await relay.run(this.stopping.signal);
  }

  private signsOfLife(): { readonly areLate: boolean } {
    const late = (): boolean => this.areLate();
    return {
      get areLate() {
        return late();
      },
    };
  }

  private maintenance(): OutboxMaintenance {
    return {
      deleteDelivered: none,
      retire: none,
      forget: none,
      forgetFreedKeys: none,
      living: none,
      pruneInbox: none,
      pruneDeadLetters: none,
      removeOrphanedRows: none,
      eraseOfDeleted: none,
      openOfDeleted: none,
      touch: none,
      relay: async (_silence, _limit, publish) => {
        if (this.failures-- > 0) throw new Error('no database');
        const messages = this.owed.shift() ?? [];
        try {
          await publish(messages);
        } catch (error) {
          if (error instanceof PublicationFailed) this.acknowledged = error.acknowledged;
          throw error;
        }
        return messages.length;
      },
    };
  }

  private async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    if (messages.some(({ topic }) => topic === this.refused)) throw new Error(`${this.refused} takes nothing`);
    this.published.push(a.textsOf(messages));
  }

  private tell(what: string): void {
    this.told.push(what);
    this.stopWhenEnough();
  }

  private stopWhenEnough(): void {
    if (this.enough()) this.stopping.abort(new Error('enough'));
  }
}

function none(): never {
  throw new Error('not used');
}
