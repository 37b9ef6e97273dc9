// npm install licensing-client-0.1.0.tgz
// node entitlements.ts TENANT_ID SUBDIVISION_ID
import { Entitlements } from 'licensing-client';

const { KAFKA_BROKERS = '', SCHEMA_REGISTRY_URL = '', TOPIC_PREFIX = '' } = process.env;

// One for the whole service.
const entitlements = new Entitlements({
  kafka: { clientId: 'shop', brokers: KAFKA_BROKERS.split(',') },
  registry: { url: SCHEMA_REGISTRY_URL },
  topicPrefix: TOPIC_PREFIX,
  offlineGraceMs: 3_600_000, // an outage of Kafka stops nobody for an hour
});
await entitlements.ready;

const [tenantId = '', subdivisionId = ''] = process.argv.slice(2);
const { allowed, reason } = entitlements.check(tenantId, subdivisionId);
console.log(allowed ? 'allowed' : 'not allowed', reason);
await entitlements.close();
