import type { Cradle } from '../container.ts';
import { AnswerReader, type Known } from './answer-reader.ts';
import { toJson, toLine } from './message-text.ts';
import type { SendableName } from './message-types.ts';
import type { SendOptions } from './send-options.ts';
import { Sender, type Sent } from './sender.ts';
import { complain, print } from './verb.ts';

export interface OneOptions extends SendOptions {
  readonly id: string | undefined;
  readonly key: string | undefined;
}

/** Exit codes: 0 accepted, 3 rejected, 4 dead letter, 5 no answer. */
const EXIT_CODES: Readonly<Record<Known<unknown>['outcome'], number>> = {
  accepted: 0,
  rejected: 3,
  dead: 4,
  handled: 5,
  late: 5,
};

/** Sends one message, and prints it. @returns the exit code */
export async function sendOne(
  cradle: Cradle,
  type: SendableName,
  given: unknown,
  options: OneOptions,
): Promise<number> {
  const sender = new Sender(cradle);
  const id = options.id ?? cradle.newId();
  const { source, correlationId, key } = options;
  const send = async (): Promise<Sent> =>
    sender.send(type, given, {
      ...{ source, id, madeUp: options.id === undefined },
      ...(correlationId !== undefined && { correlationId }),
      ...(key !== undefined && { key }),
    });
  try {
    if (!options.wait) {
      tell(await send());
      return 0;
    }
    const known = Promise.withResolvers<Known<undefined>>();
    const answers = new AnswerReader<undefined>(cradle, {
      sources: [sender.topicOf(type)],
      timeout: options.timeout,
      onKnown: known.resolve,
    });
    const stop = new AbortController();
    const end = (): void => stop.abort();
    process.once('SIGINT', end).once('SIGTERM', end);
    try {
      await answers.start();
      answers.expect(source, id, undefined);
      const sent = await send();
      answers.sent();
      if (!options.json) tell(sent);
      await answers.until(0, stop.signal);
      return await tellAnswer(cradle, answers, await known.promise, { ...options, id });
    } finally {
      await answers.stop();
    }
  } finally {
    await cradle.producer.stop();
  }
}

function tell({ type, topic, key, id, data }: Sent): void {
  print(`sent  ${type}`);
  print(`to    ${topic}, key ${key}`);
  print(`id    ${id}`);
  print(`data  ${JSON.stringify(data)}`);
}

async function tellAnswer(
  { topics }: Pick<Cradle, 'topics'>,
  answers: Pick<AnswerReader<undefined>, 'read'>,
  { outcome, records }: Known<undefined>,
  { source, id, json, timeout }: OneOptions & { readonly id: string },
): Promise<number> {
  for (const record of records) {
    const message = await answers.read(record);
    print(json ? toJson(message) : toLine(message, topics));
  }
  const hint = sentenceOn(outcome, timeout / 1_000, `licensing explain --source ${source} --id ${id}`);
  if (hint !== undefined) complain(`licensing send: ${hint}`);
  return EXIT_CODES[outcome];
}

function sentenceOn(outcome: Known<unknown>['outcome'], seconds: number, explain: string): string | undefined {
  switch (outcome) {
    case 'dead':
      return 'it is a dead letter; `licensing dlq list` tells its number, docs/operations.md what to do with each reason';
    case 'handled':
      return (
        'the worker has handled it, and does not answer: it has answered a message with this id before, or this one changes nothing; ' +
        `\`${explain}\` tells what became of it`
      );
    case 'late':
      return `no answer within ${seconds} s; \`licensing lag\` tells how far the worker is, \`${explain}\` later what became of it`;
    default:
      return undefined;
  }
}
