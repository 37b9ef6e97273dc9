import fc from 'fast-check';
import { CONTACT, PLACE } from '../e2e/given.ts';
import { Model } from '../oracle/model.ts';
import type { License, Subdivision } from '../oracle/state.ts';
import { nextDue } from '../oracle/time.ts';
import { NOW } from './builders.ts';
import { command, type Sending } from './load.ts';
import { timestampOf, type Chunk, type Dated } from './sequences.ts';

// Random lives of one subdivision. What is chosen at random is made into commands by somebody who knows, from the oracle, how things
// stand: so most commands make sense, and times lie where something is due, or a millisecond beside it.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const SUBDIVISION = {
  tenantId: '10000000-0000-4000-8000-000000000000',
  subdivisionId: '30000000-0000-4000-8000-000000000000',
};
const DESCRIBED = { name: 'License', description: '' };
const id = (kind: number, number: number): string =>
  `${kind}0000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** How things stand. Times are milliseconds since the epoch. */
class Knowledge {
  time = NOW;
  /** How many licenses and rows have been asked for: the number of the next one. */
  asked = 0;
  private readonly model = new Model({
    topics: { commands: 'commands', users: 'users', userLookUps: 'look-ups' },
    now: () => this.time,
    decidedAt: () => this.time,
  });
  private offset = 0;

  learn(sending: Sending, dated: Dated): void {
    this.offset += 1;
    this.model.apply({
      ...{ topic: 'commands', partition: 0, offset: this.offset, index: this.offset, headers: {}, key: null },
      ...{ timestamp: timestampOf(dated, this.time), value: Buffer.alloc(0), decoded: sending },
    });
  }

  get subdivision(): Subdivision | undefined {
    return this.model.state.subdivisions.values().next().value;
  }

  get licenses(): readonly License[] {
    return [...(this.subdivision?.licenses.values() ?? [])];
  }

  get rowIds(): readonly string[] {
    return [...this.model.state.rows.values()].map(({ statisticRowId }) => statisticRowId);
  }

  /** The times at which something is due, or was. */
  get moments(): readonly number[] {
    const due = this.subdivision === undefined ? undefined : nextDue(this.subdivision)?.at;
    const ofLicenses = this.licenses.flatMap((one) => [one.expiresAt, one.activatedAt, one.deactivatedAt]);
    return [due, ...ofLicenses].filter((moment) => typeof moment === 'number');
  }

  /** When what is late has come too late. */
  get ends(): readonly number[] {
    return this.licenses.flatMap(({ deactivatedAt }) => (deactivatedAt === null ? [] : deactivatedAt + DAY));
  }
}

/** Makes a command of what was chosen. */
type Choice = (known: Knowledge) => Sending;

/** A number that is a place in a list, however long it is by then. */
const place = fc.nat(999);
const beside = fc.constantFrom(-1, 0, 0, 0, 1);

function at<T>(list: readonly T[], number: number): T | undefined {
  return list[number % list.length];
}

function ofLicense(make: (ids: { readonly licenseId: string } & typeof SUBDIVISION) => Sending): fc.Arbitrary<Choice> {
  return place.map(
    (which) =>
      ({ licenses }) =>
        make({ ...SUBDIVISION, licenseId: at(licenses, which)?.licenseId ?? id(4, 0) }),
  );
}

const terms = fc.oneof(
  fc.record({
    ...{ type: fc.constant('bytime'), requestsLimit: fc.constant(null) },
    lasts: fc.option(fc.constantFrom(1, SECOND, MINUTE, MINUTE, 2 * MINUTE, 10 * MINUTE), { freq: 9 }),
  }),
  fc.record({
    ...{ type: fc.constant('bycount'), requestsLimit: fc.constantFrom(2, 5, 100) },
    lasts: fc.constant(null),
  }),
);

const create: fc.Arbitrary<Choice> = fc.tuple(terms, fc.nat(9)).map(([{ lasts, ...agreed }, again]) => (known) => {
  const number = again === 0 ? 0 : (known.asked += 1);
  const expiresAt = lasts === null ? null : known.time + lasts;
  return command('CreateLicense', { ...SUBDIVISION, licenseId: id(4, number), ...DESCRIBED, ...agreed, expiresAt });
});

/** One that can be activated, if there is one. */
const activate: fc.Arbitrary<Choice> = fc.tuple(place, create).map(([which, orElse]) => (known) => {
  const ready = known.licenses.filter(
    ({ status, expiresAt, requestsLimit, usedRequests }) =>
      status === 'inactive' && (expiresAt ?? Infinity) > known.time && (requestsLimit ?? Infinity) > usedRequests,
  );
  const license = at(ready, which);
  if (license === undefined) return orElse(known);
  return command('ActivateSubdivisionLicense', { ...SUBDIVISION, licenseId: license.licenseId });
});

/** When a row is created: about now, about a moment, or while a license was active that time has ended. */
const created: fc.Arbitrary<(known: Knowledge) => number> = fc.oneof(
  weighted(
    2,
    fc.integer({ min: -5, max: 50 }).map(
      (aside) =>
        ({ time }: Knowledge) =>
          time + aside,
    ),
  ),
  weighted(
    1,
    fc.tuple(place, beside).map(
      ([which, aside]) =>
        ({ moments, time }: Knowledge) =>
          (at(moments, which) ?? time) + aside,
    ),
  ),
  weighted(
    1,
    fc.tuple(place, fc.constantFrom(-1, -2, 0, 1, 2)).map(([which, aside]) => ({ licenses, time }: Knowledge) => {
      const { activatedAt, deactivatedAt } =
        at(
          licenses.filter(({ endedBy }) => endedBy === 'expired'),
          which,
        ) ?? {};
      return ((aside < 0 ? deactivatedAt : activatedAt) ?? time) + aside;
    }),
  ),
);

const addRow: fc.Arbitrary<Choice> = fc
  .record({ when: created, again: fc.nat(19), which: place, countRequests: fc.constantFrom(0, 1, 1, 2, 4) })
  .map(({ when, again, which, countRequests }) => (known) => {
    const statisticRowId = (again === 0 ? at(known.rowIds, which) : undefined) ?? id(5, (known.asked += 1));
    return command('AddStatisticRow', { ...SUBDIVISION, statisticRowId, created: when(known), countRequests });
  });

/** Usage makes sense while a license is active, and for a while after its end. */
const use: fc.Arbitrary<Choice> = fc.tuple(addRow, activate, fc.nat(1)).map(([add, orElse, insists]) => (known) => {
  const { activeLicenseId = null } = known.subdivision ?? {};
  return insists === 0 || activeLicenseId !== null ? add(known) : orElse(known);
});

const choice: fc.Arbitrary<Choice> = fc.oneof(
  weighted(3, create),
  weighted(3, activate),
  weighted(
    1,
    ofLicense((ids) => command('ActivateSubdivisionLicense', ids)),
  ),
  weighted(
    1,
    ofLicense((ids) => command('DeactivateSubdivisionLicense', ids)),
  ),
  weighted(
    1,
    ofLicense((ids) => command('DeleteLicense', ids)),
  ),
  weighted(
    1,
    ofLicense((ids) => command('UpdateLicense', { ...ids, ...DESCRIBED })),
  ),
  weighted(
    2,
    fc
      .constantFrom(null, 'active', 'active', 'active', 'inactive')
      .map((workStatus) => () => command('UpdateSubdivision', { ...SUBDIVISION, ...PLACE, workStatus })),
  ),
  weighted(20, use),
);

const dated = fc.oneof(
  weighted(19, fc.constant<Dated>('rightly')),
  weighted(1, fc.constantFrom<Dated>('justBefore', 'early', 'ahead', 'not')),
);

/** How the clock moves on: by some time, or to a moment at which something is due. */
const later = fc.oneof(
  weighted(12, fc.constantFrom(0, 1, SECOND, MINUTE)),
  weighted(
    6,
    fc.tuple(place, beside).map(([to, aside]) => ({ to, aside })),
  ),
  weighted(1, fc.constantFrom(10 * MINUTE, DAY - MINUTE, DAY)),
);

/** Mostly one message at a time: what one leaves behind is what the next one finds. */
const chosen = fc.record({
  later,
  messages: fc.oneof(
    weighted(
      4,
      fc.tuple(choice, dated).map((one) => [one]),
    ),
    weighted(1, fc.array(fc.tuple(choice, dated), { maxLength: 4 })),
  ),
});

export const lives: fc.Arbitrary<readonly Chunk[]> = fc
  .array(chosen, { minLength: 1, maxLength: 40, size: 'max' })
  .map((chunks) => {
    const known = new Knowledge();
    const learned = (send: Sending, date: Dated): Chunk['messages'][number] => {
      known.learn(send, date);
      return { send, dated: date };
    };
    return [
      { later: 0, messages: beginning().map((send) => learned(send, 'rightly')) },
      ...chunks.map(({ later: by, messages }) => {
        const before = known.time;
        known.time = Math.max(before, moved(known, by));
        return {
          later: known.time - before,
          messages: messages.map(([make, date]) => learned(make(known), date)),
        };
      }),
    ];
  });

function moved(
  { time, moments, ends }: Knowledge,
  by: number | { readonly to: number; readonly aside: number },
): number {
  if (typeof by === 'number') return time + by;
  const ahead = [...moments, ...ends].filter((moment) => moment >= time);
  return (at(ahead, by.to) ?? time) + by.aside;
}

function beginning(): readonly Sending[] {
  return [
    command('CreateTenant', { ...CONTACT, tenantId: SUBDIVISION.tenantId, userId: id(2, 0), name: 'One' }),
    command('CreateSubdivision', { ...SUBDIVISION, ...PLACE }),
  ];
}

function weighted<T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> {
  return { weight, arbitrary };
}
