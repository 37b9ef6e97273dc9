import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * A helper process beside the measured one. It gets one order, says when it is ready, and ends with an answer. Typed arrays are passed
 * as they are.
 */
export async function startChild<Answer>(
  file: 'send.ts' | 'listen.ts' | 'read-entitlements.ts',
  environment: NodeJS.ProcessEnv,
  order: object,
): Promise<{ readonly answer: Promise<Answer> }> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    env: { ...process.env, ...environment, LOG_LEVEL: 'fatal' },
    execArgv: [],
    serialization: 'advanced',
  });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  let answered = false;
  const failed = once(child, 'exit').then(() => {
    process.removeListener('exit', kill);
    if (!answered) throw new Error(`${file} ended before it had answered`);
  });
  failed.catch(() => undefined); // whoever waits for the answer gets the failure
  child.send(order);
  await Promise.race([once(child, 'message'), failed]);
  const answer = Promise.race([
    once(child, 'message').then(([message]: unknown[]) => {
      answered = true;
      return message as Answer;
    }),
    failed as Promise<never>,
  ]);
  answer.catch(() => undefined);
  return { answer };
}

/** To be called in the helper process: takes the order and sends the answer. */
export async function orderOf<Order>(): Promise<Order> {
  const [order] = (await once(process, 'message')) as [Order];
  return order;
}

export function tell(message: object): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, {}, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Milliseconds, with fractions, of a clock that is the same for all processes of the machine and is never set. */
export function clock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
