import {
  CircuitState,
  ConsecutiveBreaker,
  TimeoutStrategy,
  circuitBreaker,
  handleType,
  isBrokenCircuitError,
  timeout,
} from 'cockatiel';
import type { CircuitBreakerPolicy, TimeoutPolicy } from 'cockatiel';
import { ConfigurationError } from '../ports/errors.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { MalformedAnswer } from '../ports/user-domain-client.ts';
import type { UserDomainClient, UserProfile } from '../ports/user-domain-client.ts';
import { OPEN, type HttpAccess } from './http-access.ts';
import { Outage, Retry, reasonOf } from './retry.ts';
import type { Delays } from './retry.ts';

/** The user domain did not answer, or its answer was neither a profile nor a 404. */
export class UserDomainUnavailable extends Outage {
  override readonly name = 'UserDomainUnavailable';
}

export interface UserDomainClientOptions {
  /** USER_DOMAIN_URL */
  readonly baseUrl: string;
  readonly telemetry: Telemetry;
  readonly access?: HttpAccess;
  /** For one try and its whole answer. Milliseconds; default 2,000. */
  readonly timeout?: number;
  /** Between tries; default 100 ms to 5 s. */
  readonly backoff?: Delays;
  /** The breaker opens after `failures` in a row (default 5), and lets one try through after `halfOpenAfter` ms (default 10,000). */
  readonly breaker?: { readonly failures: number; readonly halfOpenAfter: number };
  /** Called when the breaker opens and when it closes. Half-open counts as open. */
  readonly onBreakerChange?: (open: boolean) => void;
}

const MAX_ANSWER = 64 * 1024;

/** All look-ups share one breaker. While it is open no request is sent, and the look-ups wait. */
export class HttpUserDomainClient implements UserDomainClient {
  readonly #baseUrl: string;
  readonly #access: HttpAccess;
  readonly #retry: Retry;
  readonly #timeout: TimeoutPolicy;
  readonly #breaker: CircuitBreakerPolicy;

  constructor(options: UserDomainClientOptions) {
    const { telemetry, onBreakerChange } = options;
    this.#baseUrl = checkedUrl(options.baseUrl);
    this.#access = options.access ?? OPEN;
    const backoff = options.backoff ?? { initialDelay: 100, maxDelay: 5_000 };
    this.#retry = new Retry({ what: 'user domain', backoff, telemetry });
    this.#timeout = timeout(options.timeout ?? 2_000, TimeoutStrategy.Aggressive);
    const { failures, halfOpenAfter } = options.breaker ?? { failures: 5, halfOpenAfter: 10_000 };
    this.#breaker = circuitBreaker(handleType(Outage), { halfOpenAfter, breaker: new ConsecutiveBreaker(failures) });
    if (onBreakerChange) this.#tell(onBreakerChange);
  }

  async lookUp(userId: string, signal: AbortSignal): Promise<UserProfile | undefined> {
    const body = await this.#retry.untilAnswered(signal, () => this.#throughBreaker(userId, signal));
    return body === undefined ? undefined : profileOf(userId, body);
  }

  async #throughBreaker(userId: string, signal: AbortSignal): Promise<string | undefined> {
    // A half-open breaker would make this look-up wait for the one try that it lets through, without heeding the signal.
    if (this.#breaker.state === CircuitState.HalfOpen) throw this.#open();
    try {
      return await this.#breaker.execute(() => this.#ask(userId, signal));
    } catch (error) {
      throw isBrokenCircuitError(error) ? this.#open() : error;
    }
  }

  /** @returns the body, or undefined for 404 */
  async #ask(userId: string, signal: AbortSignal): Promise<string | undefined> {
    const path = `/users/${encodeURIComponent(userId)}`;
    try {
      const { status, body } = await this.#timeout.execute((context) => this.#get(path, context.signal), signal);
      if (status === 404 || body !== undefined) return body;
      throw new UserDomainUnavailable(`it answered with status ${status}`);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MalformedAnswer) throw error;
      throw new UserDomainUnavailable(`USER_DOMAIN_URL ${this.#baseUrl}: ${reasonOf(error)}`);
    }
  }

  /** @returns the body of a 200 alone. Redirects are not followed; they count as an outage. */
  async #get(path: string, signal: AbortSignal): Promise<{ readonly status: number; readonly body?: string }> {
    const authorization = await this.#access.authorization();
    const headers = { accept: 'application/json', ...(authorization && { authorization }) };
    const response = await this.#access.fetch(this.#baseUrl + path, { headers, redirect: 'manual', signal });
    const { status } = response;
    if (status === 200) return { status, body: await boundedText(response) };
    await response.body?.cancel();
    return { status };
  }

  #open(): UserDomainUnavailable {
    const last = this.#breaker.lastFailure;
    const reason = last && 'error' in last ? `: ${reasonOf(last.error)}` : '';
    return new UserDomainUnavailable(`the circuit breaker is open${reason}`);
  }

  #tell(onBreakerChange: (open: boolean) => void): void {
    let open = false;
    this.#breaker.onStateChange((state) => {
      const isOpen = state !== CircuitState.Closed;
      if (isOpen === open) return;
      open = isOpen;
      onBreakerChange(open);
    });
  }
}

function checkedUrl(baseUrl: string): string {
  const url = URL.parse(baseUrl);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new ConfigurationError('USER_DOMAIN_URL is not an http(s) URL without credentials');
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** Stops reading once an answer is longer than the limit, since it may never end. */
async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (body === null) return '';
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_ANSWER) throw new MalformedAnswer(`the answer is longer than ${MAX_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function profileOf(userId: string, body: string): UserProfile {
  const answer = parsedObject(body);
  if (answer['userId'] !== userId) throw new MalformedAnswer('userId is not the one that was asked for');
  const { superadmin } = answer;
  if (typeof superadmin !== 'boolean') throw new MalformedAnswer('superadmin is not a boolean');
  return { email: textOrNull(answer, 'email'), tgId: tgIdOf(answer), superadmin };
}

function parsedObject(body: string): Readonly<Record<'userId' | 'email' | 'tgId' | 'superadmin', unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new MalformedAnswer('the answer is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new MalformedAnswer('the answer is not a JSON object');
  return { userId: undefined, email: undefined, tgId: undefined, superadmin: undefined, ...value };
}

/** Telegram itself gives its ids as numbers. */
function tgIdOf(answer: Readonly<Record<'tgId', unknown>>): string | null {
  const { tgId } = answer;
  if (typeof tgId !== 'number') return textOrNull(answer, 'tgId');
  if (!Number.isSafeInteger(tgId)) throw new MalformedAnswer('tgId is not an integer up to 2^53');
  return String(tgId);
}

/** Refuses U+0000 and lone surrogates, which the database can't store. */
function textOrNull<F extends string>(answer: Readonly<Record<F, unknown>>, field: F): string | null {
  const value: unknown = answer[field];
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string') throw new MalformedAnswer(`${field} is not a string`);
  if (value.includes('\0') || !value.isWellFormed()) throw new MalformedAnswer(`${field} is not well-formed text`);
  return value;
}
