import { toJson, toLine } from '../../src/cli/message-text.ts';
import type { ReadMessage } from '../../src/cli/topic-reader.ts';
import { TOPICS } from '../support/tasks.ts';

const AT = Date.UTC(2027, 2, 1, 14, 26, 33, 661);
const KEY = '10000000-0000-4000-8000-000000000001';

function told(type: string, data: Readonly<Record<string, unknown>>): ReadMessage {
  return { ...{ topic: TOPICS.events, partition: 0, offset: '7' }, ...at, type, data, value: Buffer.from('x') };
}
const at = { timestamp: AT, key: KEY, headers: {} };

test('a line tells what is not null, times as dates and lists in brackets', () => {
  const data = {
    ...{ tenantId: KEY, name: 'Two words', description: '', usedRequests: 80, startsAt: null },
    ...{
      expiresAt: AT,
      usageThresholds: [80, 100],
      noticesBeforeExpiry: [],
      version: 9,
      occurredAt: AT,
      thresholds: [80],
    },
  };
  const line = toLine(told('licensing.events.LicenseThresholdReached', data), TOPICS);
  expect(line.replace(/ {2,}/g, ' | ')).toBe(
    `14:26:33.661 | event | LicenseThresholdReached | ${KEY} | v9 | name="Two words" usedRequests=80 ` +
      'expiresAt=2027-03-01T14:26:33.661Z usageThresholds=[80,100] noticesBeforeExpiry=[] thresholds=[80]',
  );
});

test('JSON tells all of it, as it is', () => {
  const data = { tenantId: KEY, expiresAt: AT, usageThresholds: [80, 100], startsAt: null };
  const message = told('licensing.events.LicenseThresholdReached', data);
  expect(JSON.parse(toJson(message))).toEqual({
    ...{ topic: TOPICS.events, partition: 0, offset: 7, type: 'licensing.events.LicenseThresholdReached' },
    ...{ timestamp: AT, key: KEY, headers: {}, data },
  });
});
