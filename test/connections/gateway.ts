import { readFileSync } from 'node:fs';
import { request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { freePort } from '../../stack/ports.ts';
import type { Issued } from './authority.ts';

const HOST = '127.0.0.1';

export interface GatewayOptions {
  /** http: where requests go that may pass. */
  readonly target: string;
  readonly certificate: Issued;
  /** The PEM file of the authority of its clients' certificates; undefined: it asks for none. */
  readonly clients?: string;
}

/** Stands before a service that speaks plain HTTP, as a company's gateway does: TLS, and whatever it asks of its clients. */
export class Gateway {
  readonly url: string;
  /** What is answered instead of the service; undefined: the request may pass. */
  judge: (request: IncomingMessage) => number | undefined = () => undefined;
  /** `METHOD /path` of each request so far. */
  readonly requests: string[] = [];
  private readonly target: URL;
  private readonly server: Server;

  private constructor({ target, certificate, clients }: GatewayOptions, port: number) {
    this.target = new URL(target);
    this.url = `https://${HOST}:${port}${this.target.pathname.replace(/\/$/, '')}`;
    const mutual = clients && { ca: readFileSync(clients), requestCert: true, rejectUnauthorized: true };
    const files = { cert: readFileSync(certificate.certificate), key: readFileSync(certificate.key) };
    this.server = createServer({ ...files, ...mutual }, (request, response) => this.pass(request, response));
    this.server.on('tlsClientError', () => undefined); // the client tells
    this.server.listen(port, HOST);
  }

  static async start(options: GatewayOptions): Promise<Gateway> {
    return new Gateway(options, await freePort());
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private pass(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method} ${request.url}`);
    const status = this.judge(request);
    if (status !== undefined) {
      request.resume();
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error_code: status }));
      return;
    }
    const { method, url: path, headers } = request;
    const { hostname: host, port } = this.target;
    const { authorization: _, ...rest } = headers;
    const onward = send({ host, port, method, path, headers: rest }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }
}

/** Asks for a bearer token. */
export function bearer(holds: (token: string) => boolean): Gateway['judge'] {
  return ({ headers }) => {
    const [, token] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? [];
    return token !== undefined && holds(token) ? undefined : 401;
  };
}
