import { errorCodeOf, NO_SUBJECT, NO_VERSION, parsed, type RegistryRequests } from './registry-requests.ts';

/** The versions of a subject in the registry. Each request is tried once. */
export class SubjectVersions {
  readonly #http: RegistryRequests;

  constructor(http: RegistryRequests) {
    this.#http = http;
  }

  /** @returns undefined when the subject, or this version of it, is not there */
  async one(
    subject: string,
    version: number | 'latest',
    signal?: AbortSignal,
  ): Promise<{ readonly id: number; readonly schema: string } | undefined> {
    const answer = await this.#http.ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/${version}`, {
      absent: [NO_SUBJECT, NO_VERSION],
      ...(signal && { signal }),
    });
    return answer && { id: this.#http.number(answer, 'id'), schema: this.#http.text(answer, 'schema') };
  }

  /** @returns their numbers, ascending */
  async all(subject: string, signal?: AbortSignal): Promise<readonly number[]> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    const { status, text } = await this.#http.request('GET', path, { ...(signal && { signal }) });
    const found = parsed(text);
    if (status === 200 && Array.isArray(found)) return found.map(Number).sort((a, b) => a - b);
    if (status === 404 && [NO_SUBJECT, NO_VERSION].includes(errorCodeOf(found))) return [];
    throw this.#http.unusable('GET', path, status, text);
  }
}
