// npm install licensing-client-0.1.0.tgz
// node send-command.ts sign-up-4711 TENANT_ID USER_ID NAME
import { LicensingClient } from 'licensing-client';

const { KAFKA_BROKERS = '', SCHEMA_REGISTRY_URL = '', TOPIC_PREFIX = '' } = process.env;

// One for the whole service: all who wait share its reader.
const client = new LicensingClient({
  kafka: { clientId: 'shop', brokers: KAFKA_BROKERS.split(',') },
  registry: { url: SCHEMA_REGISTRY_URL },
  source: 'shop', // the name of your service
  topicPrefix: TOPIC_PREFIX,
});

// Every id is chosen before the first try, and kept.
const [signUpId = '', tenantId = '', userId = '', name = ''] = process.argv.slice(2);
const command = { tenantId, userId, name, address: '', email: 'office@example.org', phone: '' };
const answer = await client.send('CreateTenant', command, { id: signUpId, deadlineMs: 60_000 });
switch (answer.outcome) {
  case 'done':
    for (const { type, data } of answer.events) console.log(type, data);
    break;
  case 'rejected':
    console.log(answer.rejection.code, answer.rejection.message);
    break;
  case 'dead-letter':
    console.log(answer.reason, answer.message);
    break;
  case 'unanswered':
    console.log('nobody knows yet; send it again under the same id');
}
await client.close();
