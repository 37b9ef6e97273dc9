import type { Windows } from '../domain/counts.ts';
import type { HandlerDependencies } from '../ports/handlers.ts';

/** What a handler is made with that changes things of the past, or lets time pass: it knows for how long they can still change. */
export class Windowed {
  protected readonly windows: Windows;

  constructor({ windows }: Pick<HandlerDependencies, 'windows'>) {
    this.windows = windows;
  }
}
