import { printedWith } from './beside-the-worker.ts';

// MSK's IAM as far as the signed token: the official signer is installed beside the worker, not into it, and nothing of AWS is asked.

const SIGNER = 'aws-msk-iam-sasl-signer-js@1.0.3';
const WITHIN_MS = 300_000;

test(
  'the token is a request for kafka-cluster:Connect, signed with the credentials of the environment',
  async () => {
    const stdout = await printedWith(SIGNER, 'print-msk-token.ts', {
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'an example',
      AWS_SESSION_TOKEN: 'of a role',
    });
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
