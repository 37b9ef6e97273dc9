import { Collector } from '../../../clients/typescript/src/answers.ts';
import { RememberedCommands, type Remembered } from '../../../clients/typescript/src/remembered.ts';

const LIMIT = 10;

let commands: RememberedCommands;

beforeEach(() => {
  commands = new RememberedCommands(LIMIT);
});

test('what somebody waits for is kept, however many there are and however many come and go', () => {
  const awaited = many('awaited', 3 * LIMIT);
  for (const [id, command] of awaited) commands.hold(id, command);
  sendAndLeave(many('other', 5 * LIMIT));
  expect(awaited.map(([id]) => commands.get(id))).toEqual(awaited.map(([, command]) => command));
});

test('of what nobody waits for, the latest are kept, and fewer than twice as many', () => {
  const idle = many('idle', 7 * LIMIT + 3);
  for (const [index, one] of idle.entries()) {
    sendAndLeave([one]);
    const seen = idle.slice(0, index + 1);
    const kept = seen.filter(([id]) => commands.get(id) !== undefined);
    expect(kept).toEqual(seen.slice(-kept.length));
    expect(kept.length).toBeGreaterThanOrEqual(Math.min(seen.length, LIMIT));
    expect(kept.length).toBeLessThan(2 * LIMIT);
  }
});

test('one for which two wait is kept until both have left, and begins to age then', () => {
  const [id, command] = sent('shared');
  sendAndLeave([[id, command]]);
  commands.hold(id, command);
  commands.hold(id, command);
  commands.release(id, command);
  sendAndLeave(many('other', 5 * LIMIT));
  expect(commands.get(id)).toBe(command);
  commands.release(id, command);
  sendAndLeave(many('later', LIMIT - 1));
  expect(commands.get(id)).toBe(command);
  sendAndLeave(many('latest', LIMIT + 1));
  expect(commands.get(id)).toBeUndefined();
});

test('one that is sent again in the place of a dead letter is kept, also when those leave who waited for the letter', () => {
  const [id, letter] = sent('mended');
  const [, mended] = sent('mended');
  commands.hold(id, letter);
  commands.hold(id, mended);
  commands.release(id, letter);
  sendAndLeave(many('other', 5 * LIMIT));
  expect(commands.get(id)).toBe(mended);
});

type Sent = readonly [string, Remembered];

function many(name: string, count: number): readonly Sent[] {
  return Array.from({ length: count }, (_, i) => sent(`${name} ${i}`));
}

function sent(id: string): Sent {
  return [id, { value: Buffer.from(id), collector: new Collector({ id, type: 'licensing.commands.DeleteTenant' }) }];
}

function sendAndLeave(all: readonly Sent[]): void {
  for (const [id, command] of all) {
    commands.hold(id, command);
    commands.release(id, command);
  }
}
