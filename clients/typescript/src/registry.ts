import { RegistryRefused, RegistryUnavailable } from './errors.ts';

export interface RegistryOptions {
  /** Of a registry with Confluent's API; of several, the next one is asked when one does not answer. */
  readonly url: string | readonly string[];
  /** Called for each request, so that a token may change: `() => ({ authorization: 'Bearer ...' })`. */
  readonly headers?: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** Milliseconds a request; default 5,000. */
  readonly timeoutMs?: number;
}

export interface RegisteredSchema {
  readonly id: number;
  readonly schema: string;
}

/** Reads schemas. It never registers any. */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #urls: readonly string[];

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#urls = [options.url].flat().map((url) => url.replace(/\/+$/, ''));
  }

  /** @throws RegistryRefused, RegistryUnavailable */
  async latest(subject: string): Promise<RegisteredSchema> {
    const answer = await this.#get(`/subjects/${encodeURIComponent(subject)}/versions/latest`);
    const { id, schema } = answer;
    if (typeof id !== 'number' || typeof schema !== 'string') {
      throw new RegistryRefused(`the registry's answer about ${subject} holds no schema`);
    }
    return { id, schema };
  }

  /** @throws RegistryRefused, RegistryUnavailable */
  async byId(id: number): Promise<string> {
    const { schema } = await this.#get(`/schemas/ids/${id}`);
    if (typeof schema !== 'string') throw new RegistryRefused(`the registry's answer about schema ${id} holds none`);
    return schema;
  }

  async #get(path: string): Promise<Readonly<Record<string, unknown>>> {
    let failure: unknown;
    for (const url of this.#urls) {
      try {
        return await this.#ask(url + path);
      } catch (error) {
        if (error instanceof RegistryRefused) throw error;
        failure = error;
      }
    }
    throw new RegistryUnavailable(`the registry could not be asked for ${path}`, { cause: failure });
  }

  async #ask(url: string): Promise<Readonly<Record<string, unknown>>> {
    const { headers, timeoutMs = 5_000 } = this.#options;
    const response = await fetch(url, { headers: (await headers?.()) ?? {}, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    if (response.status >= 500 || response.status === 429) throw new Error(`it answered with ${response.status}`);
    if (!response.ok) throw new RegistryRefused(`${url} answered with ${response.status}: ${text.slice(0, 200)}`);
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? { ...answer } : {};
  }
}
