// npm install kafkajs @kafkajs/confluent-schema-registry
// node send-command.mjs sign-up-4711 TENANT_ID USER_ID NAME
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { Kafka, logLevel, Partitioners } from 'kafkajs';

const SOURCE = 'shop'; // the name of your service
const COMMANDS = 'licensing.commands.v1';
const EVENTS = 'licensing.events.v1';
const REJECTIONS = 'licensing.rejections.v1';
const DEAD_LETTERS = 'licensing.commands.v1.dlq';

const brokers = process.env.KAFKA_BROKERS.split(',');
const kafka = new Kafka({ clientId: SOURCE, brokers, logLevel: logLevel.WARN });
const registry = new SchemaRegistry({ host: process.env.SCHEMA_REGISTRY_URL });

async function encode(typeName, command) {
  const schemaId = await registry.getLatestSchemaId(`${COMMANDS}-${typeName}`);
  const type = await registry.getSchema(schemaId);
  // `encode` alone drops a misspelt field in silence.
  if (!type.isValid(command, { noUndeclaredFields: true })) throw new TypeError(`this is no ${typeName}`);
  return registry.encode(schemaId, command);
}

/** Resolves once the brokers have the command. Repeat it with the same id and fields: it takes effect once. */
async function send(typeName, command, commandId) {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    const headers = {
      ce_specversion: '1.0',
      ce_id: commandId,
      ce_source: SOURCE,
      ce_type: typeName,
      ce_time: new Date().toISOString(),
      'content-type': 'application/avro',
    };
    const value = await encode(typeName, command);
    await producer.send({ topic: COMMANDS, acks: -1, messages: [{ key: command.tenantId, value, headers }] });
  } finally {
    await producer.disconnect();
  }
}

/** The first event, the rejection or the dead letter of a command: what it is called, and what it says. */
async function answerTo(commandId, seconds = 60) {
  const consumer = kafka.consumer({ groupId: `${SOURCE}-answers` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [EVENTS, REJECTIONS, DEAD_LETTERS], fromBeginning: true });
    return await new Promise((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      setTimeout(() => reject(new Error(`no answer to ${commandId} within ${seconds} s`)), seconds * 1000).unref();
      const eachMessage = async ({ topic, message }) => {
        const header = (name) => message.headers[name]?.toString();
        if (topic === DEAD_LETTERS) {
          if (header('ce_id') === commandId && header('ce_source') === SOURCE)
            resolve([header('dlq-reason'), header('dlq-message')]);
        } else if (header('ce_causationid') === commandId) {
          resolve([header('ce_type'), await registry.decode(message.value)]);
        }
      };
      // Commit an answer once you have kept it.
      consumer.run({ autoCommit: false, eachMessage }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}

// A retry has to send the same bytes, so every id is chosen before the first try, and kept.
const [signUpId, tenantId, userId, name] = process.argv.slice(2);
const command = { tenantId, userId, name, address: '', email: 'office@example.org', phone: '' };
await send('licensing.commands.CreateTenant', command, signUpId);
console.log(...(await answerTo(signUpId)));
