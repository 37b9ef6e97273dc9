import { ConfigurationError } from '../ports/errors.ts';
import { codeOf } from './error-code.ts';
import { TLS_PREFIX, type KafkaSecurity } from './kafka-security.ts';
import { Outage } from './retry.ts';
import { tlsFault } from './tls-files.ts';

/** Brokers do not let the worker in, or not any more. What they refuse may be mended without a restart. */
export class KafkaRefuses extends Outage {
  override readonly name = 'KafkaRefuses';
}

/**
 * Says of errors which setting is at fault. Before the brokers have let this process in, a refusal is a ConfigurationError. Afterwards it
 * is an outage: the password may be changed on one side before the other, say, and the worker waits until both fit.
 */
export class KafkaFaults {
  readonly #security: KafkaSecurity;
  readonly #place: string;
  #wasLetIn = false;

  constructor(security: KafkaSecurity, brokers: readonly string[]) {
    this.#security = security;
    this.#place = `KAFKA_BROKERS ${brokers.join(',')}`;
  }

  /** The brokers have answered a request. */
  letIn(): void {
    this.#wasLetIn = true;
  }

  /** @returns the error to report: this one, unless a setting can be named */
  explained(error: unknown): unknown {
    const { protocol } = this.#security;
    for (const one of chainOf(error)) {
      if (one instanceof ConfigurationError) return this.refusal(one.message, error);
      const fault = tlsFault(codeOf(one) ?? '', one.message, TLS_PREFIX) ?? saslFault(one, this.#security);
      if (fault !== undefined) return this.refusal(`${fault}; ${this.#place}`, error);
      if (!this.#wasLetIn && CUT_OFF.test(one.message)) {
        return new KafkaRefuses(
          `KAFKA_SECURITY_PROTOCOL is ${protocol}: the port ends connections, as one of another protocol does ` +
            `(${one.message}); ${this.#place}`,
          { cause: error },
        );
      }
    }
    return error;
  }

  /** A refusal that the sentence explains. */
  refusal(sentence: string, cause: unknown): Error {
    return this.#wasLetIn ? new KafkaRefuses(sentence, { cause }) : new ConfigurationError(sentence, { cause });
  }
}

/** How kafkajs and Node tell of a connection that the other side has ended. */
const CUT_OFF = /^Closed connection|ECONNRESET|socket disconnected before secure TLS connection|EPIPE/;

/** Whether a broker has refused the credentials, rather than gone away while it was asked. */
export function isRefusal({ name, message }: Error): boolean {
  return name === 'KafkaJSSASLAuthenticationError' && !GONE.test(message);
}

/** How kafkajs ends the sentence when the connection ended; it makes the same error of both. */
const GONE = /failed: (Closed connection|Connection |Not connected|Request \w+\(.*\) timed out)/;

function saslFault(error: Error, { mechanism, protocol }: KafkaSecurity): string | undefined {
  if (mechanism === undefined) return undefined;
  if (isIllegalState(error)) return `KAFKA_SECURITY_PROTOCOL is ${protocol}, but the port asks for no credentials`;
  if ('type' in error && error.type === 'UNSUPPORTED_SASL_MECHANISM') {
    return `KAFKA_SASL_MECHANISM is ${mechanism}, which the brokers do not offer`;
  }
  if (!isRefusal(error)) return undefined;
  const [unreadable] = /KAFKA_\w+_FILE is .*/.exec(error.message) ?? [];
  return unreadable ?? `${CREDENTIALS[mechanism]}: the brokers refuse them`;
}

/** What a listener without SASL answers to who begins to prove who it is. */
function isIllegalState(error: Error): boolean {
  return 'type' in error && error.type === 'ILLEGAL_SASL_STATE' && error.name === 'KafkaJSProtocolError';
}

const CREDENTIALS = {
  PLAIN: 'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
  'SCRAM-SHA-256': 'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
  'SCRAM-SHA-512': 'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
  OAUTHBEARER: 'KAFKA_SASL_OAUTHBEARER_CLIENT_ID and its tokens',
  AWS_MSK_IAM: 'AWS_REGION and the credentials of AWS',
} as const;

const MAX_CAUSES = 5;

/** An error and its causes, the outermost first. Not by `instanceof`: errors of Node are of another realm under jest. */
function chainOf(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  for (let one = error; isError(one) && chain.length < MAX_CAUSES; one = one.cause) chain.push(one);
  return chain;
}

function isError(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'message' in value;
}
