import { randomUUID } from 'node:crypto';
import { eventId, identity } from '../oracle/identity.ts';
import { header, type Data, type WireRecord } from '../support/collect.ts';
import { command, type Envelope, type Sending } from '../support/load.ts';
import type { World } from '../support/world.ts';

/** A day. */
export const LATER = 24 * 60 * 60 * 1_000;

export interface Answer {
  readonly type: string;
  readonly data: Data;
  readonly record: WireRecord;
}

/** Sends one message and waits for its events, by index; fails unless they are of these types. */
export async function told(world: World, message: Sending, ...types: readonly string[]): Promise<readonly Answer[]> {
  await world.send([message]);
  const answers = await answersTo(world, message, types.length);
  expect(answers.map(({ type }) => type)).toEqual(types);
  return answers;
}

/** Sends one command that is refused, and waits for the answer. */
export async function refused(world: World, message: Sending): Promise<Data> {
  const [answer] = await told(world, message, 'CommandRejected');
  return answer?.data ?? {};
}

export async function answersTo(world: World, { envelope }: Sending, count: number): Promise<readonly Answer[]> {
  const { id, source = '' } = envelope;
  if (typeof id !== 'string') throw new Error('answers are found by the id of what they answer');
  const records = await world.answers(id, count);
  const question = identity(source, id);
  const byId = Map.groupBy(records, (record) => header(record, 'ce_id'));
  return records.map((_, index) => {
    const [record] = byId.get(eventId(question, index)) ?? [];
    if (record?.decoded === undefined) throw new Error(`no answer ${index} to ${id}`);
    return { type: record.decoded.type.replace(/^licensing\.\w+\./, ''), data: record.decoded.data, record };
  });
}

export const CONTACT = { address: '1 Main Street', email: 'office@example.org', phone: '+1 555 0100' };

export function createTenant(
  {
    tenantId = randomUUID(),
    userId = randomUUID(),
    name = `Tenant ${randomUUID()}`,
  }: Partial<TenantIds> & { readonly name?: string } = {},
  envelope: Envelope = {},
  address: string = CONTACT.address,
): Extract<Sending, { readonly type: 'licensing.commands.CreateTenant' }> {
  const sending = command('CreateTenant', { tenantId, userId, name, ...CONTACT, address }, envelope);
  if (sending.type !== 'licensing.commands.CreateTenant') throw new Error('this is a CreateTenant');
  return sending;
}

export interface TenantIds {
  readonly tenantId: string;
  readonly userId: string;
}

export interface LicenseIds {
  readonly tenantId: string;
  readonly subdivisionId: string;
  readonly licenseId: string;
}

/** Ids of nothing that exists. */
export function strange(): LicenseIds {
  return { tenantId: randomUUID(), subdivisionId: randomUUID(), licenseId: randomUUID() };
}

export const PLACE = { name: 'North', location: '2 Side Street', linkToSubdivisionProcessingDomain: null };
type Terms = Omit<Parameters<typeof command<'CreateLicense'>>[1], keyof LicenseIds>;

export const TERMS: Terms = {
  name: 'Trial',
  description: 'as agreed',
  type: 'bycount',
  requestsLimit: 100,
  expiresAt: null,
};

export function lastingUntil(expiresAt: number): Terms {
  return { ...TERMS, type: 'bytime', requestsLimit: null, expiresAt };
}

/** Creates a tenant and waits, so that the model knows it to come before all that follows in other partitions. */
export async function settledTenant(world: World): Promise<ReturnType<typeof createTenant>> {
  const first = createTenant();
  await told(world, first, 'TenantCreated', 'UserCreated');
  await world.settled();
  return first;
}

/** Creates a tenant with a subdivision and a license of 100 requests, and with `active` activates the license. */
export async function givenLicense(world: World, { active = false, terms = TERMS } = {}): Promise<LicenseIds> {
  const ids = strange();
  const { tenantId, subdivisionId } = ids;
  const messages = [
    createTenant({ tenantId }),
    command('CreateSubdivision', { tenantId, subdivisionId, ...PLACE }),
    command('CreateLicense', { ...ids, ...terms }),
    ...(active ? [command('ActivateSubdivisionLicense', ids)] : []),
  ];
  await world.send(messages);
  const last = messages.at(-1);
  if (last !== undefined) await answersTo(world, last, 1);
  return ids;
}

/** A row that counts: its time is a minute from now, and some milliseconds, so that no two rows have the same time. */
export function addRow(
  { tenantId, subdivisionId }: Omit<LicenseIds, 'licenseId'>,
  countRequests: number,
  change: Partial<{ statisticRowId: string; created: number }> = {},
): Sending {
  times += 1;
  const row = { statisticRowId: randomUUID(), created: Date.now() + 60_000 + times, ...change };
  return command('AddStatisticRow', { tenantId, subdivisionId, countRequests, ...row });
}

let times = 0;
