import { randomUUID } from 'node:crypto';
import { SCHEMAS } from '../../src/generated/schemas.ts';
import { createTenant, CONTACT } from '../e2e/given.ts';
import { frameOf, NotRegistered, rawCommand, registerSchema, type ForeignSchema } from '../support/foreign-schemas.ts';
import { command, type RawSending, type Sending } from '../support/load.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { onlyOtherLaneGoesOn } from './elsewhere.ts';
import { faultCase, theStack, type Around } from './fault-case.ts';

const stack = theStack();
let proxy: TcpProxy;

const WAITS = '`waiting for the schema registry`, then `no longer waiting ...`.';
const LANE_WAITS =
  '`waiting for the schema registry`: its lane waits, the other lanes go on with schemas that are known; then `no longer waiting ...`.';
/** What other lanes get must be of known schemas: a worker learns each when it first meets it, so a part of the load is done before. */
const FEW_FIRST = { firstShare: 0.3 };
const SLOW_MS = 10_000;
const OF_EACH = 20;
/** Errors of a connection. They must not pass for an answer of a registry that does not know the id. */
const REFUSED = /fetch failed: .*(ECONNREFUSED|ECONNRESET|EPIPE|other side closed).*waiting for the schema registry/;

faultCase(stack, {
  fault: 'F17',
  what: 'nobody listens where the registry was when a worker starts',
  shows: WAITS,
  todo: 'Bring the registry back. Workers that know the schemas go on meanwhile.',
  async inject({ stack: { registry }, world, load }) {
    proxy = await TcpProxy.to(registry.port);
    const { port } = proxy;
    await proxy.close();
    const before = await load.handled();
    const starting = world.startWorker({ SCHEMA_REGISTRY_URL: proxy.via(world.env['SCHEMA_REGISTRY_URL'] ?? '') });
    await world.worker(1).logs('waiting for the schema registry');
    await until('the other one goes on', async () => (await load.handled()) > before);
    expect(world.worker(1).log).not.toContain('the worker works');
    proxy = await TcpProxy.to(registry.port, port);
    await starting;
  },
  fired({ world }) {
    expect(world.worker(1).log).toMatch(REFUSED);
    expect(world.worker(1).log).toContain('the worker works');
  },
  end: () => proxy.close(),
});

faultCase(stack, {
  fault: 'F17',
  what: 'the registry refuses connections with an unknown schema id in flight',
  shows: LANE_WAITS,
  todo: 'Bring the registry back. Nothing else: what is behind the unknown id goes on.',
  load: FEW_FIRST,
  sendsRest: true,
  begin: behindProxy,
  async inject({ stack: { registry }, world, load }) {
    await world.settled();
    const tenantId = randomUUID();
    const newcomer = await newerDeleteTenant(world, tenantId);
    await proxy.close();
    await world.send([newcomer]);
    await world.worker().logs('waiting for the schema registry');
    await onlyOtherLaneGoesOn(world, tenantId);
    await load.sendRest();
    proxy = await TcpProxy.to(registry.port, proxy.port);
  },
  fired: ({ world }) => expect(world.worker().log).toMatch(REFUSED),
  end: () => proxy.close(),
});

faultCase(stack, {
  fault: 'F17',
  what: 'the registry does not answer with an unknown schema id in flight',
  shows: LANE_WAITS,
  todo: 'Bring the registry back. Nothing else: what is behind the unknown id goes on.',
  load: FEW_FIRST,
  sendsRest: true,
  async inject({ stack: { registry }, world, load }) {
    await world.settled();
    const tenantId = randomUUID();
    const newcomer = await newerDeleteTenant(world, tenantId);
    registry.signal('SIGSTOP');
    try {
      await world.send([newcomer]);
      await world.worker().logs('waiting for the schema registry');
      await onlyOtherLaneGoesOn(world, tenantId);
      await load.sendRest();
    } finally {
      registry.signal('SIGCONT');
    }
  },
  fired: ({ world }) => expect(world.worker().log).toContain('waiting for the schema registry'),
});

faultCase(stack, {
  fault: 'F17',
  what: `the registry answers after ${SLOW_MS / 1_000} s`,
  shows: LANE_WAITS,
  todo: 'Find out what slows the registry. Each id is asked for once.',
  load: FEW_FIRST,
  sendsRest: true,
  begin: behindProxy,
  async inject({ world, load }) {
    await world.settled();
    const tenantId = randomUUID();
    const newcomer = await newerDeleteTenant(world, tenantId);
    proxy.delay(SLOW_MS);
    await world.send([newcomer]);
    await world.worker().logs('waiting for the schema registry');
    await onlyOtherLaneGoesOn(world, tenantId);
    await load.sendRest();
    proxy.delay(0);
  },
  fired: ({ world }) => expect(world.worker().log).toContain('waiting for the schema registry'),
  end: () => proxy.close(),
});

faultCase(stack, {
  fault: 'F26',
  what: 'an older and a newer writer at once, and one with an incompatible schema',
  shows: '`schema is not acceptable` with the id, and dead letters `UndecodableMessage` for the incompatible one.',
  todo: 'Nothing for the compatible ones. Find who writes with a schema that the registry has refused, or never saw under our subject.',
  async inject({ world }) {
    const { commands } = world.topics;
    const updated = 'licensing.commands.UpdateSubdivision';
    const current: ForeignSchema = { ...SCHEMAS[updated], type: 'record' };
    const older = { ...current, fields: current.fields.filter(({ name }) => name !== 'workStatus') };
    const newer = {
      ...current,
      fields: [...current.fields, { name: 'color', type: ['null', 'string'], default: null }],
    };
    const other = { ...current, fields: current.fields.map(({ name }) => ({ name, type: 'long' })) };
    const [olderId, newerId] = [
      await registerSchema(world, commands, older),
      await registerSchema(world, commands, newer),
    ];
    await expect(registerSchema(world, commands, other)).rejects.toThrow(NotRegistered);
    const otherId = await registerSchema(world, `${commands}.of-somebody-else`, other);

    const { data: tenant } = createTenant();
    const { tenantId } = tenant;
    const sends: (Sending | RawSending)[] = [command('CreateTenant', tenant)];
    for (let i = 0; i < OF_EACH; i += 1) {
      const of = { tenantId, subdivisionId: randomUUID() };
      const place = { name: `Subdivision ${i}`, location: '', linkToSubdivisionProcessingDomain: null };
      sends.push(
        command('CreateSubdivision', { ...of, ...place }),
        rawCommand(frameOf(olderId, older, { ...of, ...place, location: 'by the older' }), tenantId),
        rawCommand(
          frameOf(newerId, newer, { ...of, ...place, location: 'by the newer', workStatus: null, color: 'red' }),
          tenantId,
        ),
        rawCommand(frameOf(otherId, other, Object.fromEntries(other.fields.map(({ name }) => [name, i]))), tenantId),
      );
    }
    await world.send([...sends, command('UpdateTenant', { tenantId, name: tenant.name, ...CONTACT })]);
  },
  fired({ world }, { model }) {
    const told = (location: string): number =>
      model.events.filter(({ type, data }) => type.endsWith('SubdivisionUpdated') && data['location'] === location)
        .length;
    expect([told('by the older'), told('by the newer')]).toEqual([OF_EACH, OF_EACH]);
    expect(world.worker().log).toContain('schema is not acceptable');
  },
});

async function behindProxy({ stack: { registry }, world }: Omit<Around, 'load'>): Promise<void> {
  proxy = await TcpProxy.to(registry.port);
  await world.startWorker({ SCHEMA_REGISTRY_URL: proxy.via(world.env['SCHEMA_REGISTRY_URL'] ?? '') });
}

/** A command that was written with a version of its schema that no worker has met yet. */
async function newerDeleteTenant(world: World, tenantId: string): Promise<RawSending> {
  const current: ForeignSchema = { ...SCHEMAS['licensing.commands.DeleteTenant'], type: 'record' };
  const newer = { ...current, fields: [...current.fields, { name: 'why', type: ['null', 'string'], default: null }] };
  const id = await registerSchema(world, world.topics.commands, newer);
  return rawCommand(frameOf(id, newer, { tenantId, why: null }), tenantId);
}
