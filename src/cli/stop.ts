/** Aborts once nobody reads the output any more: `| head` has seen enough. */
export function unreadSignal(): AbortSignal {
  const unread = new AbortController();
  process.stdout.once('error', () => unread.abort());
  return unread.signal;
}

/** The same, and at Ctrl-C and SIGTERM. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  return AbortSignal.any([stop.signal, unreadSignal()]);
}

/** @returns whether the work is done; false when the stop came first. @throws what the work does */
export async function unlessStopped(signal: AbortSignal, work: Promise<unknown>): Promise<boolean> {
  const stopped = new Promise<false>((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener('abort', () => resolve(false), { once: true });
  });
  return Promise.race([work.then(() => true), stopped]);
}
