import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pointsIn, type Point } from './metrics.ts';

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface OtlpReceiver extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly requests: readonly Received[];
  /** The status that requests are answered with; 200 at first. */
  status: number;
  /** The points of the last export of metrics, if there was one. */
  readonly points: readonly Point[];
  /** Resolves with what `found` returns as soon as that is defined; it is asked at once and after each request. */
  until<T>(found: (receiver: OtlpReceiver) => T | undefined): Promise<T>;
}

/** Takes what is exported by OTLP over HTTP, on a port of the loopback, which is free unless it is given. */
export async function otlpReceiver(port = 0): Promise<OtlpReceiver> {
  const requests: Received[] = [];
  const heard = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(receiver.status, { 'content-type': 'application/x-protobuf' }).end();
      for (const hear of heard) hear();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    status: 200,
    get points() {
      const last = requests.findLast(({ path }) => path === '/v1/metrics');
      return last === undefined ? [] : pointsIn(last.body);
    },
    until: (found) =>
      new Promise((resolve, reject) => {
        const hear = (): void => {
          try {
            const value = found(receiver);
            if (value === undefined) return;
            heard.delete(hear);
            resolve(value);
          } catch (error) {
            heard.delete(hear);
            reject(new Error('what was received is not what was asked for', { cause: error }));
          }
        };
        heard.add(hear);
        hear();
      }),
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return receiver;
}
