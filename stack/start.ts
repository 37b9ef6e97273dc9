import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodeHeaders } from '../src/adapters/record-headers.ts';
import { shortName } from '../src/cli/message-types.ts';
import { Sender } from '../src/cli/sender.ts';
import { TopicReader } from '../src/cli/topic-reader.ts';
import { readConfig } from '../src/config.ts';
import { createContainer, type Cradle } from '../src/container.ts';
import { dlqOf, type Topics } from '../src/ports/topics.ts';
import { setUp } from './set-up.ts';
import { startStack, type Stack } from './stack.ts';
import { Answers } from './story-answers.ts';
import { tableHead, tableRow } from './story-table.ts';
import { tellStory, type Step, type Story } from './story.ts';
import { startUserDomainStandIn } from './user-domain-stand-in.ts';
import { startWorker } from './worker-process.ts';

// `npm start [-- --once]`: the stack, the worker and a story through Kafka. See README.md.

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, '.cache');
const ENV_FILE = join(CACHE, 'env');
/** The first answer includes the worker's start. */
const ANSWER_LIMIT_MS = 30_000;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const once = args.includes('--once');
  if (args.some((arg) => arg !== '--once')) {
    console.error('Usage: npm start [-- --once]');
    return 2;
  }
  const started = performance.now();
  try {
    console.log('Starting Kafka, a schema registry and PostgreSQL ...');
    // Until the stack is up, Ctrl-C ends this process at once, and the reaper ends what it has started.
    const stack = await startStack({ dataDir: join(CACHE, 'data'), log: console.log });
    try {
      return await withStack(stack, once, started);
    } catch (error) {
      console.error(
        `\nIt did not work. The logs of Kafka, registry, PostgreSQL and the worker are in ${stack.runDir}.`,
      );
      throw error;
    }
  } catch (error) {
    const known = error instanceof Error && !(error instanceof TypeError || error instanceof ReferenceError);
    console.error(known ? error.message : error);
    return 1;
  }
}

async function withStack(stack: Stack, once: boolean, started: number): Promise<number> {
  const stop = new AbortController();
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('interrupted'));
  });
  const ending: (() => Promise<unknown>)[] = [() => stack.stop()];
  const run = async (): Promise<'done'> => {
    const standIn = await startUserDomainStandIn();
    ending.push(() => standIn.stop());
    const environment = {
      KAFKA_BROKERS: stack.kafkaBrokers,
      SCHEMA_REGISTRY_URL: stack.registryUrl,
      DATABASE_URL: stack.databaseUrl,
      USER_DOMAIN_URL: standIn.url,
    };
    const config = { ...readConfig({ ...process.env, ...environment }), logLevel: 'silent' as const };
    const { cradle } = createContainer({ config });
    console.log('Migrating, registering the schemas, creating the topics ...');
    await setUp(cradle);
    const worker = startWorker(environment, stack.runDir);
    ending.push(() => worker.stop());
    console.log(`The worker runs; its log is ${worker.logFile}\n`);

    const answers = new Answers();
    console.log(tableHead());
    const reader = new TopicReader(cradle);
    const following = reader.follow({
      topics: watched(config.topics),
      from: 'beginning',
      signal: stop.signal,
      onRecord: async (record) => {
        const message = await reader.read(record);
        if (answers.add(message)) console.log(tableRow(message, config.topics));
      },
    });
    following.catch(() => undefined); // raced below
    ending.push(
      () => cradle.producer.stop(),
      () => following.catch(() => undefined),
    );

    const story = tellStory();
    await Promise.race([play(story, cradle, answers, stop.signal), worker.failure, following]);
    stop.signal.throwIfAborted(); // the reader ends without a fault when it is stopped
    console.log(
      `\nThe story came back as told, ${((performance.now() - started) / 1_000).toFixed(1)} s after the start.`,
    );
    if (once) return 'done';
    writeEnvironment(environment);
    ending.push(async () => rmSync(ENV_FILE, { force: true }));
    console.log(invitation(story));
    await Promise.race([worker.failure, following]);
    return 'done';
  };
  const running = run();
  try {
    const how = await Promise.race([running, interrupted]);
    if (how === 'interrupted') console.log('\nStopping ...');
    return how === 'interrupted' && once ? 130 : 0;
  } finally {
    running.catch(() => undefined); // failures while everything ends are no news
    stop.abort();
    for (const end of ending.toReversed()) await end();
  }
}

async function play({ steps }: Story, cradle: Cradle, answers: Answers, signal: AbortSignal): Promise<void> {
  const sender = new Sender(cradle);
  for (const { says, sends, expects, entitles, notBefore } of steps) {
    console.log(`\n${says}`);
    const wait = (notBefore?.() ?? 0) - Date.now();
    if (wait > 0) await sleep(wait, undefined, { signal });
    const id = 'type' in sends ? await sendCommand(sender, sends) : await sendBytes(cradle, sends);
    await answers.expect(id, expects, ANSWER_LIMIT_MS);
    if (entitles !== undefined) await answers.entitled(entitles, ANSWER_LIMIT_MS);
    signal.throwIfAborted();
  }
}

type Sends<Kind> = Extract<Step['sends'], Kind>;

async function sendCommand(sender: Sender, { type, data }: Sends<{ type: unknown }>): Promise<string> {
  const { id } = await sender.send(type, data(), { source: 'story' });
  return id;
}

async function sendBytes({ producer, topics }: Cradle, { key, bytes }: Sends<{ bytes: unknown }>): Promise<string> {
  const id = randomUUID();
  const headers = encodeHeaders([
    ['ce_id', id],
    ['ce_source', 'story'],
    ['ce_correlationid', id],
  ]);
  await producer.publish([{ topic: topics.commands, key: Buffer.from(key), value: Buffer.from(bytes), headers }]);
  return id;
}

function watched({ events, rejections, entitlements, commands, users, userLookUps }: Topics): readonly string[] {
  return [events, rejections, entitlements, dlqOf(commands), dlqOf(users), dlqOf(userLookUps)];
}

/** Writes the file that `. .cache/env` reads in a second terminal. */
function writeEnvironment(environment: Readonly<Record<string, string>>): void {
  const lines = Object.entries(environment).map(([name, value]) => `export ${name}='${value}'\n`);
  writeFileSync(ENV_FILE, lines.join(''), { mode: 0o600 });
}

function invitation({ next: { type, data } }: Story): string {
  return `
Now you. In a second terminal:

  cd ${ROOT.replace(/\/$/, '')}
  . .cache/env
  npm run -s licensing -- send ${shortName(type)} '${JSON.stringify(data)}'

What follows from it is shown here; \`npm run -s licensing -- --help\` tells what else there is. Ctrl-C ends everything.
`;
}
