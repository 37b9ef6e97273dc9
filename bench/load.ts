import { randomUUID } from 'node:crypto';
import { encodeTextHeaders } from '../src/adapters/record-headers.ts';
import type { Cradle } from '../src/container.ts';
import type { CommandName, Commands, Messages } from '../src/generated/messages.ts';
import type { OutgoingMessage } from '../src/ports/messages.ts';

export interface Place {
  readonly tenantId: string;
  readonly subdivisionId: string;
  readonly licenseId: string;
}

/** Makes commands as an upstream service would: Avro in the Confluent frame, a CloudEvents id each, keyed by tenant. */
export class Load {
  private readonly cradle: Pick<Cradle, 'codec' | 'topics'>;

  constructor(cradle: Pick<Cradle, 'codec' | 'topics'>) {
    this.cradle = cradle;
  }

  command<N extends CommandName>(type: N, data: Commands[N] & Messages[N], key: string): OutgoingMessage {
    const { codec, topics } = this.cradle;
    return {
      topic: topics.commands,
      key: Buffer.from(key),
      value: codec.encode(topics.commands, type, data),
      headers: encodeTextHeaders([
        ['ce_id', randomUUID()],
        ['ce_source', 'bench'],
      ]),
    };
  }

  /** Tenants, each with its subdivisions, each with an active bycount license that won't run out. */
  places(
    tenants: number,
    subdivisions: number,
  ): { readonly places: readonly Place[]; readonly setUp: readonly OutgoingMessage[] } {
    const places: Place[] = [];
    const setUp: OutgoingMessage[] = [];
    for (let t = 0; t < tenants; t += 1) {
      const tenantId = randomUUID();
      const contact = { address: 'Main Street 1', email: 'office@example.com', phone: '+1 555 0100' };
      const tenant = { tenantId, userId: randomUUID(), name: `Tenant ${tenantId}`, ...contact };
      setUp.push(this.command('licensing.commands.CreateTenant', tenant, tenantId));
      for (let s = t; s < subdivisions; s += tenants) {
        const place = { tenantId, subdivisionId: randomUUID(), licenseId: randomUUID() };
        const { subdivisionId } = place;
        const subdivision = {
          tenantId,
          subdivisionId,
          name: `Subdivision ${s}`,
          location: 'Hall 1',
          linkToSubdivisionProcessingDomain: null,
        };
        const license = {
          ...place,
          name: 'License',
          description: '',
          type: 'bycount',
          requestsLimit: 1e12,
          expiresAt: null,
        };
        setUp.push(
          this.command('licensing.commands.CreateSubdivision', subdivision, tenantId),
          this.command('licensing.commands.CreateLicense', license, tenantId),
          this.command('licensing.commands.ActivateSubdivisionLicense', place, tenantId),
        );
        places.push(place);
      }
    }
    return { places, setUp };
  }

  /** `count` rows, going round the places; each a millisecond of its own, all later than the activation. */
  *rows(places: readonly Place[], count: number, from = Date.now()): Generator<OutgoingMessage> {
    for (let i = 0; i < count; i += 1) {
      const place = places[i % places.length];
      if (place === undefined) return;
      const { tenantId, subdivisionId } = place;
      const row = {
        tenantId,
        subdivisionId,
        statisticRowId: randomUUID(),
        created: from + Math.floor(i / places.length),
        countRequests: 1,
      };
      yield this.command('licensing.commands.AddStatisticRow', row, tenantId);
    }
  }
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
