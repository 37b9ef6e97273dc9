import { randomUUID } from 'node:crypto';
import type { OutgoingMessage } from '../src/ports/messages.ts';
import { Random } from '../test/oracle/random.ts';
import type { CommandShortName } from '../test/support/load.ts';
import type { Ledger } from './ledger.ts';
import { contact, newLicense, newSubdivision, newTenant, type Load, type Place } from './load.ts';

/** The load by which builds are compared has nothing that the oldest of them does not know. */
type Newer = 'RenewLicense' | 'ChangeLicenseTerms' | 'CorrectStatisticRow';

/** How many of a thousand commands are of each kind. Most are usage; 30 are refused. */
const SHARES = {
  ...{ AddStatisticRow: 842, Refused: 30 },
  ...{ UpdateSubdivision: 25, UpdateLicense: 25, UpdateTenant: 10 },
  ...{ CreateSubdivision: 12, CreateLicense: 14, ActivateSubdivisionLicense: 14 },
  ...{ DeactivateSubdivisionLicense: 8, DeleteLicense: 4, DeleteSubdivision: 3 },
  ...{ CreateTenant: 2, DeleteTenant: 1, CreateUser: 10 },
} as const satisfies Readonly<Record<Exclude<CommandShortName, Newer> | 'Refused', number>>;

/** A place and its state. The commands of a tenant keep their order, so the worker finds the state that is noted here. */
interface Sketch extends Place {
  rows: number;
}

interface Around {
  readonly load: Load;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly from: number;
  /** Places with an active license, with an inactive one, and without one. */
  readonly active: Sketch[];
  readonly licensed: Sketch[];
  readonly empty: Sketch[];
  /** Tenants that have nothing yet. */
  readonly bare: string[];
}

/** Makes commands of all types for these places, and for new ones. The same seed makes the same choices. */
export function* mixed(
  load: Load,
  places: readonly Place[],
  count: number,
  from: number,
  ledger: Ledger,
): Generator<OutgoingMessage> {
  const active = places.map((place) => ({ ...place, rows: 0 }));
  const around = { load, ledger, random: new Random(4), from, active, licensed: [], empty: [], bare: [] };
  for (let i = 0; i < count; i += 1) yield next(around);
}

function next(around: Around): OutgoingMessage {
  const { load, ledger, random, active, licensed, empty, bare, from } = around;
  const one = random.pick(active);
  if (one === undefined) throw new Error('the mixed load has run out of active licenses');
  const { tenantId, subdivisionId, licenseId } = one;
  switch (random.weighted(SHARES)) {
    case 'Refused':
      return refused(around, one);
    case 'AddStatisticRow':
      return load.row(one, from + one.rows++, ledger.note(1, 1));
    case 'UpdateSubdivision': {
      const data = { ...newSubdivision(one), location: `Hall ${random.int(1, 99)}`, workStatus: null };
      return load.command('licensing.commands.UpdateSubdivision', data, ledger.note(1));
    }
    case 'UpdateLicense': {
      const data = {
        tenantId,
        subdivisionId,
        licenseId,
        name: `License ${random.int(1, 99)}`,
        description: 'as agreed',
      };
      return load.command('licensing.commands.UpdateLicense', data, ledger.note(1));
    }
    case 'UpdateTenant': {
      const data = { tenantId, ...contact(`Tenant ${tenantId}`), phone: `+1 555 ${random.int(1_000, 9_999)}` };
      return load.command('licensing.commands.UpdateTenant', data, ledger.note(1));
    }
    case 'CreateSubdivision':
      return createSubdivision(around, one);
    case 'CreateLicense': {
      const place = take(random, empty);
      if (place === undefined) return createSubdivision(around, one);
      licensed.push({ ...place, licenseId: randomUUID() });
      return load.command('licensing.commands.CreateLicense', newLicense(licensed.at(-1)!), ledger.note(1));
    }
    case 'ActivateSubdivisionLicense': {
      const place = take(random, licensed);
      if (place === undefined) return createSubdivision(around, one);
      active.push(place);
      return load.command('licensing.commands.ActivateSubdivisionLicense', keysOf(place), ledger.note(1));
    }
    case 'DeactivateSubdivisionLicense':
      licensed.push(take(random, active, one)!);
      return load.command('licensing.commands.DeactivateSubdivisionLicense', keysOf(one), ledger.note(1));
    case 'DeleteLicense': {
      const place = take(random, licensed);
      if (place === undefined) return createSubdivision(around, one);
      empty.push(place);
      return load.command('licensing.commands.DeleteLicense', keysOf(place), ledger.note(1));
    }
    case 'DeleteSubdivision': {
      const place = take(random, empty);
      if (place === undefined) return createSubdivision(around, one);
      const gone = { tenantId: place.tenantId, subdivisionId: place.subdivisionId };
      return load.command('licensing.commands.DeleteSubdivision', gone, ledger.note(1, -place.rows));
    }
    case 'CreateTenant':
      bare.push(randomUUID());
      return load.command('licensing.commands.CreateTenant', newTenant(bare.at(-1)!), ledger.note(2));
    case 'DeleteTenant': {
      const gone = take(random, bare);
      if (gone === undefined) return createSubdivision(around, one);
      return load.command('licensing.commands.DeleteTenant', { tenantId: gone }, ledger.note(2));
    }
    case 'CreateUser':
      return load.command('licensing.commands.CreateUser', { userId: randomUUID() }, ledger.note(1));
  }
}

/** Commands that are sure to be refused, each for another reason. */
function refused({ load, ledger, random, from }: Around, place: Sketch): OutgoingMessage {
  const { tenantId } = place;
  const id = ledger.note(0);
  switch (random.weighted({ notFound: 8, exists: 8, alreadyActive: 4, again: 4, invalid: 6 })) {
    case 'notFound':
      return load.row({ ...place, subdivisionId: randomUUID() }, from, id);
    case 'exists': {
      // Only a place that has a row can get the same row again.
      if (place.rows === 0) return load.command('licensing.commands.CreateSubdivision', newSubdivision(place), id);
      return load.row(place, from + random.int(0, place.rows - 1), id);
    }
    case 'alreadyActive':
      return load.command('licensing.commands.ActivateSubdivisionLicense', keysOf(place), id);
    case 'again':
      return load.command('licensing.commands.CreateSubdivision', newSubdivision(place), id);
    case 'invalid':
      return load.command('licensing.commands.UpdateTenant', { tenantId, ...contact(' ') }, id);
  }
}

function createSubdivision({ load, ledger, empty }: Around, { tenantId }: Place): OutgoingMessage {
  empty.push({ tenantId, subdivisionId: randomUUID(), licenseId: randomUUID(), rows: 0 });
  return load.command('licensing.commands.CreateSubdivision', newSubdivision(empty.at(-1)!), ledger.note(1));
}

function keysOf({ tenantId, subdivisionId, licenseId }: Place): Place {
  return { tenantId, subdivisionId, licenseId };
}

/** Takes one element out of a list, without keeping the order of the others. */
function take<T>(random: Random, list: T[], wanted?: T): T | undefined {
  if (list.length === 0) return undefined;
  const at = wanted === undefined ? random.int(0, list.length - 1) : list.indexOf(wanted);
  const last = list.pop()!;
  if (at === list.length) return last;
  const taken = list[at]!;
  list[at] = last;
  return taken;
}
