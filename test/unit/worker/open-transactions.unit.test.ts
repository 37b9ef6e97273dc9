import type { Batch } from '../../../src/ports/consumer.ts';
import type { HeldBack } from '../../../src/ports/telemetry.ts';
import { OpenTransactions } from '../../../src/worker/intake/open-transactions.ts';
import * as a from '../../support/builders.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

const SECOND = 1_000;
const PLACE = { topic: 't', partition: 3 };

describe('a partition that is held by an open transaction', () => {
  it('is told of after ten seconds, then once a minute, with where and for how long, and when it is over', () => {
    const { transactions, told, after } = given();
    for (let i = 0; i < 140; i += 1) after(SECOND, () => transactions.fetched(fetched({ end: 100 + i })));
    after(SECOND, () => transactions.fetched(fetched({ stable: 200, end: 200 })));
    const held = { ...PLACE, offset: 50 };
    expect(told).toEqual([
      ['held', { ...held, heldMs: 10 * SECOND, records: 60 }],
      ['held', { ...held, heldMs: 70 * SECOND, records: 120 }],
      ['held', { ...held, heldMs: 130 * SECOND, records: 180 }],
      ['over', { ...held, heldMs: 140 * SECOND }],
    ]);
  });

  it('is none when one transaction follows the other', () => {
    const { transactions, told, after } = given();
    for (let i = 0; i < 100; i += 1) {
      after(5 * SECOND, () => transactions.fetched(fetched({ next: i, stable: i, end: i + 10 })));
    }
    expect(told).toEqual([]);
  });

  it('is none while there is something to read before the transaction', () => {
    const { transactions, told, after } = given();
    for (let i = 0; i < 100; i += 1) after(5 * SECOND, () => transactions.fetched(fetched({ next: 49, end: 60 })));
    expect(told).toEqual([]);
  });

  it('is told of by who has the partition: it begins anew when it comes back', () => {
    const { transactions, told, after } = given();
    transactions.fetched(fetched({ end: 60 }));
    transactions.assigned([{ topic: 't', partition: 4 }]);
    after(15 * SECOND, () => transactions.fetched(fetched({ end: 60 })));
    expect(told).toEqual([]);
    transactions.assigned([PLACE]);
    after(15 * SECOND, () => transactions.fetched(fetched({ end: 60 })));
    expect(told).toMatchObject([['held', { heldMs: 15 * SECOND }]]);
  });
});

/** A fetch that has brought nothing from before `next`. */
function fetched({ next = 50, stable = 50, end }: { next?: number; stable?: number; end: number }): Batch {
  return { ...PLACE, messages: [], nextOffset: next, stableOffset: stable, endOffset: end };
}

/** Its clock stands still but for `after`. */
function given() {
  let now = a.NOW;
  const told: (readonly [string, Partial<HeldBack>])[] = [];
  const telemetry = silentTelemetry({
    heldBack: (held) => void told.push(['held', held]),
    heldBackEnded: (held) => void told.push(['over', held]),
  });
  const transactions = new OpenTransactions(telemetry, () => now);
  const after = (milliseconds: number, then: () => void): void => {
    now += milliseconds;
    then();
  };
  return { transactions, told, after };
}
