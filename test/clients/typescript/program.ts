// What a service does with the package: `node program.ts answers|once|many`. It prints, as JSON, what came of what it sent. The test gives the ids.
import { Entitlements, LicensingClient, type Answer, type Decision } from 'licensing-client';

const { KAFKA_BROKERS = '', SCHEMA_REGISTRY_URL = '', TOPIC_PREFIX = '' } = process.env;
const [mode, tenantId = '', userId = '', subdivisionId = '', licenseId = '', name = '', deadline = ''] =
  process.argv.slice(2);
const SOURCE = 'shop';

const CONNECTION = {
  kafka: { clientId: SOURCE, brokers: KAFKA_BROKERS.split(',') },
  registry: { url: SCHEMA_REGISTRY_URL },
  topicPrefix: TOPIC_PREFIX,
  onProblem: (problem: unknown) => console.error(problem),
};

function clientOf(): LicensingClient {
  return new LicensingClient({ ...CONNECTION, source: SOURCE });
}

/** Resolves once the worker has published a decision with that reason. */
function decided(entitlements: Entitlements, reason: string): Promise<Decision> {
  return new Promise((resolve) => {
    const look = (): void => {
      const decision = entitlements.check(tenantId, subdivisionId);
      if (decision.reason === reason) resolve(decision);
    };
    entitlements.onChange(look);
    look();
  });
}

/** Types narrow as they should: what is misspelt here does not compile. */
function told(answer: Answer): unknown {
  switch (answer.outcome) {
    case 'done':
      return answer.events.map((event) =>
        event.type === 'licensing.events.LicenseActivated'
          ? [event.type, event.data.phase, event.data.graceMs, event.data.expiresAt]
          : [event.type],
      );
    case 'rejected':
      return [answer.rejection.code, answer.rejection.commandId, answer.rejection.field];
    case 'dead-letter':
      return [answer.reason, answer.message];
    case 'unanswered':
      return [answer.acknowledged, answer.received ?? null];
  }
}

const client = clientOf();
await client.connect();
const contact = { address: '', email: 'office@example.org', phone: '' };
const tenant = { tenantId, userId, name, ...contact };
const said: Record<string, unknown> = {};
if (mode === 'once') {
  said['once'] = told(
    await client.send('CreateTenant', tenant, { id: `sign up ${tenantId}`, deadlineMs: Number(deadline) }),
  );
} else if (mode === 'many') {
  // The first one brings the schema, so that the others all wait before any of them is answered.
  const remove = (id: string): Promise<Answer> =>
    client.send('DeleteTenant', { tenantId }, { id, deadlineMs: Number(deadline) });
  await remove('first');
  const answers = await Promise.all(Array.from({ length: 10_100 }, (_, i) => remove(`many ${i}`)));
  for (const { outcome } of answers) said[outcome] = Number(said[outcome] ?? 0) + 1;
} else {
  said['tenant'] = told(await client.send('licensing.commands.CreateTenant', tenant, { id: `sign up ${tenantId}` }));
  said['again'] = told(await client.send('CreateTenant', tenant, { id: `sign up ${tenantId}` }));
  const subdivision = { tenantId, subdivisionId, name: 'north', location: '' };
  said['subdivision'] = told(await client.send('CreateSubdivision', subdivision));
  const ids = { tenantId, subdivisionId, licenseId };
  const terms = { expiresAt: Date.UTC(2100, 0, 1), graceMs: 86_400_000, noticesBeforeExpiry: [86_400_000] };
  said['license'] = told(
    await client.send('CreateLicense', { ...ids, name: 'a year', description: '', type: 'bytime', ...terms }),
  );
  const entitlements = new Entitlements({ ...CONNECTION, offlineGraceMs: 60_000 });
  await entitlements.ready;
  said['activation'] = told(await client.send('ActivateSubdivisionLicense', ids));
  said['entitled'] = [await decided(entitlements, 'active'), entitlements.get(tenantId, subdivisionId)?.licenseId];
  said['suspension'] = told(await client.send('UpdateSubdivision', { ...subdivision, workStatus: 'inactive' }));
  said['suspended'] = await decided(entitlements, 'suspended');
  await entitlements.close();
  said['rejection'] = told(await client.send('CreateTenant', tenant, { id: `once more ${tenantId}` }));
  said['field'] = told(await client.send('CreateSubdivision', { ...subdivision, name: '' }, { id: 'no name' }));
  // Two that wait at the same time share one reader, and each gets its own answer.
  const names = ['one', 'two', 'three'];
  const sendings = names.map((one) => client.send('UpdateTenant', { tenantId, ...contact, name: `${name} ${one}` }));
  said['several'] = (await Promise.all(sendings)).map(told);
  // Another client does not know that the id was used.
  const other = clientOf();
  said['letter'] = told(await other.send('CreateTenant', { ...tenant, name: '' }, { id: `sign up ${tenantId}` }));
  await other.close();
  // @ts-expect-error a field that the command does not have
  const misspelt = client.send('DeleteTenant', { tenantId, reason: 'none' });
  said['misspelt'] = await misspelt.then(told, (error: unknown) => String(error));
  // @ts-expect-error a field that is left out
  said['missing'] = await client.send('CreateSubdivision', { tenantId }).then(told, (error: unknown) => String(error));
}
await client.close();
console.log(JSON.stringify(said));
