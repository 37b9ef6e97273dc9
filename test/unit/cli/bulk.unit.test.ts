import { BulkReport, lineOutcome } from '../../../src/cli/bulk-report.ts';
import { BulkSender, NotTaken, type ComposedLine } from '../../../src/cli/bulk-sender.ts';
import { barText, Progress } from '../../../src/cli/progress.ts';
import { sendOptionsOf } from '../../../src/cli/send-options.ts';
import { ConfigurationError, PublicationFailed } from '../../../src/ports/errors.ts';
import type { OutgoingMessage } from '../../../src/ports/messages.ts';

describe('the sender of many', () => {
  function line(number: number): ComposedLine {
    const message = { topic: 't', key: Buffer.from('k'), value: Buffer.from(String(number)), headers: Buffer.alloc(0) };
    return { line: number, message };
  }

  /** @param publish what becomes of each send */
  function sender(publish: (messages: readonly OutgoingMessage[]) => Promise<void>) {
    const sent: number[] = [];
    const troubles: string[] = [];
    const producer = { publish, stop: async () => undefined };
    const bulk = new BulkSender(
      { producer, steadyClock: { now: () => 0 } },
      {
        onSending: async () => undefined,
        onSent: (chunk) => sent.push(...chunk.map((one) => one.line)),
        onTrouble: (sentence) => troubles.push(sentence),
      },
    );
    return { bulk, sent, troubles };
  }

  test('keeps the order, one send at a time, however the lines come', async () => {
    const arrived: string[] = [];
    let under = 0;
    const { bulk, sent } = sender(async (messages) => {
      under += 1;
      expect(under).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      arrived.push(...messages.map(({ value }) => String(value)));
      under -= 1;
    });
    const numbers = Array.from({ length: 7_001 }, (_, i) => i + 1);
    for (const number of numbers) {
      await bulk.add(line(number));
      if (number % 700 === 0) bulk.pump();
    }
    await bulk.finish();
    expect([arrived, sent]).toEqual([numbers.map(String), numbers]);
  });

  test('what comes while a send is under way goes when that has arrived, though nothing more comes', async () => {
    const arrival = Promise.withResolvers<undefined>();
    const all = Promise.withResolvers<undefined>();
    let messagesSent = 0;
    const { bulk } = sender(async (messages) => {
      messagesSent += messages.length;
      if (messagesSent === 2) all.resolve(undefined);
      await arrival.promise;
    });
    await bulk.add(line(1));
    bulk.pump();
    await bulk.add(line(2));
    bulk.pump();
    expect(messagesSent).toBeLessThan(2);
    arrival.resolve(undefined);
    await all.promise;
  });

  test('sends again what was not acknowledged, and nothing else', async () => {
    const arrived: string[] = [];
    const { bulk, sent, troubles } = sender(async (messages) => {
      const taken = arrived.length === 0 ? messages.filter((_, i) => i !== 1) : messages;
      arrived.push(...taken.map(({ value }) => String(value)));
      if (taken !== messages) throw new PublicationFailed(taken, new Error('no leader'));
    });
    for (const number of [1, 2, 3]) await bulk.add(line(number));
    await bulk.finish();
    expect([arrived, sent, troubles]).toEqual([['1', '3', '2'], [1, 2, 3], ['no leader; trying again']]);
  });

  test.each([
    [
      'a refusal of the message',
      Object.assign(new Error('too large'), { name: 'KafkaJSProtocolError', retriable: false }),
      NotTaken,
    ],
    ['a refusal of the user', new ConfigurationError('KAFKA_SASL_PASSWORD'), ConfigurationError],
  ])('%s ends it', async (_, error, kind) => {
    const { bulk, sent } = sender(async () => {
      throw error instanceof ConfigurationError ? error : new PublicationFailed([], error);
    });
    await bulk.add(line(1));
    await expect(bulk.finish()).rejects.toThrow(kind);
    expect(sent).toEqual([]);
  });
});

describe('the report', () => {
  const of = (outcome: 'accepted' | 'rejected' | 'dead' | 'handled' | 'late', code?: string) => ({
    ...{ line: 1, id: 'i', type: 't', outcome },
    ...(code !== undefined && { code }),
  });

  test('counts by code, the most frequent first', () => {
    const report = new BulkReport();
    report.sent = 6;
    for (const one of [of('accepted'), of('rejected', 'A'), of('rejected', 'B'), of('rejected', 'B'), of('late')])
      report.count(one);
    expect(report.lines(2, true)).toEqual([
      'sent      6 messages in 2.0 s, 3 a second',
      'accepted  1',
      'rejected  3: B 2, A 1',
      'late      1 without an answer in time: `licensing lag` tells how far the worker is',
    ]);
    expect(report.lines(2, false)).toHaveLength(1);
    expect(JSON.parse(report.json(2, true))).toMatchObject({ sent: 6, accepted: 1, rejected: { A: 1, B: 2 }, late: 1 });
  });

  test.each([
    [[of('accepted')], 0],
    [[of('accepted'), of('rejected', 'A')], 3],
    [[of('rejected', 'A'), of('handled')], 5],
    [[of('late'), of('dead', 'IdReused')], 4],
  ])('the worst outcome is the exit code: %j', (outcomes, code) => {
    const report = new BulkReport();
    for (const one of outcomes) report.count(one);
    expect(report.exitCode).toBe(code);
  });

  test('a rejection is told by code, sentence and field, a letter by reason and message', () => {
    const record = { topic: 't', partition: 0, offset: '0', timestamp: 0, key: null, value: null, headers: {} };
    const line = { line: 3, id: 'i', type: 't' };
    const data = { code: 'InvalidCommand', message: 'Too long.', field: 'name' };
    expect(lineOutcome(line, 'rejected', { ...record, type: 'x', data })).toEqual({
      ...line,
      outcome: 'rejected',
      ...data,
    });
    const headers = { 'dlq-reason': 'IdReused', 'dlq-message': 'Another.' };
    expect(lineOutcome(line, 'dead', { ...record, headers, type: undefined, data: undefined })).toEqual({
      ...{ ...line, outcome: 'dead', code: 'IdReused', message: 'Another.' },
    });
  });
});

describe('progress', () => {
  test('tells share, speed and the time that is left', () => {
    expect(barText({ share: 0.25, sent: 500, open: 7 }, 10)).toBe(
      '[######..................]  25 %  500 sent, 50/s, 7 wait for their answer, 30 s left',
    );
    expect(barText({ share: undefined, sent: 500, open: 0 }, 10)).toBe('500 sent, 50/s');
  });

  test.each([
    [true, ['\r\u001B[K0 sent, 0/s', '\r\u001B[K']],
    [false, []],
  ])('on a terminal: %s', (isTTY, expected) => {
    const written: string[] = [];
    const write = (text: string | Uint8Array): boolean => written.push(String(text)) > 0;
    const progress = new Progress({ isTTY, write }, () => 0);
    progress.show({ share: undefined, sent: 0, open: 0 });
    progress.show({ share: undefined, sent: 1, open: 0 });
    progress.clear();
    expect(written).toEqual(expected);
  });
});

test.each([
  [{ 'from-line': '3' }, /--from-line is for --file/],
  [{ file: 'f', id: 'x' }, /--id is for one message/],
  [{ timeout: '3' }, /--timeout is for --wait/],
  [{ json: true }, /--json is for --wait and --file/],
  [{ wait: true, timeout: '0' }, /--timeout is '0'; expected a whole number from 1 to 86400/],
])('options that do not go together are told: %j', (values, says) => {
  expect(() => sendOptionsOf({ positionals: [], values, environment: {} })).toThrow(says);
});
