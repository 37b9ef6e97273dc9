import { lookup } from 'node:dns/promises';
import { isIP, type NetConnectOpts } from 'node:net';
import type { DatabaseHost } from '../../ports/database-url.ts';

/** One address to try. */
export interface Target {
  /** What the certificate has to be of. */
  readonly host: string;
  readonly isSocket: boolean;
  readonly connect: NetConnectOpts;
  /** For a sentence. */
  readonly place: string;
}

/** Finds the addresses of a name. */
export type AddressesOf = (name: string) => Promise<readonly string[]>;

const resolved: AddressesOf = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

/** All addresses of a host: behind one name may stand several servers, of which one takes writes. @throws what the look-up fails with */
export async function targetsOf(
  { host, address, port = 5_432 }: DatabaseHost,
  addressesOf: AddressesOf = resolved,
): Promise<readonly Target[]> {
  if (host.startsWith('/')) {
    const path = `${host}/.s.PGSQL.${port}`;
    return [{ host, isSocket: true, connect: { path }, place: path }];
  }
  const known = address ?? (isIP(host) === 0 ? undefined : host);
  const addresses = known === undefined ? await addressesOf(host) : [known];
  return addresses.map((one) => ({
    host,
    isSocket: false,
    connect: { host: one, port },
    place: `${one === host ? '' : `${host} `}${one.includes(':') ? `[${one}]` : one}:${port}`,
  }));
}
