import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly key: string;
  readonly certificate: string;
  /** The certificate again, for who asks for a file. */
  readonly file: string;
  remove(): void;
}

/** A self-signed certificate of that host, made by `openssl`. */
export function certificateOf(host: string): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'licensing-tls-'));
  const [key, file] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', file];
  const named = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`, '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...made, ...named], { stdio: 'pipe' });
  return {
    key: readFileSync(key, 'utf8'),
    certificate: readFileSync(file, 'utf8'),
    file,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
