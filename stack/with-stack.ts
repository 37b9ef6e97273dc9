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
import { StackError } from './errors.ts';
import { setUp } from './set-up.ts';
import { Answers } from './story-answers.ts';
import { tableHead, tableRow } from './story-table.ts';
import { tellStory, type Step, type Story } from './story.ts';
import { startUserDomainStandIn } from './user-domain-stand-in.ts';
import { startWorker } from './worker-process.ts';
import type { Stack } from './stack.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ENV_FILE = join(ROOT, '.cache', 'env');
/** The first answer includes the worker's start. */
const ANSWER_LIMIT_MS = 30_000;

type Ending = () => Promise<unknown>;

/** Sets it up, starts the worker and the story, and ends everything. @returns the exit code */
export async function withStack(stack: Stack, once: boolean, started: number): Promise<number> {
  const stop = new AbortController();
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('interrupted'));
  });
  /** Servers outlive who uses them. */
  const ending: { readonly users: Ending[]; readonly servers: Ending[] } = { users: [], servers: [() => stack.stop()] };
  const run = async (): Promise<'done'> => {
    const standIn = await startUserDomainStandIn();
    ending.servers.push(() => standIn.stop());
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
    ending.users.push(() => worker.stop());
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
    ending.users.push(
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
    ending.users.push(async () => rmSync(ENV_FILE, { force: true }));
    console.log(invitation(story));
    await Promise.race([worker.failure, following]);
    return 'done';
  };
  const running = run();
  const failure = Promise.race([...stack.brokers, stack.registry, stack.postgres].map((server) => server.failure()));
  failure.catch((error: unknown) => {
    if (stop.signal.aborted || !(error instanceof StackError)) return;
    // To end all the others takes a while.
    console.error(`\n${error.headline}. Stopping ...`);
  });
  try {
    const how = await Promise.race([running, interrupted, failure]);
    if (how === 'interrupted') console.log('\nStopping ...');
    return how === 'interrupted' && once ? 130 : 0;
  } finally {
    running.catch(() => undefined); // failures while everything ends are no news
    stop.abort();
    await Promise.all(ending.users.map((end) => end()));
    await Promise.all(ending.servers.map((end) => end()));
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
  await sender.prepare(type);
  const composed = sender.compose(type, data(), { source: 'story' });
  await sender.send(composed);
  return composed.sent.id;
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
