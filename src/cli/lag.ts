import { setTimeout as sleep } from 'node:timers/promises';
import type { Cradle } from '../container.ts';
import { kafkaPlace } from '../places.ts';
import { ConfigurationError } from '../ports/errors.ts';
import { sourcesOf } from '../ports/topics.ts';
import { lagReport, type LagReport, type Look } from './lag-report.ts';
import { lagJson, lagLines } from './lag-text.ts';
import { openContainer } from './open-container.ts';
import { patiently, reachKafka } from './reachable.ts';
import { configFor } from './settings.ts';
import { stopSignal, unlessStopped } from './stop.ts';
import { TopicReader } from './topic-reader.ts';
import { complain, print, UsageError, type Verb } from './verb.ts';

const LOOK_EVERY_MS = 2_000;
/** Speed is told over this long, in looks: offsets are committed in steps, which would make it jump. */
const LOOKS_BACK = 5;
const CLEAR_SCREEN = '\u001B[2J\u001B[H';

export const lag: Verb = {
  help: `
licensing lag [--follow] [--json]

Shows how far the workers' group has come on the topics that it reads: by partition the committed offset, the end, how many messages
wait between them, and which member holds it. Says when the group is empty, rebalances, or is not there, and when retention has deleted
messages that nobody had handled. Of a partition that nobody leads nothing is known. Commits nothing, and joins no group.

  licensing lag
  licensing lag --follow
  licensing lag --json

  --follow  looks again every ${LOOK_EVERY_MS / 1_000} s, until Ctrl-C, and tells by partition how many messages a second are done and come in, and how
            long it takes until none waits ("never" when no fewer come in than are done)
  --json    one JSON object a look, on one line: time, group, state (stable, rebalancing, empty, dead), lag, members, and of each partition
            topic, partition, begin, end, committed (null: none), lag, deletedUnread, memberId (null: nobody holds it); with --follow, from
            the second look on, donePerSecond, inPerSecond and secondsToZero (null: never), of all and of each partition; leaderless has topic and
            partition of those that nobody leads, which count nowhere else

Needs KAFKA_BROKERS; takes KAFKA_GROUP_ID.`,
  options: { follow: { type: 'boolean' }, json: { type: 'boolean' } },

  async run({ positionals, values, environment }) {
    if (positionals.length > 0) throw new UsageError(`expected options only, got '${positionals.join(' ')}'`);
    const config = configFor(environment, ['KAFKA_BROKERS']);
    const { cradle } = openContainer(config);
    const stopped = values['follow'] === true ? stopSignal() : undefined;
    const reached = reachKafka(cradle).then(() => new TopicReader(cradle).mustBeThere(sourcesOf(config.topics)));
    if (stopped === undefined) await reached;
    else if (!(await unlessStopped(stopped, reached))) return 0;
    const tell = (report: LagReport): void => {
      const { kafkaGroupId: group } = config;
      if (values['json'] === true) print(lagJson(group, cradle.clock.now(), report));
      else for (const line of lagLines(group, report)) print(line);
    };
    try {
      if (stopped !== undefined) await follow(cradle, stopped, tell);
      else tell(lagReport(await look(cradle)));
    } finally {
      await cradle.consumerGroup.stop();
    }
    return 0;
  },
};

type Needs = Pick<Cradle, 'config' | 'consumerGroup' | 'steadyClock' | 'topics'>;

async function look({ config, consumerGroup, steadyClock, topics }: Needs): Promise<Look> {
  return patiently(kafkaPlace(config), async () => {
    const group = await consumerGroup.describe();
    const { partitions: progress, leaderless } = await consumerGroup.progress(sourcesOf(topics));
    return { at: steadyClock.now(), group, progress, leaderless };
  });
}

async function follow(cradle: Needs, stopped: AbortSignal, tell: (report: LagReport) => void): Promise<void> {
  let looks: readonly Look[] = [];
  while (!stopped.aborted) {
    try {
      const now = await look(cradle);
      const [before] = looks;
      looks = [...looks.slice(1 - LOOKS_BACK), now];
      if (process.stdout.isTTY) process.stdout.write(CLEAR_SCREEN);
      tell(lagReport(now, before));
    } catch (error) {
      // An outage is what this is looked at for: it goes on. What no waiting mends ends it.
      if (error instanceof ConfigurationError) throw error;
      complain(`licensing lag: ${error instanceof Error ? error.message : String(error)}`);
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: stopped }).catch(() => undefined); // aborted
  }
}
