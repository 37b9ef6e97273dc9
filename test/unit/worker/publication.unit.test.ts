import { ConfigurationError, PublicationFailed } from '../../../src/ports/errors.ts';
import type { OutgoingMessage } from '../../../src/ports/messages.ts';
import type { Producer } from '../../../src/ports/producer.ts';
import { publishByTopic, publishUntilDone } from '../../../src/worker/outbox/publication.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

const [EVENTS, LETTERS, REJECTIONS] = ['events', 'letters', 'rejections'];

describe('a publication', () => {
  it('that nothing stands in the way of is one send', async () => {
    const broker = new Broker();
    await until(broker, events(3).concat(message(LETTERS, 'x')));
    expect(broker.sends).toEqual([['0', '1', '2', 'x']]);
  });

  it('of which one topic takes nothing sends the others once more at the most, however long that lasts', async () => {
    const broker = new Broker();
    broker.refuse(LETTERS, 5);
    await until(broker, [message(EVENTS, '0'), message(LETTERS, 'x'), message(EVENTS, '1'), message(REJECTIONS, 'r')]);
    expect(broker.tried(LETTERS)).toHaveLength(6);
    expect(broker.tried(EVENTS)).toEqual(['0', '1', '0', '1']);
    expect(broker.tried(REJECTIONS)).toEqual(['r', 'r']);
    expect(broker.sends.at(-1)).toEqual(['x']);
  });

  it('goes on behind what is acknowledged, in order', async () => {
    const broker = new Broker(2);
    broker.refuseAfter(2);
    await until(broker, events(6));
    expect(broker.sends).toEqual([
      ['0', '1'],
      ['2', '3'],
      ['2', '3'],
      ['4', '5'],
    ]);
  });

  it('of which nothing is known is repeated as a whole', async () => {
    const broker = new Broker();
    broker.failures.push(new Error('no broker'), new Error('no broker'));
    await until(broker, events(2));
    expect(broker.sends).toEqual([
      ['0', '1'],
      ['0', '1'],
      ['0', '1'],
    ]);
  });

  it('that waiting does not mend ends at once', async () => {
    const broker = new Broker();
    broker.failures.push(new ConfigurationError('no such user'));
    await expect(until(broker, events(2))).rejects.toThrow('no such user');
    expect(broker.sends).toHaveLength(1);
  });

  it('of nothing sends nothing', async () => {
    const broker = new Broker();
    await until(broker, []);
    await publishByTopic([], broker);
    expect(broker.sends).toEqual([]);
  });

  it('by topic tells what all topics have acknowledged', async () => {
    const broker = new Broker(1);
    broker.refuse(LETTERS, 9);
    const [first, letter, second] = [message(EVENTS, '0'), message(LETTERS, 'x'), message(EVENTS, '1')];
    const failure: unknown = await publishByTopic([first, letter, second], broker).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PublicationFailed);
    expect(failure).toMatchObject({ message: 'letters takes nothing', acknowledged: [first, second] });
  });
});

/** Takes so many messages in one part, as the real producer does, and notes the parts that it was asked to take. */
class Broker implements Producer {
  readonly sends: (readonly string[])[] = [];
  /** What the next calls end with, before anything is sent. */
  readonly failures: Error[] = [];
  private readonly messages: OutgoingMessage[] = [];
  private readonly refusals = new Map<string, number>();
  private readonly partSize: number;
  private failingAfter: number | undefined;

  constructor(partSize = 1_000) {
    this.partSize = partSize;
  }

  refuse(topic: string, times: number): void {
    this.refusals.set(topic, times);
  }

  /** Fails once, behind the first so many messages. */
  refuseAfter(count: number): void {
    this.failingAfter = count;
  }

  tried(topic: string): readonly string[] {
    return this.messages.filter((one) => one.topic === topic).map(textOf);
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    for (let at = 0; at < messages.length; at += this.partSize) {
      const part = messages.slice(at, at + this.partSize);
      this.sends.push(part.map(textOf));
      this.messages.push(...part);
      const failure = this.failures.shift();
      if (failure !== undefined) throw failure;
      const topic = part.map((one) => one.topic).find((name) => (this.refusals.get(name) ?? 0) > 0);
      if (topic !== undefined) {
        this.refusals.set(topic, (this.refusals.get(topic) ?? 0) - 1);
        throw new PublicationFailed(messages.slice(0, at), new Error(`${topic} takes nothing`));
      }
      if (this.failingAfter === at) {
        this.failingAfter = undefined;
        throw new PublicationFailed(messages.slice(0, at), new Error('cut'));
      }
    }
  }
}

async function until(broker: Producer, messages: readonly OutgoingMessage[]): Promise<void> {
  await publishUntilDone(messages, broker, silentTelemetry(), AbortSignal.timeout(20_000));
}

function events(count: number): OutgoingMessage[] {
  return Array.from({ length: count }, (_, i) => message(EVENTS, String(i)));
}

function message(topic: string, text: string): OutgoingMessage {
  return { topic, key: null, value: Buffer.from(text), headers: Buffer.from([0]) };
}

function textOf({ value }: OutgoingMessage): string {
  return String(value);
}
