import type { Cradle } from '../container.ts';
import { AnswerReader, type Known } from './answer-reader.ts';
import { isFinal } from './bulk-sender.ts';
import { toJson, toLine } from './message-text.ts';
import type { SendableName } from './message-types.ts';
import { Unreachable } from './reachable.ts';
import { callAgain, explainCall, type Sending } from './send-again.ts';
import { Sender, type Composed, type Sent } from './sender.ts';
import { complain, print } from './verb.ts';

export interface OneOptions extends Sending {
  readonly id: string | undefined;
}

/** Exit codes: 0 accepted, 3 rejected, 4 dead letter, 5 no answer. */
const EXIT_CODES: Readonly<Record<Known<unknown>['outcome'], number>> = {
  accepted: 0,
  rejected: 3,
  dead: 4,
  handled: 5,
  late: 5,
};

/** Sends one message, and prints it. A Ctrl-C ends the waiting, for Kafka or for the answer. @returns the exit code */
export async function sendOne(
  cradle: Cradle,
  type: SendableName,
  given: unknown,
  options: OneOptions,
): Promise<number> {
  const sender = new Sender(cradle);
  await sender.prepare(type);
  const { source, correlationId, key } = options;
  const composed = sender.compose(type, given, {
    ...{ source, id: options.id ?? cradle.newId(), madeUp: options.id === undefined },
    ...(correlationId !== undefined && { correlationId }),
    ...(key !== undefined && { key }),
  });
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    if (options.wait) return await sendAndWait(cradle, sender, composed, options, stop.signal);
    if (!(await arrives(sender, composed, options, stop.signal))) return 1;
    tell(composed.sent);
    return 0;
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
    await cradle.producer.stop();
  }
}

async function sendAndWait(
  cradle: Cradle,
  sender: Sender,
  composed: Composed,
  options: OneOptions,
  signal: AbortSignal,
): Promise<number> {
  const { sent } = composed;
  const known = Promise.withResolvers<Known<undefined>>();
  const answers = new AnswerReader<undefined>(cradle, {
    sources: [sent.topic],
    timeout: options.timeout,
    onKnown: known.resolve,
  });
  try {
    await answers.start();
    answers.expect(options.source, sent.id, undefined);
    if (!(await arrives(sender, composed, options, signal))) return 1;
    answers.sent();
    if (!options.json) tell(sent);
    try {
      await answers.until(0, signal);
      return await tellAnswer(cradle, answers, await known.promise, { ...options, id: sent.id });
    } catch (error) {
      complain(`licensing send: it has arrived; \`${explainCall(options.source, sent.id)}\` tells what became of it`);
      throw error;
    }
  } finally {
    await answers.stop();
  }
}

class Stopped extends Error {
  override readonly name = 'Stopped';
}

/**
 * Tells it when nobody knows: before anything else is asked of the brokers, which may not answer.
 * @returns whether it is known to have arrived. @throws Stopped, ConfigurationError, or Unreachable with a refusal, for a message that has not
 */
async function arrives(sender: Sender, composed: Composed, options: Sending, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) throw new Stopped('stopped; nothing was sent');
  const stopped = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => stopped.reject(new Stopped('stopped')));
  try {
    await Promise.race([sender.send(composed), stopped.promise]);
    return true;
  } catch (error) {
    if (!(error instanceof Unreachable || error instanceof Stopped) || isFinal(error)) throw error;
    complain(`licensing send: ${error.message}`);
    linesOn(composed.sent).forEach(complain);
    complain('It is not known to have arrived, but may have. Go on with this call: under its id it takes effect once');
    complain(callAgain(composed.sent, options));
    return false;
  }
}

function tell(sent: Sent): void {
  print(`sent  ${sent.type}`);
  print(`to    ${sent.topic}, key ${sent.key}`);
  linesOn(sent).forEach(print);
}

function linesOn({ id, data }: Sent): readonly string[] {
  return [`id    ${id}`, `data  ${JSON.stringify(data)}`];
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
  const hint = sentenceOn(outcome, timeout / 1_000, explainCall(source, id));
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
