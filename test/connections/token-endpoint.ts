import { generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { freePort } from '../../stack/ports.ts';
import type { Issued } from './authority.ts';

const HOST = '127.0.0.1';
const SECOND = 1_000;
export const ISSUER = 'connections';

/** A token endpoint (RFC 6749, client credentials) that signs its tokens, and tells the key by which they are checked (`/jwks`). */
export class TokenEndpoint {
  /** By the client's id. */
  readonly secrets = new Map<string, string>();
  /** For how long tokens hold that are issued from now on. Seconds. */
  life = 3_600;
  /** What a token is told to hold for; undefined: as long as it does. */
  told: number | undefined;
  /** To whom tokens are addressed. */
  audience = 'connections';
  /** Requests for tokens get no answer. */
  hangs = false;
  issued = 0;
  /** http; the keys are there, also where tokens are issued by https. */
  readonly keysUrl: string;
  readonly url: string;
  private readonly pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  private readonly keyId = randomUUID();
  private readonly servers: readonly { close(): unknown; closeAllConnections(): void }[];

  private constructor(ports: readonly [number, number], certificate: Issued) {
    const answer = (request: IncomingMessage, response: ServerResponse): void => void this.answer(request, response);
    const files = { cert: readFileSync(certificate.certificate), key: readFileSync(certificate.key) };
    this.servers = [createHttp(answer).listen(ports[0], HOST), createHttps(files, answer).listen(ports[1], HOST)];
    this.keysUrl = `http://${HOST}:${ports[0]}/jwks`;
    this.url = `https://${HOST}:${ports[1]}/token`;
  }

  static async start(certificate: Issued): Promise<TokenEndpoint> {
    return new TokenEndpoint([await freePort(), await freePort()], certificate);
  }

  /** A token for that user, which nobody has asked for. */
  tokenOf(subject: string, life = this.life): string {
    const now = Math.floor(Date.now() / SECOND);
    const claims = {
      iss: ISSUER,
      sub: subject,
      aud: this.audience,
      iat: now + Math.min(0, life),
      exp: now + life,
    };
    const head = encoded({ alg: 'RS256', typ: 'JWT', kid: this.keyId });
    const signed = `${head}.${encoded({ ...claims, scope: 'licensing', jti: randomUUID() })}`;
    return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), this.pair.privateKey).toString('base64url')}`;
  }

  /** Whether it is a token of this endpoint that holds now. */
  holds(token: string): boolean {
    const [head = '', claims = '', signature = ''] = token.split('.');
    const signed = Buffer.from(`${head}.${claims}`);
    if (!verify('RSA-SHA256', signed, this.pair.publicKey, Buffer.from(signature, 'base64url'))) return false;
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly exp: number };
    return Date.now() < exp * SECOND;
  }

  stop(): void {
    for (const server of this.servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const say = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === '/jwks') {
      const key = this.pair.publicKey.export({ format: 'jwk' });
      say(200, { keys: [{ ...key, kid: this.keyId, use: 'sig', alg: 'RS256' }] });
      return;
    }
    if (this.hangs) return;
    let body = '';
    for await (const piece of request) body += String(piece);
    const [, basic = ''] = (request.headers.authorization ?? '').split(' ');
    const [client = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent);
    if (this.secrets.get(client) !== secret) say(401, { error: 'invalid_client' });
    else if (new URLSearchParams(body).get('scope') === 'forbidden') say(400, { error: 'invalid_scope' });
    else {
      this.issued += 1;
      say(200, { access_token: this.tokenOf(client), token_type: 'Bearer', expires_in: this.told ?? this.life });
    }
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
