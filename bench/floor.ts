// The floor: what remains of the worker without domain, unit of work, handlers and codec. It is hand-written SQL and stock kafkajs, handles
// AddStatisticRow alone, and is as correct about duplicates and crashes as the worker: inbox, locks, outbox, events before offsets. Each
// partition has a lane; chunk k is published while chunk k+1 is in its transaction.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
// eslint-disable-next-line no-restricted-syntax -- the stock kafkajs is what this measures
import { Kafka, logLevel, type KafkaMessage, type Message } from 'kafkajs';
import { murmur2Partitioner } from '../src/adapters/partitioner.ts';
import { readConfig } from '../src/config.ts';
import { Events, identityOf, type Event } from './event.ts';
import { Tables, type Decision } from './floor-tables.ts';

const CHUNK = 2_000;
/** Messages in one send. kafkajs copies the list of a send for every message in it, so four small sends cost less than a large one. */
const SEND = 500;
/** How much may be queued before the consumer waits. */
const QUEUE = 4 * CHUNK;

const config = readConfig(process.env);
const { topics } = config;
const kafka = new Kafka({ brokers: [...config.kafkaBrokers], logLevel: logLevel.ERROR });
const producer = kafka.producer({ createPartitioner: murmur2Partitioner });
const consumer = kafka.consumer({ groupId: config.kafkaGroupId, maxWaitTimeInMs: 250 });
const events = await Events.create(config);

class Lane {
  readonly queue: KafkaMessage[] = [];
  private readonly partition: number;
  private readonly tables: Tables;
  private readonly id = randomUUID();
  private seq = 0;
  private delivered = 0;
  private deleted = 0;
  private published: Promise<void> = Promise.resolve();

  constructor(partition: number, tables: Tables) {
    this.partition = partition;
    this.tables = tables;
  }

  async run(): Promise<never> {
    for (;;) {
      const chunk = this.queue.splice(0, CHUNK);
      if (chunk.length === 0) {
        await this.idle();
        continue;
      }
      const owed = await this.decide(chunk);
      await this.published;
      this.published = this.publish(owed, chunk.at(-1)?.offset ?? '0');
      this.published.catch(fail);
    }
  }

  /** Runs one transaction in two round trips: one to read, one to write what was decided. */
  private async decide(chunk: readonly KafkaMessage[]): Promise<readonly Event[]> {
    const { tables } = this;
    const commands = chunk.map(({ headers, value }) => ({
      identity: identityOf(String(headers?.['ce_id']), value),
      row: events.read(value),
    }));
    const rows = commands.map(({ row }) => row);
    const [, seen, places, knownOfAll] = await Promise.all([
      tables.begin(),
      tables.unseen(
        commands.map(({ identity }) => identity),
        this.id,
      ),
      tables.lock(rows),
      tables.known(rows),
    ]);
    // A repetition's row exists already, so without the repetitions the rows are asked for again.
    const fresh = seen.size === 0 ? commands : commands.filter(({ identity }) => !seen.has(identity.hash));
    const known = seen.size === 0 ? knownOfAll : await tables.known(fresh.map(({ row }) => row));
    if (known > 0) throw new Error('the floor knows no rejections; the load must not need any');
    const decisions: Decision[] = [];
    const owed = fresh.map(({ row, identity }) => {
      const place = places.get(row.subdivisionId);
      if (place === undefined) throw new Error('the floor knows no rejections; the load must not need any');
      const counted = row.created > place.activated;
      if (counted) place.used += row.countRequests;
      place.version += 1;
      decisions.push({ row, place, counted });
      const { license: licenseId, used: usedRequests, limit: requestsLimit, version } = place;
      return events.write(row, { licenseId, counted, usedRequests, requestsLimit, version }, identity);
    });
    const { delivered } = this;
    await Promise.all([
      tables.write(decisions, [...new Set(decisions.map(({ place }) => place))], this.id),
      tables.owe({
        lane: this.id,
        first: this.seq,
        delivered: { from: this.deleted, to: delivered },
        topic: topics.events,
        events: owed,
      }),
      tables.commit(),
    ]);
    this.deleted = delivered;
    this.seq += owed.length;
    return owed;
  }

  private async publish(owed: readonly Event[], offset: string): Promise<void> {
    await send(owed);
    this.delivered += owed.length;
    await consumer.commitOffsets([
      { topic: topics.commands, partition: this.partition, offset: String(Number(offset) + 1) },
    ]);
  }

  private async idle(): Promise<void> {
    await sleep(2);
    if (this.queue.length === 0) await this.settle();
  }

  /** Deletes published rows from the outbox, when there is no next transaction to do it in. */
  async settle(): Promise<void> {
    await this.published;
    if (this.delivered === this.deleted) return;
    const { delivered } = this;
    await this.tables.deleteDelivered(this.id, this.deleted, delivered);
    this.deleted = delivered;
  }
}

const lanes = new Map<number, Lane>();
await producer.connect();
await (await Tables.connect()).leftovers(send);
await consumer.connect();
await consumer.subscribe({ topics: [topics.commands], fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: false,
  partitionsConsumedConcurrently: 64,
  eachBatch: async ({ batch: { partition, messages }, resolveOffset, heartbeat }) => {
    const lane = await laneOf(partition);
    while (lane.queue.length >= QUEUE) {
      await sleep(5);
      await heartbeat();
    }
    for (const message of messages) lane.queue.push(message);
    const last = messages.at(-1);
    if (last !== undefined) resolveOffset(last.offset);
  },
});
process.stderr.write('the worker works\n');
process.once('SIGTERM', () => void end());

async function send(owed: readonly Message[]): Promise<void> {
  for (let at = 0; at < owed.length; at += SEND) {
    await producer.send({ topic: topics.events, acks: -1, messages: owed.slice(at, at + SEND) });
  }
}

async function end(): Promise<void> {
  await consumer.disconnect();
  for (const lane of lanes.values()) await lane.settle();
  process.exit(0);
}

async function laneOf(partition: number): Promise<Lane> {
  const there = lanes.get(partition);
  if (there) return there;
  const lane = new Lane(partition, await Tables.connect());
  lanes.set(partition, lane);
  lane.run().catch(fail);
  return lane;
}

/** Ends the process after any failure; the next start takes up what is left. */
function fail(error: unknown): void {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}
