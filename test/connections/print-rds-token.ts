import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { iamPasswords } from '../../src/uow/opening/iam.ts';

// `node print-rds-token.ts FOLDER`: prints the password of a connection with DATABASE_IAM aws, by the signer that is installed in the folder.

const SIGNER = '@aws-sdk/rds-signer';
const [, , folder = ''] = process.argv;
const signer = pathToFileURL(createRequire(join(folder, 'here.js')).resolve(SIGNER)).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === SIGNER ? { url: signer, shortCircuit: true } : next(specifier, context),
});
const password = iamPasswords('aws', 'eu-central-1');
process.stdout.write(await password({ host: 'one.rds.example', port: 5_433, user: 'licensing_worker' }));
