import fc from 'fast-check';
import { Collector } from '../../../clients/typescript/src/answers.ts';

const SENT = { id: 'sign-up-1', type: 'licensing.commands.CreateTenant' } as const;

test('an answer is whole when all its parts have come, in whatever order and however often, and stands in their order', async () => {
  const parts = fc
    .integer({ min: 1, max: 8 })
    .chain((count) =>
      fc.tuple(fc.constant(count), fc.shuffledSubarray([...Array(count).keys()], { minLength: count }), fc.nat(count)),
    );
  await fc.assert(
    fc.asyncProperty(parts, async ([count, order, again]) => {
      const collector = new Collector(SENT);
      for (const index of [...order.slice(0, -1), ...order.slice(0, -1).slice(0, again)]) add(collector, index, count);
      expect(collector.outcome).toBeUndefined();
      expect(collector.received).toEqual(count === 1 ? undefined : { count: count - 1, of: count });
      for (const index of order.slice(-1)) add(collector, index, count);
      expect(collector.outcome).toBe('done');
      expect(await collector.answer).toEqual({
        ...SENT,
        outcome: 'done',
        events: Array.from({ length: count }, (_, i) => ({ id: `event ${i}`, type: 'an event', data: { i } })),
      });
    }),
  );
});

test('a rejection is the whole answer', async () => {
  const collector = new Collector(SENT);
  const rejection = { code: 'TenantNotFound' };
  collector.add(headers(0, 1), 'licensing.rejections.CommandRejected', rejection);
  expect(await collector.answer).toEqual({ ...SENT, outcome: 'rejected', rejection });
});

test('a dead letter tells why', async () => {
  const collector = new Collector(SENT);
  collector.addDeadLetter({ 'dlq-reason': Buffer.from('IdReused'), 'dlq-message': 'the id is that of another' });
  expect(collector.outcome).toBe('dead-letter');
  expect(await collector.answer).toEqual({
    ...SENT,
    outcome: 'dead-letter',
    reason: 'IdReused',
    message: 'the id is that of another',
  });
});

function add(collector: Collector, index: number, count: number): void {
  collector.add(headers(index, count), 'an event', { i: index });
}

function headers(index: number, count: number): Record<string, Buffer> {
  return {
    ce_id: Buffer.from(`event ${index}`),
    ce_answerindex: Buffer.from(String(index)),
    ce_answercount: Buffer.from(String(count)),
  };
}
