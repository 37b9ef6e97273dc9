import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { checkTlsFiles, readTlsFiles, type TlsFiles } from './tls-files.ts';

export interface Request {
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly redirect?: 'manual';
  readonly signal: AbortSignal;
}

export type Fetch = (url: string, request: Request) => Promise<Response>;

/**
 * Like Node's fetch, which takes neither authorities nor certificates. The files are read once here, and then for each connection.
 * @param prefix of the settings that name the files
 * @throws ConfigurationError
 */
export function fetchWith(files: TlsFiles, prefix: string): Fetch {
  checkTlsFiles(files, prefix);
  const agent = new Agent({ keepAlive: true });
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => connect({ ...options, ...readTlsFiles(files, prefix) }, done);
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const options = { agent, method: method ?? 'GET', headers, signal };
      const request = httpsRequest(url, options, (answer) => resolve(responseOf(answer)));
      request.on('error', reject);
      request.end(body);
    });
}

/** Rejects when the answer has a status that no response may have: thrown in a listener, that error would end the process. */
async function responseOf(answer: IncomingMessage): Promise<Response> {
  const { statusCode: status = 0, headersDistinct } = answer;
  try {
    const headers = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    );
    if (!NO_BODY.has(status)) return new Response(Readable.toWeb(answer) as ReadableStream, { status, headers });
    answer.resume();
    return new Response(null, { status, headers });
  } catch (error) {
    answer.destroy();
    throw error;
  }
}

/** With one of these, a response may have no body. */
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
