import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configFor } from '../../src/cli/settings.ts';

test('a verb runs without the settings that it does not need', () => {
  expect(configFor({ KAFKA_BROKERS: 'kafka:9092', DATABASE_URL: '' }, ['KAFKA_BROKERS'])).toMatchObject({
    kafkaBrokers: ['kafka:9092'],
  });
  expect(() => configFor({}, ['KAFKA_BROKERS'])).toThrow(/^KAFKA_BROKERS is not set/);
});

test('a verb runs where a setting that it does not need stands in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'licensing-verb-'));
  try {
    const DATABASE_URL_FILE = join(folder, 'url');
    writeFileSync(DATABASE_URL_FILE, 'postgres://database/licensing');
    const config = configFor({ KAFKA_BROKERS: 'kafka:9092', DATABASE_URL_FILE }, ['KAFKA_BROKERS']);
    expect(config.databaseUrl()).toMatchObject({ hosts: [{ host: 'database' }], database: 'licensing' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
