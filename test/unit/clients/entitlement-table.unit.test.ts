import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { decide, type Entitlement } from '../../../clients/typescript/src/entitlement.ts';
import { EntitlementTable } from '../../../clients/typescript/src/entitlement-table.ts';

const NOTHING: Entitlement = {
  epoch: 0,
  version: 1,
  allowed: false,
  reason: 'none',
  licenseId: null,
  phase: null,
  validFrom: null,
  validUntil: null,
  requestsLimit: null,
  hardLimit: null,
  usedRequests: 0,
  periodEndsAt: null,
  issuedAt: 1_800_000_000_000,
};

const time = fc.option(fc.integer({ min: 1_000_000_000_000, max: 4_000_000_000_000 }));
const limit = fc.option(fc.integer({ min: 1, max: 11_000_000_000_000 }));
const entitlements: fc.Arbitrary<Entitlement> = fc.record({
  epoch: fc.nat(3),
  version: fc.nat(20),
  allowed: fc.boolean(),
  reason: fc.constantFrom('active', 'overage', 'grace', 'scheduled', 'exhausted', 'expired', 'one that comes later'),
  licenseId: fc.option(fc.uuid()),
  phase: fc.option(fc.constantFrom('current', 'overage', 'grace', 'ready')),
  validFrom: time,
  validUntil: time,
  requestsLimit: limit,
  hardLimit: limit,
  usedRequests: fc.nat(),
  periodEndsAt: time,
  issuedAt: fc.nat(3),
});
/** Records as a topic may hold them: of a few keys; those of the same key and age say the same. */
const records = fc
  .array(fc.tuple(fc.constantFrom('a/1', 'a/2', 'b/1'), entitlements), { maxLength: 40 })
  .map((list) => [...new Map(list.map((one) => [`${one[0]} ${age(one[1])}`, one])).values()]);

test('in whatever order records come, and however often, the one with the highest epoch and version stays, the one published last of these', () => {
  const cases = records.chain((list) => fc.tuple(fc.constant(list), inAnyOrder(list), inAnyOrder(list)));
  fc.assert(
    fc.property(cases, ([list, ...orders]) => {
      const latest = new Map<string, Entitlement>();
      for (const [key, one] of list) {
        const present = latest.get(key);
        if (present === undefined || age(one) > age(present)) latest.set(key, one);
      }
      for (const order of orders) {
        const table = new EntitlementTable();
        for (const [key, one] of [...order, ...order.slice(0, 5)]) table.put(key, one);
        expect(new Map([...table.keys()].map((key) => [key, table.get(key)]))).toEqual(latest);
        expect(table.size).toBe(latest.size);
      }
    }),
  );
});

test('an older record tells that it was not kept, an equal one published later replaces', () => {
  const table = new EntitlementTable();
  expect(table.put('a/1', { ...NOTHING, version: 7 })).toBe(true);
  expect(table.put('a/1', { ...NOTHING, version: 6, allowed: true })).toBe(false);
  expect(table.put('a/1', { ...NOTHING, version: 7, issuedAt: NOTHING.issuedAt - 1, allowed: true })).toBe(false);
  const later = { ...NOTHING, version: 7, issuedAt: NOTHING.issuedAt + 1, reason: 'suspended' };
  expect(table.put('a/1', later)).toBe(true);
  expect(table.get('a/1')).toEqual(later);
  expect(table.put('a/1', { ...NOTHING, epoch: 1, version: 1, reason: 'active' })).toBe(true);
  expect(table.get('a/1')).toMatchObject({ epoch: 1, version: 1, reason: 'active' });
});

test('what is removed is gone, and its place is used again', () => {
  const table = new EntitlementTable();
  for (let i = 0; i < 5_000; i += 1) table.put(`a/${i}`, { ...NOTHING, version: i, licenseId: randomUUID() });
  table.delete('a/4097');
  table.delete('a/4097');
  expect(table.get('a/4097')).toBeUndefined();
  expect(table.terms('a/4097')).toBeUndefined();
  table.put('b/1', NOTHING);
  expect(table.size).toBe(5_000);
  expect(table.get('b/1')).toEqual(NOTHING);
  expect(table.get('a/4096')?.version).toBe(4_096);
  expect(table.get('a/4098')?.version).toBe(4_098);
});

test('a licenseId that is no UUID is refused, and what was known stays', () => {
  const table = new EntitlementTable();
  table.put('a/1', NOTHING);
  expect(() => table.put('a/1', { ...NOTHING, version: 2, licenseId: 'license 7' })).toThrow(TypeError);
  expect(table.get('a/1')).toEqual(NOTHING);
});

test('a decision allows only while its entitlement does, from validFrom on and before validUntil', () => {
  fc.assert(
    fc.property(entitlements, fc.integer({ min: 999_999_999_999, max: 4_000_000_000_001 }), (one, at) => {
      const { allowed, reason } = decide(one, at);
      const isValid = (one.validFrom ?? -Infinity) <= at && at < (one.validUntil ?? Infinity);
      expect(allowed).toBe(one.allowed && isValid);
      if (isValid || !one.allowed) expect(reason).toBe(one.reason);
      else expect(reason).toBe(at < (one.validUntil ?? Infinity) ? 'scheduled' : 'expired');
    }),
  );
});

test.each([
  [99, { allowed: false, reason: 'scheduled' }],
  [100, { allowed: true, reason: 'grace' }],
  [199, { allowed: true, reason: 'grace' }],
  [200, { allowed: false, reason: 'expired' }],
])('valid from 100 until 200: at %i it says %o', (at, said) => {
  expect(decide({ allowed: true, reason: 'grace', validFrom: 100, validUntil: 200 }, at)).toEqual(said);
});

test('nothing known is unknown', () => {
  expect(decide(undefined, 0)).toEqual({ allowed: false, reason: 'unknown' });
});

function age({ epoch, version, issuedAt }: Entitlement): number {
  return epoch * 1_000 + version * 10 + issuedAt;
}

function inAnyOrder<T>(list: readonly T[]): fc.Arbitrary<readonly T[]> {
  return fc.shuffledSubarray([...list], { minLength: list.length });
}
