import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { download, run } from '../../stack/downloads.ts';
import { tell } from '../clients/clients.ts';

// MSK's IAM as far as the signed token: the official signer is installed beside the worker, not into it, and nothing of AWS is asked.

const CACHE = join(import.meta.dirname, '..', '..', '.cache');
const SIGNER = 'aws-msk-iam-sasl-signer-js@1.0.3';
const WITHIN_MS = 300_000;

test(
  'the token is a request for kafka-cluster:Connect, signed with the credentials of the environment',
  async () => {
    const folder = await download(CACHE, tell, {
      what: `${SIGNER} from npm`,
      cacheName: SIGNER.replace('@', '-'),
      fetch: (directory, logFile) =>
        run(
          'npm',
          ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', directory, SIGNER],
          logFile,
        ),
    });
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, 'print-msk-token.ts'), folder],
      {
        env: {
          PATH: process.env['PATH'],
          AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
          AWS_SECRET_ACCESS_KEY: 'an example',
          AWS_SESSION_TOKEN: 'of a role',
        },
      },
    );
    const [, token = ''] = /auth=Bearer ([\w-]+)/.exec(stdout) ?? [];
    const url = new URL(Buffer.from(token, 'base64url').toString());
    expect(url.host).toBe('kafka.eu-central-1.amazonaws.com');
    const parameters = Object.fromEntries(url.searchParams);
    expect(parameters).toMatchObject({
      Action: 'kafka-cluster:Connect',
      'X-Amz-Security-Token': 'of a role',
      'X-Amz-Expires': '900',
      'X-Amz-Credential': expect.stringMatching(/^AKIAEXAMPLE\/\d{8}\/eu-central-1\/kafka-cluster\/aws4_request$/),
      'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  },
  WITHIN_MS,
);
