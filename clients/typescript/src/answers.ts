import type { IHeaders } from 'kafkajs';
import type { CommandName, CommandRejected, Commands, EventName, Events } from './messages.ts';

/** `CreateTenant` or `licensing.commands.CreateTenant`. */
export type CommandWord = CommandName | ShortName<CommandName>;
type ShortName<Name extends string> = Name extends `licensing.commands.${infer Short}` ? Short : never;
export type FullName<Word extends CommandWord> = Word extends CommandName
  ? Word
  : Extract<CommandName, `licensing.commands.${Word}`>;

/** A command's fields. What may be null may be left out, and is null then. */
export type CommandData<Word extends CommandWord> = OrNull<Commands[FullName<Word>]>;
type OrNull<Fields> = Needed<Fields> & Partial<Pick<Fields, NullableKeys<Fields>>>;
type Needed<Fields> = Omit<Fields, NullableKeys<Fields>>;
type NullableKeys<Fields> = { [Key in keyof Fields]: null extends Fields[Key] ? Key : never }[keyof Fields];

/** An event with its headers. A worker that is newer than this client may have types that this client does not list: keep a default branch. */
export type AnswerEvent = { readonly [Name in EventName]: EventOf<Name> }[EventName];
interface EventOf<Name extends EventName> {
  readonly type: Name;
  readonly data: Events[Name];
  /** `ce_id`: the same when it comes again. */
  readonly id: string;
}

/** What was sent. */
export interface Sent {
  /** `ce_id`. Sending the same data under it again takes effect once. */
  readonly id: string;
  readonly type: CommandName;
}

/** Everything that has come of a command. */
export type Answer = Done | Rejected | SetAside | Unanswered;

/** It took effect. */
export interface Done extends Sent {
  readonly outcome: 'done';
  /** All of them, in their order: those of what was due before the command first. */
  readonly events: readonly AnswerEvent[];
}

/** It was refused, and has changed nothing. */
export interface Rejected extends Sent {
  readonly outcome: 'rejected';
  readonly rejection: CommandRejected;
}

/** It is a dead letter. With `HandlerFailed`, `FlushFailed` or `ParkedBehind` its answer comes when it is replayed. */
export interface SetAside extends Sent {
  readonly outcome: 'dead-letter';
  /** Such as `IdReused`; see `dlq-reason` in the contract. */
  readonly reason: string;
  /** A sentence for a person. */
  readonly message: string;
}

/** The deadline is over, and nobody knows yet. It may still take effect. Sending it again under the same id is safe. */
export interface Unanswered extends Sent {
  readonly outcome: 'unanswered';
  /** Whether the brokers have confirmed the command. */
  readonly acknowledged: boolean;
  /** How many events and rejections have come, of how many; undefined: none, so nobody knows of how many. */
  readonly received: { readonly count: number; readonly of: number } | undefined;
  /** What went wrong last while it was sent. */
  readonly cause?: unknown;
}

interface Part {
  readonly type: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Puts together what comes of one command. */
export class Collector {
  readonly #sent: Sent;
  readonly #parts = new Map<number, Part>();
  #count: number | undefined;
  readonly #answered = Promise.withResolvers<Answer>();
  #outcome: Answer['outcome'] | undefined;

  constructor(sent: Sent) {
    this.#sent = sent;
  }

  get answer(): Promise<Answer> {
    return this.#answered.promise;
  }

  /** undefined: not answered yet. */
  get outcome(): Answer['outcome'] | undefined {
    return this.#outcome;
  }

  get received(): Unanswered['received'] {
    return this.#count === undefined ? undefined : { count: this.#parts.size, of: this.#count };
  }

  /** An event or a rejection; a repetition changes nothing. */
  add(headers: IHeaders, type: string, data: Part['data']): void {
    this.#count = Number(headerOf(headers, 'ce_answercount') ?? 1);
    const index = Number(headerOf(headers, 'ce_answerindex') ?? 0);
    this.#parts.set(index, { type, data, id: headerOf(headers, 'ce_id') ?? '' });
    if (this.#parts.size < this.#count) return;
    const parts = [...this.#parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    const rejection = parts.find((part) => part.type === 'licensing.rejections.CommandRejected');
    // The reader has made them of these types; the compiler can't see that.
    this.#end(
      rejection === undefined
        ? { ...this.#sent, outcome: 'done', events: parts as unknown as readonly AnswerEvent[] }
        : { ...this.#sent, outcome: 'rejected', rejection: rejection.data as unknown as CommandRejected },
    );
  }

  addDeadLetter(headers: IHeaders): void {
    const reason = headerOf(headers, 'dlq-reason') ?? '';
    this.#end({ ...this.#sent, outcome: 'dead-letter', reason, message: headerOf(headers, 'dlq-message') ?? '' });
  }

  #end(answer: Answer): void {
    this.#outcome ??= answer.outcome;
    this.#answered.resolve(answer);
  }
}

export function headerOf(headers: IHeaders, name: string): string | undefined {
  const [value] = [headers[name]].flat();
  return value?.toString();
}
