import { TokenUnavailable } from '../../../src/adapters/access-token.ts';
import { isFinal } from '../../../src/adapters/kafka-consumer.ts';
import { ConfigurationError } from '../../../src/ports/errors.ts';

const kafkaJs = (name: string, cause?: Error): Error => Object.assign(new Error('it failed', { cause }), { name });

test.each([
  ['a token endpoint that is away', new TokenUnavailable('fetch failed')],
  ['the same after all tries', kafkaJs('KafkaJSNumberOfRetriesExceeded', new TokenUnavailable('fetch failed'))],
  ['a connection that ended', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
  ['a broker that is away', kafkaJs('KafkaJSConnectionError')],
])('a crash of the consumer by %s passes', (_, error) => {
  expect(isFinal(error)).toBe(false);
});

test.each([
  ['a token endpoint that refuses the client', new ConfigurationError('KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: refused')],
  ['refused credentials', kafkaJs('KafkaJSSASLAuthenticationError')],
  ['a bug', kafkaJs('KafkaJSNonRetriableError', new TypeError('undefined is not a function'))],
])('a crash of the consumer by %s is final', (_, error) => {
  expect(isFinal(error)).toBe(true);
});
