import fc from 'fast-check';
import { CONTACT, PLACE } from '../e2e/given.ts';
import { CORRECTION_WINDOW } from '../oracle/counts.ts';
import { Model } from '../oracle/model.ts';
import type { License, Subdivision } from '../oracle/state.ts';
import { allDue } from '../oracle/time.ts';
import { phaseOf } from '../oracle/told.ts';
import { NOW } from './builders.ts';
import { advance, command, type Sending } from './load.ts';
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
    const due = this.subdivision === undefined ? [] : allDue(this.subdivision).map(({ at: when }) => when);
    const ofLicenses = this.licenses.flatMap(
      ({ expiresAt, activatedAt, deactivatedAt, terms: { startsAt }, counts }) => [
        ...[expiresAt, activatedAt, deactivatedAt, startsAt, ...counts.map(({ from }) => from)],
      ],
    );
    return [...due, ...ofLicenses].filter((moment) => moment !== null);
  }

  /** When late rows and corrections come too late. */
  get ends(): readonly number[] {
    const late = this.licenses.flatMap(({ deactivatedAt }) => (deactivatedAt === null ? [] : deactivatedAt + DAY));
    return [...late, ...[...this.model.state.rows.values()].map((row) => row.created + CORRECTION_WINDOW)];
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

/** Spans from now on, in milliseconds. */
const span = fc.constantFrom(1, SECOND, MINUTE, MINUTE, 2 * MINUTE, 10 * MINUTE);
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 2 });

/** Terms of any license: when it starts, how it ends, who is told before. */
const ofTime = fc.record({
  ...{ startsIn: maybe(span), lasts: fc.option(span, { freq: 4 }), graceMs: maybe(fc.constantFrom(0, 1, MINUTE)) },
  notices: maybe(fc.constantFrom([MINUTE], [2 * MINUTE, MINUTE], [10 * MINUTE, MINUTE, 1])),
});
/** Terms of a license that is counted. */
const ofUse = fc.record({
  requestsLimit: fc.constantFrom(2, 3, 5, 100),
  overage: fc.constantFrom(null, null, 'stop', 'percent', 'unlimited'),
  usageThresholds: maybe(fc.constantFrom([50, 100], [80, 100, 120], [1])),
  period: fc.constantFrom(null, null, 'day', 'day', 'month'),
  anchorIn: maybe(fc.constantFrom(-DAY, 0, MINUTE, MINUTE, 2 * MINUTE, 10 * DAY)),
});
const agreed = fc.record({
  type: fc.constantFrom<'bytime' | 'bycount'>('bytime', 'bycount'),
  time: ofTime,
  use: ofUse,
  /** Begins or ends at a moment at which something else is due. */
  aimed: fc.option(fc.record({ which: place, starts: fc.boolean() })),
});
type Agreed = typeof agreed extends fc.Arbitrary<infer T> ? T : never;

/** The terms as a command tells them. */
function termsAt({ type, time, use: { anchorIn, ...use }, aimed }: Agreed, { time: now, moments }: Knowledge) {
  const ahead = moments.filter((moment) => moment > now);
  const aim = aimed === null ? undefined : at(ahead, aimed.which);
  const startsIn = time.startsIn === null ? null : now + time.startsIn;
  const startsAt = aimed?.starts === true ? (aim ?? startsIn) : startsIn;
  const lasts = time.lasts === null ? null : (startsAt ?? now) + time.lasts;
  const end = aimed?.starts === false ? (aim ?? lasts) : lasts;
  const expiresAt = type === 'bytime' ? (end ?? now + 10 * MINUTE) : end;
  const ofEnd =
    expiresAt === null
      ? { graceMs: null, noticesBeforeExpiry: null }
      : { graceMs: time.graceMs, noticesBeforeExpiry: time.notices };
  if (type === 'bytime') return { startsAt, expiresAt, ...ofEnd, ...UNCOUNTED };
  const periodAnchor = anchorIn === null || use.period === null ? null : now + anchorIn;
  const overagePercent = use.overage === 'percent' ? 50 : null;
  return { startsAt, expiresAt, ...ofEnd, ...use, overagePercent, periodAnchor };
}

const UNCOUNTED = {
  ...{ requestsLimit: null, overage: null, overagePercent: null, usageThresholds: null },
  ...{ period: null, periodAnchor: null },
};

const create: fc.Arbitrary<Choice> = fc.tuple(agreed, fc.nat(9)).map(([terms, again]) => (known) => {
  const licenseId = id(4, again === 0 ? 0 : (known.asked += 1));
  const { type } = terms;
  return command('CreateLicense', { ...SUBDIVISION, licenseId, ...DESCRIBED, type, ...termsAt(terms, known) });
});

function versionOf({ termsVersion }: License, isRight: boolean | null): number | null {
  if (isRight === null) return null;
  return isRight ? termsVersion : termsVersion + 1;
}

const renew: fc.Arbitrary<Choice> = fc
  .record({
    ...{
      which: place,
      lasts: maybe(span),
      fromNow: fc.boolean(),
      limit: maybe(fc.constantFrom(1, 6, 200)),
      resetUsage: fc.boolean(),
    },
    ...{ activates: fc.boolean(), isRight: fc.constantFrom(null, null, true, true, false) },
  })
  .map(({ which, lasts, fromNow, limit, resetUsage, activates, isRight }) => (known) => {
    const license = at(known.licenses, which);
    const {
      licenseId,
      expiresAt: end,
      requestsLimit: before,
    } = license ?? { ...UNCOUNTED, licenseId: id(4, 0), expiresAt: null };
    // Nobody says what it is to give an end to a license that has none.
    const expiresAt =
      lasts === null || end === null ? null : (fromNow ? known.time : Math.max(end, known.time)) + lasts - 1;
    return command('RenewLicense', {
      ...{ ...SUBDIVISION, licenseId, expiresAt, requestsLimit: before === null ? null : limit, resetUsage },
      ...{ activate: activates, expectedTermsVersion: license === undefined ? null : versionOf(license, isRight) },
    });
  });

const changeTerms: fc.Arbitrary<Choice> = fc
  .record({
    ...{ which: place, terms: agreed, whenBelowUsage: fc.constantFrom('reject', 'exhaust') },
    ...{ isRight: fc.constantFrom(null, null, true, true, false), keepsLimit: fc.boolean(), keepsEnd: fc.boolean() },
  })
  .map(({ which, terms, whenBelowUsage, isRight, keepsLimit, keepsEnd }) => (known) => {
    const license = at(known.licenses, which);
    const type = license?.type === 'bycount' ? 'bycount' : 'bytime';
    const changed = termsAt({ ...terms, type }, known);
    if (keepsEnd && license !== undefined) changed.expiresAt = license.expiresAt;
    if (changed.expiresAt === null) Object.assign(changed, { graceMs: null, noticesBeforeExpiry: null });
    const { startsAt } = changed;
    const isLate = startsAt !== null && changed.expiresAt !== null && startsAt >= changed.expiresAt;
    return command('ChangeLicenseTerms', {
      ...{ ...SUBDIVISION, licenseId: license?.licenseId ?? id(4, 0), ...changed },
      ...{ requestsLimit: keepsLimit ? null : changed.requestsLimit, whenBelowUsage },
      ...(isLate && { expiresAt: startsAt + MINUTE }),
      expectedTermsVersion: license === undefined ? null : versionOf(license, isRight),
    });
  });

/** One that can be activated, if there is one. */
const activate: fc.Arbitrary<Choice> = fc.tuple(place, create).map(([which, orElse]) => (known) => {
  const ready = known.licenses.filter((license) => phaseOf(license, known.time) === 'ready');
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
  .record({ when: created, again: fc.nat(19), which: place, countRequests: fc.constantFrom(0, 1, 2, 4, 5) })
  .map(({ when, again, which, countRequests }) => (known) => {
    const statisticRowId = (again === 0 ? at(known.rowIds, which) : undefined) ?? id(5, (known.asked += 1));
    // Nobody says of which count a row tells that is kept no more.
    const earliest = known.time - CORRECTION_WINDOW + 2 * DAY;
    return command('AddStatisticRow', {
      ...{ ...SUBDIVISION, statisticRowId, created: Math.max(earliest, when(known)), countRequests },
    });
  });

const correct: fc.Arbitrary<Choice> = fc
  .record({ which: place, countRequests: fc.constantFrom(0, 0, 1, 2, 5, 100), reactivate: fc.boolean() })
  .map(({ which, countRequests, reactivate }) => ({ rowIds }) => {
    const statisticRowId = at(rowIds, which) ?? id(5, 0);
    return command('CorrectStatisticRow', { ...SUBDIVISION, statisticRowId, countRequests, reason: '', reactivate });
  });

/** Usage makes sense while a license is active, and for a while after its end. */
const use: fc.Arbitrary<Choice> = fc.tuple(addRow, activate, fc.nat(1)).map(([add, orElse, insists]) => (known) => {
  const { activeLicenseId = null } = known.subdivision ?? {};
  return insists === 0 || activeLicenseId !== null ? add(known) : orElse(known);
});

const choice: fc.Arbitrary<Choice> = fc.oneof(
  weighted(3, create),
  weighted(3, activate),
  weighted(2, renew),
  weighted(2, changeTerms),
  weighted(3, correct),
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
  weighted(
    3,
    // Also one that comes late, and one from a clock that goes wrong.
    fc.constantFrom(0, 0, -1, -MINUTE, DAY).map(
      (aside): Choice =>
        ({ time }) =>
          advance({ ...SUBDIVISION, upTo: time + aside }),
    ),
  ),
  weighted(20, use),
);

const dated = fc.oneof(
  weighted(19, fc.constant<Dated>('rightly')),
  weighted(1, fc.constantFrom<Dated>('justBefore', 'early', 'ahead', 'not')),
);

type Aim = 'moments' | 'ends';

/** How the clock moves on: by some time, or to a moment at which something is due. */
const later = fc.oneof(
  weighted(12, fc.constantFrom(0, 1, SECOND, MINUTE)),
  weighted(
    6,
    fc.record({
      to: place,
      aside: beside,
      of: fc.constantFrom<Aim>('moments', 'moments', 'moments', 'moments', 'ends'),
    }),
  ),
  weighted(1, fc.constantFrom(10 * MINUTE, DAY - MINUTE, DAY, 34 * DAY)),
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
  known: Knowledge,
  by: number | { readonly to: number; readonly aside: number; readonly of: Aim },
): number {
  if (typeof by === 'number') return known.time + by;
  const ahead = known[by.of].filter((moment) => moment >= known.time);
  return (at(ahead, by.to) ?? known.time) + by.aside;
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
