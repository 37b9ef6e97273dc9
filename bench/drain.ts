import type { Stack } from '../stack/stack.ts';
import { inParts } from './load.ts';
import { stop, World, type Cpu } from './world.ts';

/** Who drains: the worker, or what it is held against (see the head of each file). */
export const CONTENDERS = {
  worker: ['src/main.ts', 'worker'],
  floor: ['bench/floor.ts'],
  baseline: ['bench/baseline.ts'],
} as const;

export type ContenderName = keyof typeof CONTENDERS;

export interface DrainSettings {
  readonly contender: ContenderName;
  readonly commands: number;
  readonly tenants: number;
  readonly subdivisions: number;
  readonly partitions: number;
}

export interface DrainResult {
  readonly contender: ContenderName;
  readonly commands: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly cpu: Cpu;
  /** Of the worker, microseconds. */
  readonly cpuPerCommand: number;
}

/** A backlog of statistic rows, then the contender: from its first fetch to the last event on the topic and its offsets committed. */
export async function drain(stack: Stack, settings: DrainSettings): Promise<DrainResult> {
  const world = await World.create(stack, { partitions: settings.partitions });
  const { load, cradle } = world;
  const { places, setUp } = load.places(settings.tenants, settings.subdivisions);
  const first = await world.start();
  await cradle.producer.publish(setUp);
  // Each command of the set-up has one event, CreateTenant two.
  const before = setUp.length + settings.tenants;
  await world.drained(before);
  await stop(first);
  const activated = Date.now() + 1;
  for (const part of inParts(load.rows(places, settings.commands, activated), 1_000))
    await cradle.producer.publish(part);

  const contender = await world.start(CONTENDERS[settings.contender]);
  const cpuBefore = await world.cpu(contender.child);
  const end = await world.drained(before + settings.commands);
  const cpuAfter = await world.cpu(contender.child);
  await stop(contender);
  await checkRows(world, settings.commands);
  await world.close();

  const seconds = (end - contender.startedAt) / 1_000;
  const cpu = {
    worker: cpuAfter.worker - cpuBefore.worker,
    database: cpuAfter.database - cpuBefore.database,
    broker: cpuAfter.broker - cpuBefore.broker,
  };
  return {
    contender: settings.contender,
    commands: settings.commands,
    seconds,
    perSecond: settings.commands / seconds,
    cpu,
    cpuPerCommand: (cpu.worker / settings.commands) * 1e6,
  };
}

/** What a fast but wrong worker would not survive. */
async function checkRows({ database }: World, commands: number): Promise<void> {
  const [counts] = (
    await database.raw<{ rows: { rows: number; counted: number; used: number; owed: number }[] }>(
      `SELECT (SELECT count(*) FROM statistic_rows) AS rows,
         (SELECT coalesce(sum(count_requests), 0)::bigint FROM statistic_rows WHERE counted) AS counted,
         (SELECT sum(used_requests)::bigint FROM licenses) AS used,
         (SELECT count(*) FROM outbox) AS owed`,
    )
  ).rows;
  if (counts?.rows !== commands || counts.counted !== counts.used || counts.owed !== 0) {
    throw new Error(`the tables are wrong after ${commands} rows: ${JSON.stringify(counts)}`);
  }
}
