import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ConfigurationError } from '../../ports/errors.ts';
import type { TlsParameters } from './parameters.ts';
import type { Target } from './targets.ts';
import { tlsOptionsOf, type Way } from './tls.ts';

/** Where PostgreSQL's protocol begins: its length and the code that asks for TLS. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Opens a connection to one address, and begins TLS on it. Whoever gets it closes it. Throws what Node does, or ConfigurationError. */
export async function openSocket(target: Target, tls: TlsParameters, way: Way, signal: AbortSignal): Promise<Socket> {
  const socket = connect(target.connect);
  try {
    await once(socket, 'connect', { signal });
    socket.setNoDelay(true);
    if (way === 'plain') return socket;
    if (!tls.direct && !(await offersTls(socket, target.place, signal))) {
      if (way === 'tls if offered') return socket;
      throw new ConfigurationError(`DATABASE_URL: ${target.place} does not support TLS (sslmode)`);
    }
    return await handshake(socket, target, tls, signal);
  } catch (error) {
    socket.on('error', () => undefined); // of what is given up
    socket.destroy();
    throw error;
  }
}

async function offersTls(socket: Socket, place: string, signal: AbortSignal): Promise<boolean> {
  socket.write(SSL_REQUEST);
  const answer = await firstBytes(socket, signal);
  // One byte, and nothing behind it: what came with it would pass for a part of the encrypted stream.
  if (answer.length === 1 && answer[0] === OFFERED) return true;
  if (answer.length === 1 && answer[0] === NOT_OFFERED) return false;
  if (answer[0] === ERROR)
    throw Object.assign(new Error(`${place} answers TLS with an error`), { code: 'ERR_TLS_REFUSED' });
  throw new ConfigurationError(`DATABASE_URL: what listens at ${place} does not speak PostgreSQL's protocol`);
}

const OFFERED = 'S'.charCodeAt(0);
const NOT_OFFERED = 'N'.charCodeAt(0);
/** Of a server so old that it does not know the request, or of something in between. */
const ERROR = 'E'.charCodeAt(0);

/** Rejects when the connection ends before. */
async function firstBytes(socket: Socket, signal: AbortSignal): Promise<Buffer> {
  const closed = once(socket, 'close', { signal }).then(() => {
    throw new Error('the server closed the connection');
  });
  const [bytes] = (await Promise.race([once(socket, 'data', { signal }), closed])) as [Buffer];
  return bytes;
}

async function handshake(socket: Socket, { host }: Target, tls: TlsParameters, signal: AbortSignal): Promise<Socket> {
  const secure = connectTls({
    socket,
    host,
    ...tlsOptionsOf(tls),
    // An address is no name: the server is not told it, and Node checks the certificate against `host`.
    ...(isIP(host) === 0 && tls.sendsName && { servername: host }),
    ...(tls.direct && { ALPNProtocols: ['postgresql'] }),
  });
  try {
    await once(secure, 'secureConnect', { signal });
    return secure;
  } catch (error) {
    secure.on('error', () => undefined); // of what is given up
    secure.destroy();
    throw error;
  }
}
