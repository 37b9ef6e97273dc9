/** Aborts at Ctrl-C, at SIGTERM, and once nobody reads the output any more: `| head` has seen enough. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  process.stdout.once('error', end);
  return stop.signal;
}

/** @returns whether the work is done; false when the stop came first. @throws what the work does */
export async function unlessStopped(signal: AbortSignal, work: Promise<unknown>): Promise<boolean> {
  const stopped = new Promise<false>((resolve) => {
    signal.addEventListener('abort', () => resolve(false));
  });
  return Promise.race([work.then(() => true), stopped]);
}
