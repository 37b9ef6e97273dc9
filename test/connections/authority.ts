import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgresAccount } from '../../stack/postgres-account.ts';

/** PEM files, by their paths. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
  /** Both in one file, as Kafka takes them. */
  readonly both: string;
}

/** Signs certificates, by `openssl`. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), 'licensing-authority-'));
  /** Its own certificate. */
  readonly ca = join(this.folder, 'ca.pem');
  private readonly caKey = join(this.folder, 'ca.key');
  private count = 0;

  constructor() {
    chmodSync(this.folder, 0o755); // PostgreSQL's user has to get in
    this.openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-keyout',
      this.caKey,
      '-out',
      this.ca,
      ...named('the authority'),
      ...DAYS,
    );
  }

  /** @param name the common name, which Kafka takes for the user; @param days negative: the certificate has ended */
  issue(name: string, { hosts = ['IP:127.0.0.1', 'DNS:localhost'], days = 2 } = {}): Issued {
    this.count += 1;
    const at = (ending: string): string => join(this.folder, `${this.count}-${name}.${ending}`);
    const [key, certificate, both, request, extension] = [at('key'), at('pem'), at('both.pem'), at('csr'), at('ext')];
    writeFileSync(extension, `subjectAltName=${hosts.join(',')}\n`);
    this.openssl('req', ...NEW_KEY, '-keyout', key, '-out', request, ...named(name));
    const signed = [
      '-CA',
      this.ca,
      '-CAkey',
      this.caKey,
      '-CAcreateserial',
      '-extfile',
      extension,
      '-days',
      String(days),
    ];
    this.openssl('x509', '-req', '-in', request, '-out', certificate, ...signed);
    writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'));
    return { key, certificate, both };
  }

  /** A copy of a key that PostgreSQL's server takes: its own user's, and nobody else may read it. */
  keyOfPostgres(key: string): string {
    const copy = `${key}.postgres`;
    copyFileSync(key, copy);
    const { uid, gid } = postgresAccount();
    if (uid !== undefined && gid !== undefined) chownSync(copy, uid, gid);
    chmodSync(copy, 0o600);
    return copy;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  private openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const DAYS = ['-days', '2'];

function named(name: string): readonly string[] {
  return ['-subj', `/CN=${name}`];
}
