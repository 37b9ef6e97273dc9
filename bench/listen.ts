// Notes when each event arrives at a consumer that fetches every event as soon as it is there.
import { readConfig } from '../src/config.ts';
import { createContainer } from '../src/container.ts';
import { clock, orderOf, tell } from './child.ts';
import { numberOf } from './ledger.ts';

export interface ListenOrder {
  readonly prefix: string;
  readonly first: number;
  readonly count: number;
}

export interface Heard {
  /** Arrival times by `clock`, in the order of the commands' numbers from `first` on. */
  readonly arrived: Float64Array;
}

const { prefix, first, count } = await orderOf<ListenOrder>();
const config = readConfig(process.env);
const { kafka } = createContainer({ config }).cradle;
const topic = config.topics.events;
const consumer = kafka.consumer({ groupId: `${topic}-listen-${first}`, minBytes: 1, maxWaitTimeInMs: 500 });
const arrived = new Float64Array(count);
let missing = count;

await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
const { promise: all, resolve: done } = Promise.withResolvers<undefined>();
await consumer.run({
  autoCommit: false,
  partitionsConsumedConcurrently: 16,
  eachBatch: async ({ batch: { messages } }) => {
    const now = clock();
    for (const { headers } of messages) {
      const number = (numberOf(prefix, String(headers?.['ce_causationid'])) ?? -1) - first;
      if (number < 0 || number >= count || arrived[number] !== 0) continue;
      arrived[number] = now;
      missing -= 1;
    }
    if (missing === 0) done(undefined);
  },
});
await tell({ ready: true });
await all;
await consumer.disconnect();
await tell({ arrived } satisfies Heard);
process.exit(0);
