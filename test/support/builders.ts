import { encodeHeaders } from '../../src/adapters/record-headers.ts';
import { createHash } from 'node:crypto';
import { storedId } from '../../src/domain/ids.ts';
import type { AnyId, LicenseId, StatisticRowId, SubdivisionId, TenantId, UserId } from '../../src/domain/ids.ts';
import { NO_PROGRESS, type License } from '../../src/domain/license.ts';
import type { StatisticRow } from '../../src/domain/statistic-row.ts';
import { fromStored, type StoredSubdivision, type Subdivision } from '../../src/domain/subdivision.ts';
import type { Tenant } from '../../src/domain/tenant.ts';
import { NO_TERMS } from '../../src/domain/terms.ts';
import type { User } from '../../src/domain/user.ts';
import type { OutgoingMessage } from '../../src/ports/messages.ts';
import type { Levels } from '../../src/ports/levels.ts';
import type { DeadLetter, Loads, OutboxLane, OutboxRow, SeqRange, UnitMessage } from '../../src/ports/unit-of-work.ts';

// Valid things with fixed ids, for tests to change what they are about. Everything is of tenant 1 and subdivision 1 unless it says otherwise.

export const NOW = Date.UTC(2026, 0, 15, 12);

export const tenantId = (number: number): TenantId => idOf('10000000', number);
export const subdivisionId = (number: number): SubdivisionId => idOf('20000000', number);
export const licenseId = (number: number): LicenseId => idOf('30000000', number);
export const rowId = (number: number): StatisticRowId => idOf('40000000', number);
export const userId = (number: number): UserId => idOf('50000000', number);
export const laneId = (number: number): string => `60000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** The number that an id was made of. */
export function numberOf(id: string): number {
  return Number(id.slice(-12));
}

export function aTenant(number: number, changes: Partial<Tenant> = {}): Tenant {
  return {
    tenantId: tenantId(number),
    name: `Tenant ${number}`,
    address: 'Storgata 1, Oslo',
    email: 'post@example.org',
    phone: '+47 22 00 00 00',
    createdBy: userId(1),
    version: 1,
    ...changes,
  };
}

export function aSubdivision(number: number, changes: Partial<StoredSubdivision> = {}): Subdivision {
  return fromStored({
    tenantId: tenantId(1),
    subdivisionId: subdivisionId(number),
    name: `Subdivision ${number}`,
    location: 'Bergen',
    linkToSubdivisionProcessingDomain: null,
    workStatus: 'inactive',
    activeLicenseId: null,
    suspended: false,
    settledAt: null,
    licenses: [],
    version: 1,
    ...changes,
  });
}

/** Inactive, bycount, 100 requests. */
export function aLicense(number: number, changes: Partial<License> = {}): License {
  return {
    licenseId: licenseId(number),
    name: `License ${number}`,
    description: 'of the year',
    type: 'bycount',
    status: 'inactive',
    requestsLimit: 100,
    usedRequests: 0,
    createdAt: NOW,
    expiresAt: null,
    activatedAt: null,
    deactivatedAt: null,
    endReason: null,
    terms: NO_TERMS,
    termsVersion: 1,
    progress: NO_PROGRESS,
    ...changes,
  };
}

export function anActiveLicense(number: number, changes: Partial<License> = {}): License {
  return aLicense(number, { status: 'active', activatedAt: NOW, ...changes });
}

/** What of a subdivision follows from its licenses: which is active, and whether it works. */
export function licensed(...licenses: readonly License[]): Partial<Subdivision> {
  const active = licenses.find(({ status }) => status === 'active');
  return {
    licenses,
    workStatus: active === undefined ? 'inactive' : 'active',
    activeLicenseId: active?.licenseId ?? null,
  };
}

export function aRow(number: number, changes: Partial<StatisticRow> = {}): StatisticRow {
  return {
    tenantId: tenantId(1),
    subdivisionId: subdivisionId(1),
    licenseId: licenseId(1),
    statisticRowId: rowId(number),
    created: NOW + number * 1_000,
    countRequests: 1,
    counted: true,
    countNumber: null,
    ...changes,
  };
}

export function aUser(number: number, changes: Partial<User> = {}): User {
  return {
    userId: userId(number),
    email: `user${number}@example.org`,
    tgId: null,
    superadmin: false,
    tenantId: null,
    subdivisionId: null,
    version: 1,
    hasProfile: true,
    profileUpdatedAt: NOW,
    ...changes,
  };
}

interface MessageOptions {
  readonly bytes?: string;
  readonly keys?: readonly string[];
  readonly declare?: (loads: Loads) => void;
  /** Where it stands. Default: its number. */
  readonly offset?: number;
}

export function aMessage(
  number: number,
  { bytes = `message ${number}`, keys = [], declare = () => undefined, offset = number }: MessageOptions = {},
): UnitMessage {
  const id = `message-${number}`;
  return {
    identity: { source: 'test', id, hash: hashOf(id) },
    received: { topic: 'licensing.commands.v1', partition: 0, offset, timestamp: NOW },
    digest: hashOf(bytes),
    keys,
    declare,
  };
}

/** An event that goes out under a key; `text` is how tests know it again. */
export function anEvent(key: string, text: string): OutgoingMessage {
  return {
    topic: 'licensing.events.v1',
    key: Buffer.from(key),
    value: Buffer.from(text),
    headers: encodeHeaders([['ce_id', text]]),
  };
}

export function textsOf(messages: readonly OutgoingMessage[]): readonly string[] {
  return messages.map(({ value }) => value?.toString() ?? '');
}

/** The letter of the message at this offset; with keys, it parks them. */
export function aDeadLetter(offset: number, keys: readonly string[] = []): DeadLetter {
  const { identity } = aMessage(offset);
  const at = { topic: 'licensing.commands.v1', partition: 0, offset, timestamp: NOW };
  const headers = encodeHeaders([['ce_id', identity.id]]);
  const received = { ...at, key: null, value: Buffer.from([1, 0, 255]), headers };
  const why = { reason: 'HandlerFailed', message: 'no', exception: 'Error' } as const;
  return { received, identity, ...why, time: NOW, keys, parks: keys.length > 0 };
}

/** Of workers that can read nothing but what they always could. */
export const LEVELS: Levels = { mayWrite: () => false };

/** A lane whose publications the test tells of. */
export class TestLane implements OutboxLane {
  readonly id: string;
  readonly living = true;
  readonly writesChunks = false;
  private next = 0;
  delivered: SeqRange | undefined;

  constructor(number: number) {
    this.id = laneId(number);
  }

  take(count: number): number {
    this.next += count;
    return this.next - count;
  }

  /** What this lane's process knows to be published, by `lane/seq`. */
  readonly known = new Set<string>();

  isPublished(lane: string, seq: number): boolean {
    return this.known.has(`${lane}/${seq}`);
  }

  hasAdopted(): boolean {
    return false;
  }

  publish(rows: readonly OutboxRow[]): void {
    const [first, last] = [rows.at(0), rows.at(-1)];
    if (first !== undefined && last !== undefined) this.delivered = { from: first.seq, to: last.seq + 1 };
  }
}

function idOf<T extends AnyId>(kind: string, number: number): T {
  return storedId<T>(`${kind}-0000-4000-8000-${String(number).padStart(12, '0')}`);
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
