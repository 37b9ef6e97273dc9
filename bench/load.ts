import { randomUUID } from 'node:crypto';
import { encodeHeaders } from '../src/adapters/record-headers.ts';
import type { Cradle } from '../src/container.ts';
import { NO_TERMS } from '../src/domain/terms.ts';
import type { CommandName, Commands, Messages } from '../src/generated/messages.ts';
import type { OutgoingMessage } from '../src/ports/messages.ts';
import type { Ledger } from './ledger.ts';

export interface Place {
  readonly tenantId: string;
  readonly subdivisionId: string;
  readonly licenseId: string;
}

/** Makes commands as an upstream service does: Avro in the Confluent frame, each with a CloudEvents id, keyed by tenant (CreateUser by user). */
export class Load {
  private readonly cradle: Pick<Cradle, 'codec' | 'topics'>;

  constructor(cradle: Pick<Cradle, 'codec' | 'topics'>) {
    this.cradle = cradle;
  }

  command<N extends CommandName>(type: N, data: Commands[N] & Messages[N], id: string): OutgoingMessage {
    const { codec, topics } = this.cradle;
    const keyed: { readonly tenantId?: string; readonly userId?: string } = data;
    return {
      topic: topics.commands,
      key: Buffer.from(keyed.tenantId ?? keyed.userId ?? ''),
      value: codec.encode(topics.commands, type, data),
      headers: encodeHeaders([
        ['ce_id', id],
        ['ce_source', 'bench'],
      ]),
    };
  }

  /** Commands for tenants with subdivisions, each with an active bycount license that won't be used up. */
  setUp(
    tenants: number,
    subdivisions: number,
    ledger: Ledger,
  ): { readonly places: readonly Place[]; readonly setUp: readonly OutgoingMessage[] } {
    const places: Place[] = [];
    const setUp: OutgoingMessage[] = [];
    for (let t = 0; t < tenants; t += 1) {
      const tenantId = randomUUID();
      setUp.push(this.command('licensing.commands.CreateTenant', newTenant(tenantId), ledger.note(2)));
      for (let s = t; s < subdivisions; s += tenants) {
        const place = { tenantId, subdivisionId: randomUUID(), licenseId: randomUUID() };
        setUp.push(
          this.command('licensing.commands.CreateSubdivision', newSubdivision(place), ledger.note(1)),
          this.command('licensing.commands.CreateLicense', newLicense(place), ledger.note(1)),
          this.command('licensing.commands.ActivateSubdivisionLicense', place, ledger.note(1)),
        );
        places.push(place);
      }
    }
    return { places, setUp };
  }

  /** Makes `count` rows for the places in turn, each in another millisecond from `from` on. If `from` is later than the activations, all of them count. */
  *rows(places: readonly Place[], count: number, from: number, ledger: Ledger): Generator<OutgoingMessage> {
    for (let i = 0; i < count; i += 1) {
      const place = places[i % places.length];
      if (place === undefined) return;
      yield this.row(place, from + Math.floor(i / places.length), ledger.note(1, 1));
    }
  }

  row({ tenantId, subdivisionId }: Place, created: number, id: string): OutgoingMessage {
    const row = { tenantId, subdivisionId, statisticRowId: randomUUID(), created, countRequests: 1 };
    return this.command('licensing.commands.AddStatisticRow', row, id);
  }
}

export function newTenant(tenantId: string): Messages['licensing.commands.CreateTenant'] {
  return { tenantId, userId: randomUUID(), ...contact(`Tenant ${tenantId}`) };
}

export function contact(name: string): { name: string; address: string; email: string; phone: string } {
  return { name, address: 'Main Street 1', email: 'office@example.com', phone: '+1 555 0100' };
}

export function newSubdivision({ tenantId, subdivisionId }: Place): Messages['licensing.commands.CreateSubdivision'] {
  const location = { name: 'Subdivision', location: 'Hall 1', linkToSubdivisionProcessingDomain: null };
  return { tenantId, subdivisionId, ...location };
}

export function newLicense(place: Place): Messages['licensing.commands.CreateLicense'] {
  return {
    ...place,
    name: 'License',
    description: '',
    type: 'bycount',
    requestsLimit: 1e12,
    expiresAt: null,
    ...NO_TERMS,
  };
}

export function* inParts<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let part: T[] = [];
  for (const item of items) {
    part.push(item);
    if (part.length < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
