/** Packed bytes that can't be unpacked: they are damaged, or in a form that nobody may send. */
export class UnreadableBytes extends Error {
  override readonly name = 'UnreadableBytes';
}

/** Packed bytes that hold more than was allowed. Nothing beyond the limit was kept. */
export class TooManyBytes extends Error {
  override readonly name = 'TooManyBytes';

  constructor(limit: number) {
    super(`it unpacks to more than ${limit} bytes`);
  }
}
