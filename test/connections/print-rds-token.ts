import { iamPasswords } from '../../src/uow/opening/iam.ts';
import { importFromArgument } from './beside-the-worker.ts';

// `node print-rds-token.ts FOLDER`: prints the password of a connection with DATABASE_IAM aws, by the signer that is installed in the folder.

importFromArgument('@aws-sdk/rds-signer');
const password = iamPasswords('aws', 'eu-central-1');
process.stdout.write(await password({ host: 'one.rds.example', port: 5_433, user: 'licensing_worker' }));
