import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { EXPORTED } from '../../src/ports/tenant-exports.ts';
import { dlqOf, sourcesOf } from '../../src/ports/topics.ts';
import { TABLES } from '../../src/uow/rights.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/privacy.md'), 'utf8');
const { topics } = readConfig({
  KAFKA_BROKERS: '127.0.0.1:9092',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081',
  DATABASE_URL: 'postgres://127.0.0.1/licensing',
});

describe('the page about personal data', () => {
  it('names each table, and no other', () => {
    expect(namesIn('| table')).toEqual([...TABLES].sort());
  });

  it('names each topic, and no other', () => {
    const all = [...Object.values(topics), ...sourcesOf(topics).map(dlqOf)];
    expect(namesIn('| topic')).toEqual(all.sort());
  });

  it('names each kind of record of an export, and no other', () => {
    expect(namesIn('| `kind`')).toEqual([...Object.keys(EXPORTED), 'letter', 'end'].sort());
  });
});

/** What stands in the first column of the table that begins so. */
function namesIn(begin: string): readonly string[] {
  const lines = PAGE.split('\n');
  const first = lines.findIndex((line) => line.startsWith(begin)) + 2;
  const end = lines.findIndex((line, i) => i > first && !line.startsWith('|'));
  return lines
    .slice(first, end)
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
    .sort();
}
