import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Partitioners } from 'kafkajs';
import type { Kafka, Message, Producer } from 'kafkajs';
import { Collector, headerOf, type Answer, type CommandData, type CommandWord, type Sent } from './answers.ts';
import { Closed, InvalidCommandData, NotSent, RegistryRefused, UnreadableRecord } from './errors.ts';
import { Follower, type FollowedRecord } from './follower.ts';
import { Frames } from './frames.ts';
import type { CommandName } from './messages.ts';
import { kafkaOf, type ConnectionOptions } from './options.ts';
import { Registry } from './registry.ts';
import { RememberedCommands, type Remembered } from './remembered.ts';

export interface LicensingClientOptions extends ConnectionOptions {
  /** `ce_source`: the name of your service, always the same. */
  readonly source: string;
  /** Where the worker was given names of its own. `deadLetters` default: that of the commands, and `.dlq`. */
  readonly topics?: Partial<Readonly<Record<'commands' | 'events' | 'rejections' | 'deadLetters', string>>>;
  /** Whether to read the dead letters, too: a command that becomes one is told at once, and not `unanswered`. Default: true. */
  readonly readDeadLetters?: boolean;
  /** Of a send that names none; milliseconds, default 30,000. */
  readonly deadlineMs?: number;
}

export interface SendOptions {
  /** `ce_id`, up to 256 characters, unique within your source. Choose and keep it before the first try; default: a new UUID. */
  readonly id?: string;
  readonly correlationId?: string;
  readonly traceparent?: string;
  /** How long to wait for the whole answer, in milliseconds. */
  readonly deadlineMs?: number;
}

/** Of the commands on which nobody waits, also those unanswered: their answer may come, and they may be sent again. */
const REMEMBERED = 10_000;
const PAUSE_MS = 200;
const WATCH_MS = 5_000;

/**
 * Sends commands and waits for their answers. One for a whole service: all who wait share one reader. It remembers every command that
 * somebody waits for: how many are in flight at once is for the caller to bound.
 */
export class LicensingClient {
  readonly #options: LicensingClientOptions;
  readonly #topics: Readonly<Record<'commands' | 'events' | 'rejections' | 'deadLetters', string>>;
  readonly #kafka: Kafka;
  readonly #frames: Frames;
  readonly #follower: Follower;
  readonly #commands = new RememberedCommands(REMEMBERED);
  readonly #closing = new AbortController();
  #following: Promise<void> | undefined;
  #producer: Promise<Producer> | undefined;

  constructor(options: LicensingClientOptions) {
    const { topicPrefix = '', topics = {}, source, onProblem } = options;
    this.#options = options;
    const commands = topics.commands ?? `${topicPrefix}licensing.commands.v1`;
    this.#topics = {
      commands,
      events: topics.events ?? `${topicPrefix}licensing.events.v1`,
      rejections: topics.rejections ?? `${topicPrefix}licensing.rejections.v1`,
      deadLetters: topics.deadLetters ?? `${commands}.dlq`,
    };
    this.#kafka = kafkaOf(options);
    this.#frames = new Frames(new Registry(options.registry));
    const { events, rejections, deadLetters } = this.#topics;
    this.#follower = new Follower(this.#kafka, {
      topics: [events, rejections, ...((options.readDeadLetters ?? true) ? [deadLetters] : [])],
      from: 'end',
      groupPrefix: options.groupPrefix ?? `${source}-licensing-answers-`,
      probeIntervalMs: WATCH_MS,
      onRecord: (record) => this.#take(record),
      onCaughtUp: () => undefined,
      onAnew: () => undefined,
      onProblem: (problem) => onProblem?.(problem),
    });
  }

  /** Settles from where on answers are read. The first `send` does it, too; done beforehand, that is faster. @throws what kafkajs throws */
  async connect(): Promise<void> {
    await Promise.all([this.#follow(), this.#connectedProducer()]);
  }

  /**
   * Sends a command, again and again with the same bytes until the brokers have confirmed it, and waits for everything that comes of it.
   * @throws InvalidCommandData, NotSent, Closed; and what kafkajs throws when the brokers refuse the command for good
   */
  async send<Word extends CommandWord>(
    command: Word,
    data: NoInfer<CommandData<Word>>,
    { id = randomUUID(), correlationId, traceparent, deadlineMs }: SendOptions = {},
  ): Promise<Answer> {
    const type = fullName(command);
    const sent: Sent = { id, type };
    const late = AbortSignal.timeout(deadlineMs ?? this.#options.deadlineMs ?? 30_000);
    const signal = AbortSignal.any([late, this.#closing.signal]);
    const value = await this.#prepared(type, data, signal);
    const remembered = this.#rememberedOf(sent, value);
    if (remembered.collector.outcome !== undefined) return remembered.collector.answer;
    const headers = {
      ce_specversion: '1.0',
      ce_id: id,
      ce_type: type,
      ce_source: this.#options.source,
      ce_time: new Date().toISOString(),
      ...(correlationId !== undefined && { ce_correlationid: correlationId }),
      ...(traceparent !== undefined && { traceparent }),
      'content-type': 'application/avro',
    };
    this.#commands.hold(id, remembered);
    try {
      return await this.#answered(remembered.collector, sent, { key: keyOf(data), value, headers }, signal);
    } finally {
      this.#commands.release(id, remembered);
    }
  }

  /** Ends what waits, with `Closed`. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#follower.close();
    await this.#producer?.then((producer) => producer.disconnect()).catch(() => undefined); // not connected
  }

  async #answered(collector: Collector, sent: Sent, message: Message, signal: AbortSignal): Promise<Answer> {
    let acknowledged = false;
    let cause: unknown;
    const ended = Promise.withResolvers<undefined>();
    const end = (): void => ended.resolve(undefined);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    const sending = this.#publish(message, signal, (problem) => (cause = problem)).then((done) => {
      acknowledged = done;
    });
    // An answer may come before the confirmation, or without one.
    const refused = Promise.withResolvers<never>();
    sending.catch(refused.reject);
    try {
      const answer = await Promise.race([collector.answer, ended.promise, refused.promise]);
      if (answer !== undefined) return answer;
    } finally {
      signal.removeEventListener('abort', end);
    }
    if (this.#closing.signal.aborted) throw new Closed('the client was closed while this waited');
    const { received } = collector;
    return { ...sent, outcome: 'unanswered', acknowledged, received, ...(cause !== undefined && { cause }) };
  }

  /** @returns the command's bytes, once answers to it can't be missed. @throws InvalidCommandData, NotSent, Closed */
  async #prepared(type: CommandName, data: object, signal: AbortSignal): Promise<Buffer> {
    for (;;) {
      try {
        const [value] = await Promise.all([
          this.#frames.encode(`${this.#topics.commands}-${type}`, data),
          this.#follow(),
        ]);
        return value;
      } catch (problem) {
        if (problem instanceof InvalidCommandData) throw problem;
        if (problem instanceof RegistryRefused || isFinal(problem)) {
          throw new NotSent(`${type} was not sent`, { cause: problem });
        }
        this.#options.onProblem?.(problem);
        await pause(signal);
        if (this.#closing.signal.aborted) throw new Closed('the client is closed');
        if (signal.aborted) throw new NotSent(`${type} was not sent before its deadline`, { cause: problem });
      }
    }
  }

  /** @throws InvalidCommandData for an id that has stood for something else */
  #rememberedOf(sent: Sent, value: Buffer): Remembered {
    const known = this.#commands.get(sent.id);
    // What is a dead letter may be mended and sent again under its id.
    if (known === undefined || known.collector.outcome === 'dead-letter') {
      return { value, collector: new Collector(sent) };
    }
    if (!known.value.equals(value)) throw new InvalidCommandData(`${sent.id} is the id of another command`);
    return known;
  }

  /** @returns whether it was confirmed; false when the signal came first. @throws what kafkajs throws when it is of no use to try again */
  async #publish(message: Message, signal: AbortSignal, onProblem: (problem: unknown) => void): Promise<boolean> {
    while (!signal.aborted) {
      const connecting = this.#connectedProducer();
      try {
        await (await connecting).send({ topic: this.#topics.commands, acks: -1, messages: [message] });
        return true;
      } catch (problem) {
        if (isFinal(problem)) throw problem;
        onProblem(problem);
        this.#options.onProblem?.(problem);
        // kafkajs may cling to a connection on which nobody answers.
        if (this.#producer === connecting) this.#producer = undefined;
        void connecting.then((producer) => producer.disconnect()).catch(() => undefined);
        await pause(signal);
      }
    }
    return false;
  }

  #connectedProducer(): Promise<Producer> {
    return (this.#producer ??= this.#connectProducer());
  }

  async #connectProducer(): Promise<Producer> {
    const producer = this.#kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
    });
    await producer.connect();
    return producer;
  }

  async #follow(): Promise<void> {
    if (this.#closing.signal.aborted) throw new Closed('the client is closed');
    const following = (this.#following ??= this.#follower.start());
    try {
      await following;
    } catch (error) {
      if (this.#following === following) this.#following = undefined;
      throw error;
    }
  }

  #take({ topic, value, headers }: FollowedRecord): void | Promise<void> {
    const isLetter = topic === this.#topics.deadLetters;
    const id = headerOf(headers, isLetter ? 'ce_id' : 'ce_causationid');
    const source = headerOf(headers, isLetter ? 'ce_source' : 'ce_causationsource');
    const command = id === undefined || source !== this.#options.source ? undefined : this.#commands.get(id);
    if (command === undefined) return;
    if (isLetter) command.collector.addDeadLetter(headers);
    else if (value !== null) return this.#add(command.collector, value, headers);
  }

  async #add(collector: Collector, value: Buffer, headers: FollowedRecord['headers']): Promise<void> {
    if (!this.#frames.isPrepared(value)) await this.#frames.prepare(value);
    try {
      const { type, data } = this.#frames.decode(value);
      collector.add(headers, type, data);
    } catch (problem) {
      if (!(problem instanceof UnreadableRecord)) throw problem;
      this.#options.onProblem?.(problem);
    }
  }
}

function fullName(command: CommandWord): CommandName {
  // What is neither a full name nor a short one is refused by the registry, which has no such subject.
  return (command.includes('.') ? command : `licensing.commands.${command}`) as CommandName;
}

/** Lower case: the same tenant must not end up in two partitions. */
function keyOf(data: { readonly tenantId?: string; readonly userId?: string }): string {
  return (data.tenantId ?? data.userId ?? '').toLowerCase();
}

/** Whether trying again is of no use: a refusal, such as that of a user without the right to write. */
function isFinal(problem: unknown): boolean {
  if (!(problem instanceof Error)) return false;
  if (problem.cause instanceof Error) return isFinal(problem.cause);
  return problem.name === 'KafkaJSProtocolError' && 'retriable' in problem && problem.retriable === false;
}

async function pause(signal: AbortSignal): Promise<void> {
  await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined); // aborted
}
