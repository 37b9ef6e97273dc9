import type { Mechanism } from 'kafkajs';

export interface Token {
  readonly value: string;
  /** What goes to the broker beside it. */
  readonly extensions?: Readonly<Record<string, string>>;
}

export interface Tokens {
  get(): Promise<Token>;
  /** A broker has refused this token. */
  refused(value: string): void;
}

const SEPARATOR = '\u0001';
const LENGTH_BYTES = 4;

/**
 * SASL OAUTHBEARER (RFC 7628) for kafkajs. Its own takes every answer for a yes: a broker says no by a challenge, which the client has to
 * answer before the broker ends the exchange. The token is told to be refused, so that the next connection has a new one; and the first
 * refusal after a success is tried again by kafkajs, since the token may only have been too old.
 */
export function oauthBearer(tokens: Tokens): Mechanism {
  let wasRefused = false;
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }) => ({
      authenticate: async () => {
        const { value, extensions = {} } = await tokens.get();
        try {
          const challenge = await saslAuthenticate({ request: initial(value, extensions), response: BYTES });
          if (challenge !== undefined && challenge.length > 0) {
            await saslAuthenticate({ request: bytes(SEPARATOR), response: BYTES });
            throw new Refusal(challenge.toString());
          }
          wasRefused = false;
        } catch (error) {
          if (!isRefusal(error)) throw error;
          tokens.refused(value);
          const isFirst = !wasRefused;
          wasRefused = true;
          throw isFirst ? new TokenTooOld(error) : new TokenRefused(error);
        }
      },
    }),
  };
}

/** Source: RFC 7628, section 3.1, and RFC 5801 for what comes before the first separator. */
function initial(token: string, extensions: Readonly<Record<string, string>>): Request {
  const pairs = Object.entries(extensions).map(([name, value]) => `${name}=${value}`);
  return bytes(['n,,', `auth=Bearer ${token}`, ...pairs, '', ''].join(SEPARATOR));
}

interface Request {
  encode(): Buffer;
}

/** As kafkajs hands them on: behind their length. */
function bytes(text: string): Request {
  const content = Buffer.from(text);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeInt32BE(content.length);
  return { encode: () => Buffer.concat([length, content]) };
}

const BYTES = {
  decode: (answer: Buffer): Buffer => answer.subarray(LENGTH_BYTES),
  parse: (answer: Buffer): Buffer => answer,
};

class Refusal extends Error {
  override readonly name = 'Refusal';
}

function isRefusal(error: unknown): error is Error {
  if (error instanceof Refusal) return true;
  return error instanceof Error && 'type' in error && error.type === 'SASL_AUTHENTICATION_FAILED';
}

/** kafkajs takes it for a connection that it has to make anew. */
class TokenTooOld extends Error {
  override readonly name = 'KafkaJSTokenTooOld';
  readonly type = 'ILLEGAL_SASL_STATE';
  readonly retriable = true;

  constructor(cause: Error) {
    super(`the broker refuses the token: ${cause.message}`, { cause });
  }
}

class TokenRefused extends Error {
  override readonly name = 'KafkaJSSASLAuthenticationError';
  readonly retriable = false;

  constructor(cause: Error) {
    super(`SASL OAUTHBEARER authentication failed: ${cause.message}`, { cause });
  }
}
