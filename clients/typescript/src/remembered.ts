import type { Collector } from './answers.ts';

export interface Remembered {
  /** As it was sent. */
  readonly value: Buffer;
  readonly collector: Collector;
}

/**
 * Commands by `ce_id`: all on which somebody waits, and of the others at least the latest `idleLimit`, and fewer than twice as many.
 * What bounds the memory beyond these is what the caller has in flight.
 */
export class RememberedCommands {
  readonly #idleLimit: number;
  readonly #awaited = new Map<string, { readonly command: Remembered; readonly waiting: number }>();
  /** On which nobody waits, in two generations: the older one is forgotten as a whole, which takes no search for the oldest. */
  #young = new Map<string, Remembered>();
  #old = new Map<string, Remembered>();

  constructor(idleLimit: number) {
    this.#idleLimit = idleLimit;
  }

  get(id: string): Remembered | undefined {
    return this.#awaited.get(id)?.command ?? this.#young.get(id) ?? this.#old.get(id);
  }

  /** Keeps the command, in the place of another one with its id, until each call has its `release`. */
  hold(id: string, command: Remembered): void {
    this.#young.delete(id);
    this.#old.delete(id);
    const held = this.#awaited.get(id);
    this.#awaited.set(id, { command, waiting: held?.command === command ? held.waiting + 1 : 1 });
  }

  release(id: string, command: Remembered): void {
    const held = this.#awaited.get(id);
    if (held?.command !== command) return; // another one took its place
    if (held.waiting > 1) {
      this.#awaited.set(id, { command, waiting: held.waiting - 1 });
      return;
    }
    this.#awaited.delete(id);
    this.#young.set(id, command);
    if (this.#young.size < this.#idleLimit) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
