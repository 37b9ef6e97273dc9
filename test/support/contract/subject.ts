import type { Due } from '../../../src/domain/due.ts';
import type { StatisticRow } from '../../../src/domain/statistic-row.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import type { Tenant } from '../../../src/domain/tenant.ts';
import type { User } from '../../../src/domain/user.ts';
import type { DecidedOffsets } from '../../../src/ports/decided-offsets.ts';
import type { DeadLetters } from '../../../src/ports/dead-letters.ts';
import type { SubdivisionKey } from '../../../src/ports/repositories.ts';
import type { Unit, UnitOfWork } from '../../../src/ports/unit-of-work.ts';
import { aSubdivision, aTenant, licensed } from '../builders.ts';

/** A unit of work over empty tables, and a look at what its repositories don't show. */
export interface Subject {
  readonly unitOfWork: UnitOfWork;
  readonly letters: DeadLetters;
  readonly decidedOffsets: DecidedOffsets;
  /** In the order of (lane, seq). */
  outbox(): Promise<readonly { readonly lane: string; readonly seq: number; readonly text: string }[]>;
  /** By subdivision, in the order of their ids. */
  timers(): Promise<readonly (SubdivisionKey & { readonly due: Due; readonly isQueued: boolean })[]>;
  /** As if all timers had been sent for. */
  queueTimers(): Promise<void>;
  /** A timer that no unit has written. */
  putTimer(key: SubdivisionKey, due: Due): Promise<void>;
  /** Whose entitlements are owed since the last call, in the order of their ids. */
  takeOwedEntitlements(): Promise<readonly SubdivisionKey[]>;
  /** The offsets of the messages that letters are about. */
  deadLetters(): Promise<readonly number[]>;
  /** The clock that its transactions go by; milliseconds since the epoch, with fractions where it has them. */
  clock(): Promise<number>;
  /** As if the inbox had been pruned of everything. */
  forgetMessages(): Promise<void>;
}

export type CreateSubject = () => Promise<Subject>;

/** What `work` changes stays, or none of it when it throws. */
export async function attempt<T>(unit: Unit, work: () => Promise<T>): Promise<T> {
  unit.beginAttempt();
  try {
    return await work();
  } catch (error) {
    unit.undoAttempt();
    throw error;
  }
}

/** Adds what is not there yet; in a chunk, `get` is what says that. */
export async function addTenants({ tenants }: Unit, ...added: readonly Tenant[]): Promise<void> {
  for (const tenant of added) {
    expect(await tenants.get(tenant.tenantId)).toBeUndefined();
    tenants.add(tenant);
  }
}

export async function addSubdivisions({ subdivisions }: Unit, ...added: readonly Subdivision[]): Promise<void> {
  for (const subdivision of added) {
    expect(await subdivisions.get(subdivision.tenantId, subdivision.subdivisionId)).toBeUndefined();
    subdivisions.add(subdivision);
  }
}

export async function addUsers({ users }: Unit, ...added: readonly User[]): Promise<void> {
  for (const user of added) {
    expect(await users.get(user.userId)).toBeUndefined();
    users.add(user);
  }
}

export async function addRows({ statisticRows }: Unit, ...added: readonly StatisticRow[]): Promise<void> {
  for (const row of added) {
    expect(await statisticRows.exists(row)).toBe(false);
    statisticRows.add(row);
  }
}

/** Gets and changes; fails when it is not there. */
export async function changeTenant({ tenants }: Unit, id: Tenant['tenantId'], to: Partial<Tenant>): Promise<void> {
  const tenant = there(await tenants.get(id));
  tenants.update({ ...tenant, version: tenant.version + 1, ...to });
}

export async function changeSubdivision(
  { subdivisions }: Unit,
  { tenantId, subdivisionId }: Pick<Subdivision, 'tenantId' | 'subdivisionId'>,
  to: Partial<Subdivision>,
): Promise<void> {
  const subdivision = there(await subdivisions.get(tenantId, subdivisionId));
  subdivisions.update({ ...subdivision, version: subdivision.version + 1, ...to });
}

export async function changeUser({ users }: Unit, id: User['userId'], to: Partial<User>): Promise<void> {
  const user = there(await users.get(id));
  users.update({ ...user, version: user.version + 1, ...to });
}

/** Tenant 1 with subdivision 1, which has these licenses. */
export async function givenSubdivision(
  { unitOfWork }: Subject,
  ...licenses: Subdivision['licenses']
): Promise<Subdivision> {
  const subdivision = aSubdivision(1, licensed(...licenses));
  await unitOfWork.run([], async (unit) => {
    await addTenants(unit, aTenant(1));
    await addSubdivisions(unit, subdivision);
  });
  return subdivision;
}

/** What `read` sees in a unit of its own. */
export async function reading<T>(
  { unitOfWork }: Pick<Subject, 'unitOfWork'>,
  read: (unit: Unit) => Promise<T>,
): Promise<T> {
  return (await unitOfWork.run([], read)).value;
}

export function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it should be there');
  return value;
}
