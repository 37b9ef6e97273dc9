import { ConfigurationError, DatabaseUnavailable } from '../../ports/errors.ts';
import type { Server } from './opener.ts';

export type Cloud = 'aws' | 'azure' | 'gcp';

/** A password that is a token of the cloud's, made for each connection: it is looked at when a connection begins, and not after. */
type Passwords = (server: Server) => Promise<string>;

/** The part of each library that is used. Each is an optional peer: whoever needs it installs it beside the worker. */
interface Libraries {
  readonly aws: {
    readonly Signer: new (options: {
      readonly hostname: string;
      readonly port: number;
      readonly username: string;
      readonly region: string;
    }) => { getAuthToken(): Promise<string> };
  };
  readonly azure: {
    readonly DefaultAzureCredential: new () => { getToken(scope: string): Promise<{ readonly token: string }> };
  };
  readonly gcp: {
    readonly GoogleAuth: new (options: { readonly scopes: readonly string[] }) => {
      getAccessToken(): Promise<string | null | undefined>;
    };
  };
}

const PACKAGES: Readonly<Record<Cloud, string>> = {
  aws: '@aws-sdk/rds-signer',
  azure: '@azure/identity',
  gcp: 'google-auth-library',
};

/** Azure Database for PostgreSQL, and Cloud SQL: what a token is asked for. */
const AZURE_SCOPE = 'https://ossrdbms-aad.database.windows.net/.default';
const GCP_SCOPE = 'https://www.googleapis.com/auth/sqlservice.login';

/** The libraries renew what they sign with by themselves. @param region of AWS */
export function iamPasswords(cloud: Cloud, region = ''): Passwords {
  const make = makerFor(cloud, region);
  let passwords: Promise<Passwords> | undefined;
  return async (server) => {
    passwords ??= make();
    const password = await passwords;
    try {
      return await password(server);
    } catch (error) {
      // Where the cloud keeps the credentials may be out of reach for a while.
      const reason =
        typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : 'no reason';
      throw new DatabaseUnavailable(`DATABASE_IAM ${cloud}: ${reason}`, { cause: error });
    }
  };
}

function makerFor(cloud: Cloud, region: string): () => Promise<Passwords> {
  switch (cloud) {
    case 'aws':
      return async () => {
        const { Signer } = await library('aws');
        return ({ host, port, user }) => new Signer({ hostname: host, port, username: user, region }).getAuthToken();
      };
    case 'azure':
      return async () => {
        const credential = new (await library('azure')).DefaultAzureCredential();
        return async () => (await credential.getToken(AZURE_SCOPE)).token;
      };
    case 'gcp':
      return async () => {
        const auth = new (await library('gcp')).GoogleAuth({ scopes: [GCP_SCOPE] });
        return async () => (await auth.getAccessToken()) ?? '';
      };
  }
}

/** @throws ConfigurationError when it is not installed */
async function library<C extends Cloud>(cloud: C): Promise<Libraries[C]> {
  const name = PACKAGES[cloud];
  try {
    return (await import(name)) as Libraries[C];
  } catch (cause) {
    throw new ConfigurationError(`DATABASE_IAM ${cloud} needs the package ${name}: \`npm install ${name}\``, { cause });
  }
}
