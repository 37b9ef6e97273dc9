import { hasExpired, isExhausted, periodEndOf, type License } from './license.ts';

/** Something that time alone changes. */
export type Due = {
  /** milliseconds since the epoch, UTC */
  readonly at: number;
  /** Whether it is only told, and changes no state. */
  readonly isNotice: boolean;
};

/** What becomes due, in the order in which things of one instant are applied: what ends comes before what starts. */
export type DueKind = 'end' | 'grace' | 'notice' | 'period' | 'start';

/** Something that is due of one license. */
export type DueStep = {
  readonly kind: DueKind;
  readonly at: number;
  readonly license: License;
  /** of a notice: how long before the expiry */
  readonly noticeMs: number;
};

const ORDER: readonly DueKind[] = ['end', 'grace', 'notice', 'period', 'start'];

/** What time has to do with the licenses of a subdivision. */
export type Times = {
  /** The first thing that time alone will change; null: nothing. */
  readonly due: Due | null;
  /** A row created before this may belong to a license that time has ended; null: time has ended none. */
  readonly lateBefore: number | null;
  /** When the first period of an inactive license ends, of which nobody is told; null: none has any. */
  readonly idlePeriodEndsAt: number | null;
};

/** One look at each license, at each change of one of them: there may be thousands, and nearly all of them wait for nothing. */
export function timesOf(licenses: readonly License[]): Times {
  let first: DueStep | undefined;
  let lateBefore: number | null = null;
  let idlePeriodEndsAt: number | null = null;
  for (const license of licenses) {
    const { status, endReason, deactivatedAt, terms } = license;
    if (status === 'inactive') {
      const periodEndsAt = terms.period === null ? null : periodEndOf(license);
      if (periodEndsAt !== null && (idlePeriodEndsAt === null || periodEndsAt < idlePeriodEndsAt))
        idlePeriodEndsAt = periodEndsAt;
      if (endReason === 'expired' && deactivatedAt !== null && (lateBefore === null || deactivatedAt > lateBefore))
        lateBefore = deactivatedAt;
      if (endReason !== 'exhausted' && !license.progress.scheduled) continue;
    }
    first = earlier(first, license, Infinity, 'farthest');
  }
  const due = first === undefined ? null : { at: first.at, isNotice: first.kind === 'notice' };
  return { due, lateBefore, idlePeriodEndsAt };
}

/**
 * What is due of a subdivision's licenses at `upTo`, one step after the other. Each license is looked at once, and again when it has changed:
 * thousands may be due at one instant.
 */
export class DueSteps {
  private readonly upTo: number;
  private readonly seen: License[] = [];
  private readonly steps: (DueStep | undefined)[] = [];

  constructor(upTo: number) {
    this.upTo = upTo;
  }

  /** The first of them. Notices that have passed collapse into the nearest. @param licenses the same ones each time, as they are by now */
  first(licenses: readonly License[]): DueStep | undefined {
    let first: DueStep | undefined;
    let i = -1;
    for (const license of licenses) {
      i += 1;
      if (this.seen[i] !== license) {
        this.seen[i] = license;
        this.steps[i] = earlier(undefined, license, this.upTo, 'nearest');
      }
      const step = this.steps[i];
      if (step !== undefined && (first === undefined || comesBefore(step, first))) first = step;
    }
    return first;
  }
}

function earlier(first: DueStep | undefined, license: License, upTo: number, notices: Notices): DueStep | undefined {
  let earliest = first;
  for (const step of stepsOf(license, upTo, notices)) {
    if (step.at <= upTo && (earliest === undefined || comesBefore(step, earliest))) earliest = step;
  }
  return earliest;
}

function comesBefore(a: DueStep, b: DueStep): boolean {
  return a.at < b.at || (a.at === b.at && ORDER.indexOf(a.kind) < ORDER.indexOf(b.kind));
}

const NOTHING: readonly DueStep[] = [];

/** Which of the notices that are still to be told: the next one, the nearest of those that have passed at `upTo`, or each. */
type Notices = 'farthest' | 'nearest' | 'all';

/** What will become due of a license as it stands. */
export function stepsOf(license: License, upTo: number, notices: Notices): readonly DueStep[] {
  const { status, expiresAt, terms, progress, endReason } = license;
  const step = (kind: DueKind, at: number, noticeMs = 0): DueStep => ({ kind, at, license, noticeMs });
  if (status === 'inactive') {
    if (progress.scheduled) return terms.startsAt === null ? NOTHING : [step('start', terms.startsAt)];
    const back = endReason === 'exhausted' && isExhausted(license) ? periodEndOf(license) : null;
    return back === null || hasExpired(license, back) ? NOTHING : [step('period', back)];
  }
  if (expiresAt === null && terms.period === null) return NOTHING;
  const steps: DueStep[] = [];
  const periodEnd = periodEndOf(license);
  if (periodEnd !== null) steps.push(step('period', periodEnd));
  if (expiresAt === null) return steps;
  const graceMs = terms.graceMs ?? 0;
  if (progress.inGrace || graceMs === 0) steps.push(step('end', expiresAt + graceMs));
  else steps.push(step('grace', expiresAt));
  if (progress.inGrace) return steps;
  const untold = (terms.noticesBeforeExpiry ?? []).filter((ms) => ms < (progress.noticedMs ?? Infinity));
  const passed = untold.filter((ms) => expiresAt - ms <= upTo);
  const told = { farthest: untold.slice(0, 1), nearest: passed.slice(-1), all: untold }[notices];
  for (const noticeMs of told) steps.push(step('notice', expiresAt - noticeMs, noticeMs));
  return steps;
}
