import type { Position } from '../ports/messages.ts';
import type { DeadLetter, Outcome, Seen, UnitMessage } from '../ports/unit-of-work.ts';
import { storableTime } from '../repos/tables/sql.ts';
import type { InboxEntry, Store } from '../repos/tables/store.ts';

/** What there is to know of a letter when its message comes again. */
interface KnownLetter {
  readonly position: Position;
  readonly parks: boolean;
}

/** What was handled before, by whom, and how what is handled now ends. */
export class Inbox {
  private readonly first = new Map<string, UnitMessage>();
  private readonly before = new Map<string, InboxEntry>();
  private readonly settled = new Map<string, Outcome>();
  /** Of identities whose outcome is, or was, `dead`. */
  private readonly letters = new Map<string, KnownLetter[]>();
  /** By identity, the message that was handled although one before it had ended as a letter. */
  private readonly anew = new Map<string, UnitMessage>();
  /** Whether any identity of this unit comes more than once. */
  private repeats = false;

  /** @returns whether no key has to be looked up: nothing at all is parked */
  async claim(store: Store, messages: readonly UnitMessage[], lane: string): Promise<boolean> {
    for (const message of messages) {
      if (!this.first.has(message.identity.hash)) this.first.set(message.identity.hash, message);
    }
    const sorted = [...this.first.values()].sort((a, b) => (a.identity.hash < b.identity.hash ? -1 : 1));
    const { before, calm } = await store.inbox.claim(sorted, lane);
    this.repeats = before.length > 0 || this.first.size < messages.length;
    for (const entry of before) this.before.set(entry.hash, entry);
    // The dead ones are looked at again, under their locks.
    await this.renew(
      store,
      before.filter(({ outcome }) => outcome !== 'dead'),
      messages,
    );
    return calm;
  }

  /**
   * Which messages were only ever letters, and which: what is sent again may be handled after all. Letters are locked before identities,
   * and both after the keys, as a replay does it: of both only one takes effect. What another lane has made of it meanwhile is seen.
   */
  async lookAgain(store: Store, messages: readonly UnitMessage[]): Promise<void> {
    const dead = [...this.before.values()].filter(({ outcome }) => outcome === 'dead').map(({ hash }) => hash);
    if (dead.length === 0) return;
    dead.sort();
    await store.deadLetters.ofIdentities(dead, { lock: true });
    const held = await store.inbox.hold(dead);
    for (const entry of held) this.before.set(entry.hash, entry);
    // Once more: whoever was waited for may have made another letter.
    for (const { hash, ...letter } of await store.deadLetters.ofIdentities(dead, { lock: false })) {
      this.know(hash, letter);
    }
    await this.renew(store, held, messages);
  }

  /** Whether it is, as far as can be told before the work, one that was not handled before. */
  mayBeHandled(message: UnitMessage): boolean {
    return (this.before.get(message.identity.hash)?.outcome ?? 'dead') === 'dead';
  }

  /** The same without the later copies of a message in one chunk: hardly ever is one of them handled, and then it reads for itself. */
  isExpected(message: UnitMessage): boolean {
    const { hash } = message.identity;
    const before = this.before.get(hash);
    return before === undefined ? this.first.get(hash) === message : before.outcome === 'dead';
  }

  entry(message: UnitMessage): InboxEntry | undefined {
    return this.before.get(message.identity.hash);
  }

  seen(message: UnitMessage): Seen | undefined {
    const { hash } = message.identity;
    const before = this.before.get(hash);
    const first = this.first.get(hash);
    if (before === undefined && (first === undefined || first === message)) return undefined;
    const outcome = this.settled.get(hash) ?? before?.outcome ?? 'accepted';
    if (outcome === 'dead' && this.isSentAgain(message)) return undefined;
    const digest = this.anew.get(hash)?.digest ?? before?.digest ?? first?.digest ?? message.digest;
    return { outcome, digest };
  }

  settle(message: UnitMessage, outcome: Outcome): void {
    const { hash } = message.identity;
    this.settled.set(hash, outcome);
    if (this.repeats && (this.before.has(hash) || this.first.get(hash) !== message)) this.anew.set(hash, message);
  }

  /** A message of this unit has become a letter. @returns what takes that back */
  buried({ identity, received, parks }: DeadLetter): () => void {
    this.know(identity.hash, { position: received, parks });
    return () => this.letters.get(identity.hash)?.pop();
  }

  async flush(store: Store, lane: string): Promise<void> {
    const anew = [...this.anew].sort(([a], [b]) => (a < b ? -1 : 1));
    const ended = anew.map(([hash, message]) => ({ hash, message, outcome: this.settled.get(hash) ?? 'accepted' }));
    if (ended.length > 0) {
      await store.deadLetters.supersede(
        ended.map(({ hash, message, outcome }) => ({
          hash,
          leavesNewest: outcome === 'dead',
          note: `sent again as ${message.received.topic}/${message.received.partition}@${message.received.offset}`,
        })),
      );
      await store.inbox.replace(
        ended.map(({ hash, message: { digest }, outcome }) => ({ hash, digest, outcome, lane })),
      );
    }
    const others = [...this.settled].filter(([hash]) => !this.anew.has(hash));
    await store.inbox.settle(others.map(([hash, outcome]) => ({ hash, outcome })));
  }

  /** It was only ever a letter that parks nothing, and this is not the message that the letter is about, delivered once more. */
  private isSentAgain({ identity, received }: UnitMessage): boolean {
    const letters = this.letters.get(identity.hash) ?? [];
    return letters.length > 0 && letters.every(({ position, parks }) => !parks && !isSamePlace(position, received));
  }

  private know(hash: string, letter: KnownLetter): void {
    const known = this.letters.get(hash);
    if (known === undefined) this.letters.set(hash, [letter]);
    else known.push(letter);
  }

  /**
   * That an id was taken is what tells its later message from a first one: it has to be known for as long as that one may come again. One of
   * the same bytes that comes soon is a redelivery, and at most a producer's retry that Kafka keeps hardly longer than the first.
   */
  private async renew(
    store: Store,
    entries: readonly (InboxEntry & { readonly isOld: boolean })[],
    messages: readonly UnitMessage[],
  ): Promise<void> {
    if (entries.length === 0) return;
    const due = new Map(entries.map((entry) => [entry.hash, entry.isOld]));
    for (const message of messages) {
      const { hash } = message.identity;
      if (due.has(hash) && this.entry(message)?.digest !== message.digest) due.set(hash, true);
    }
    const hashes = [...due].flatMap(([hash, isDue]) => (isDue ? [hash] : [])).sort();
    if (hashes.length > 0) await store.inbox.renew(hashes.flatMap((hash) => this.before.get(hash) ?? []));
  }
}

function isSamePlace(letter: Position, { topic, partition, offset, timestamp }: Position): boolean {
  return (
    letter.topic === topic &&
    letter.partition === partition &&
    letter.offset === offset &&
    storableTime(letter.timestamp) === storableTime(timestamp)
  );
}
