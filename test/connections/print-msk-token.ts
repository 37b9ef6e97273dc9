import { securityOptions } from '../../src/adapters/kafka-security.ts';
import { readConfig } from '../../src/config.ts';
import { importFromArgument } from './beside-the-worker.ts';

// `node print-msk-token.ts FOLDER`: prints what a connection sends first with AWS_MSK_IAM, with the signer that is installed in the folder.

importFromArgument('aws-msk-iam-sasl-signer-js');
const { kafkaSecurity } = readConfig({
  KAFKA_BROKERS: 'broker:9098',
  SCHEMA_REGISTRY_URL: 'http://registry',
  DATABASE_URL: 'postgres://database/licensing',
  KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
  KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM',
  AWS_REGION: 'eu-central-1',
});
const { sasl } = securityOptions(kafkaSecurity, () => performance.now());
if (sasl === undefined || !('authenticationProvider' in sasl)) throw new Error('there is no provider');
const { authenticate } = sasl.authenticationProvider({
  host: '',
  port: 0,
  logger: undefined as never,
  saslAuthenticate: async ({ request, response }) => {
    const bytes = await request.encode();
    process.stdout.write(bytes.subarray(4).toString());
    return response?.parse(Buffer.alloc(0));
  },
});
await authenticate();
