// Sends statistic rows at a steady rate. Every few milliseconds it sends the rows that are due, without waiting for earlier sends. It notes
// when each command was handed to the producer.
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../src/config.ts';
import { subjectsOf } from '../src/adapters/subjects.ts';
import { createContainer } from '../src/container.ts';
import { clock, orderOf, tell } from './child.ts';
import { idOf } from './ledger.ts';
import { Load, type Place } from './load.ts';

/** One rate after the other. */
export interface SendOrder {
  readonly places: readonly Place[];
  readonly prefix: string;
  /** Number of the first command. */
  readonly first: number;
  readonly parts: readonly { readonly rate: number; readonly seconds: number }[];
  /** Between two of them. */
  readonly pauseSeconds: number;
}

export interface Sent {
  /** Times by `clock`, in the order of the commands' numbers from `first` on. */
  readonly handedOver: Float64Array;
}

const TICK_MS = 4;
/** Rows are dated a little ahead, so that no two rows of a place have the same millisecond, whatever the rate. */
const AHEAD_MS = 60_000;

const order = await orderOf<SendOrder>();
const config = readConfig(process.env);
const { cradle } = createContainer({ config });
await cradle.codec.prepareWriters(subjectsOf(config.topics), AbortSignal.timeout(30_000));
await cradle.producer.publish([]); // connects
const load = new Load(cradle);
const total = order.parts.reduce((sum, { rate, seconds }) => sum + rate * seconds, 0);
const handedOver = new Float64Array(total);
const from = Date.now() + AHEAD_MS;
const sends = new Set<Promise<void>>();
let number = 0;

await tell({ ready: true });
for (const [i, { rate, seconds }] of order.parts.entries()) {
  if (i > 0) await sleep(order.pauseSeconds * 1_000);
  const begun = performance.now();
  const before = number;
  while (number - before < rate * seconds) {
    const due = Math.min(rate * seconds, Math.floor(((performance.now() - begun) / 1_000) * rate));
    const messages = [];
    const start = number;
    for (; number < before + due; number += 1) {
      const place = order.places[number % order.places.length]!;
      const created = from + Math.floor(number / order.places.length);
      messages.push(load.row(place, created, idOf(order.prefix, order.first + number)));
    }
    if (messages.length > 0) {
      handedOver.fill(clock(), start, number);
      const send = cradle.producer.publish(messages);
      sends.add(send);
      // The promise of a failed send stays in the set, so the run fails at its end.
      send.then(() => sends.delete(send)).catch(() => undefined);
    }
    await sleep(TICK_MS);
  }
}
await Promise.all(sends);
await tell({ handedOver } satisfies Sent);
process.exit(0);
