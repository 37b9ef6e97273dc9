import { entitlementOf } from '../../oracle/entitlement.ts';
import { Model } from '../../oracle/model.ts';
import { NOW } from '../../support/builders.ts';
import type { Data } from '../../support/collect.ts';
import { CONTACT, PLACE } from '../../e2e/given.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const TENANT = { tenantId: '10000000-0000-4000-8000-000000000001' };
export const SUBDIVISION = { ...TENANT, subdivisionId: '30000000-0000-4000-8000-000000000001' };

export const licenseId = (number: number): string => `40000000-0000-4000-8000-00000000000${number}`;
export const ofLicense = (number: number): Data => ({ ...SUBDIVISION, licenseId: licenseId(number) });

/** The oracle with a tenant and a subdivision. Times are milliseconds after NOW. */
export class GivenModel {
  private readonly model = new Model({
    topics: { commands: 'commands', users: 'users', userLookUps: 'look-ups' },
    now: () => NOW + 100_000 * DAY,
    decidedAt: () => undefined,
  });
  private offset = 0;
  private told = 0;

  constructor() {
    this.send(0, 'CreateTenant', { ...CONTACT, name: 'One', userId: '20000000-0000-4000-8000-000000000001' });
    this.send(0, 'CreateSubdivision', PLACE);
  }

  /** Sends a command at a time. Returns what it brings: the events' names, or the code of the rejection. */
  send(at: number, name: string, data: Data = {}): readonly string[] {
    const namespace = name === 'AdvanceSubdivision' ? 'licensing.internal' : 'licensing.commands';
    this.offset += 1;
    this.told = this.model.events.length;
    const ending = this.model.apply({
      ...{ topic: 'commands', partition: 0, offset: this.offset, index: this.offset, timestamp: NOW + at },
      ...{ key: null, value: Buffer.alloc(0), headers: {} },
      decoded: { type: `${namespace}.${name}`, data: { ...SUBDIVISION, ...data } },
    });
    if (ending !== 'rejected') return this.events.map(({ type }) => type.replace('licensing.events.', ''));
    const { code, field } = this.model.rejections.at(-1)?.data ?? {};
    return [field === null ? String(code) : `${code} ${field}`];
  }

  /** A row that says when it was created, with a new id. */
  row(at: number, created: number, countRequests = 1): readonly string[] {
    const statisticRowId = `50000000-0000-4000-8000-${String(this.offset).padStart(12, '0')}`;
    return this.send(at, 'AddStatisticRow', { statisticRowId, created: NOW + created, countRequests });
  }

  advance(upTo: number, at = upTo): readonly string[] {
    return this.send(at, 'AdvanceSubdivision', { upTo: NOW + upTo });
  }

  /** What services are told of the subdivision, issued at a time. */
  entitlement(at: number): Data {
    const subdivision = this.model.state.subdivisions.get(`${SUBDIVISION.tenantId}/${SUBDIVISION.subdivisionId}`);
    if (subdivision === undefined) throw new Error('the subdivision is deleted');
    return entitlementOf(subdivision, NOW + at);
  }

  /** What the last message brought. */
  get events(): readonly { readonly type: string; readonly data: Data }[] {
    return this.model.events.slice(this.told);
  }
}

/** A license of a type, with its other fields. */
export function license(number: number, fields: Data): Data {
  const none = { requestsLimit: null, expiresAt: null };
  return { ...ofLicense(number), name: `License ${number}`, description: '', ...none, ...fields };
}

export const bytime = (number: number, expiresAt: number): Data =>
  license(number, { type: 'bytime', expiresAt: NOW + expiresAt });
export const bycount = (number: number, requestsLimit: number): Data =>
  license(number, { type: 'bycount', requestsLimit });
