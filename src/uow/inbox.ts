import type { Position } from '../ports/messages.ts';
import type { DeadLetter, Outcome, Seen, UnitMessage } from '../ports/unit-of-work.ts';
import { storableTime } from '../repos/tables/sql.ts';
import type { InboxEntry, Store } from '../repos/tables/store.ts';

/** The part of a letter that matters when its message comes again. */
interface KnownLetter {
  readonly position: Position;
  readonly parks: boolean;
}

/** Knows which messages were handled before, and by which lane, and remembers how those of this unit end. */
export class Inbox {
  /** The first message of each identity; filled only where any repeats, now or from before. */
  private readonly first = new Map<string, UnitMessage>();
  private readonly before = new Map<string, InboxEntry>();
  /** How messages ended; where nothing repeats, only those that were not accepted. */
  private readonly settled = new Map<string, Outcome>();
  /** Of identities whose outcome is, or was, `dead`. */
  private readonly letters = new Map<string, KnownLetter[]>();
  /** By identity: the message that is handled although an earlier one had ended as a letter. */
  private readonly anew = new Map<string, UnitMessage>();
  /** Whether any identity of this unit came before, or comes more than once. */
  private repeats = false;

  /**
   * Takes the identities of these messages. @returns whether nothing at all is parked, so that no key has to be looked up
   * @throws StaleRead when they are presumed to be new, and one of them is not
   */
  async claim(store: Store, messages: readonly UnitMessage[], lane: string, presumedNew: boolean): Promise<boolean> {
    const firsts = firstsByHash(messages);
    const { before, calm } = await store.inbox.claim(firsts, lane, presumedNew);
    this.repeats = before.length > 0 || firsts.length < messages.length;
    if (this.repeats) for (const message of firsts) this.first.set(message.identity.hash, message);
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
   * Reads the letters of identities that ended as dead: such a message may be handled when it was sent again. Letters are locked before
   * identities, and both after the keys, in the order of a replay, so that only one of the two takes effect. Sees what other lanes did meanwhile.
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

  /** Whether a message may still be handled, as far as can be told before the work. */
  mayBeHandled(message: UnitMessage): boolean {
    if (!this.repeats) return true;
    return (this.before.get(message.identity.hash)?.outcome ?? 'dead') === 'dead';
  }

  entry(message: UnitMessage): InboxEntry | undefined {
    return this.before.get(message.identity.hash);
  }

  seen(message: UnitMessage): Seen | undefined {
    if (!this.repeats) return undefined;
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
    if (!this.repeats && outcome === 'accepted') return; // it is claimed as accepted
    const { hash } = message.identity;
    this.settled.set(hash, outcome);
    if (this.repeats && (this.before.has(hash) || this.first.get(hash) !== message)) this.anew.set(hash, message);
  }

  /** Notes that a message of this unit has become a letter. @returns a function that takes the note back */
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
   * Keeps the entry of an id for as long as a message with that id may come again. An entry is renewed when it is old, or when the message has
   * other bytes. The same bytes soon after are a redelivery or a producer's retry: Kafka keeps it hardly longer than the first.
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

/** The first message of each identity, in the order of their hashes. */
function firstsByHash(messages: readonly UnitMessage[]): readonly UnitMessage[] {
  const sorted = messages.toSorted((a, b) => compare(a.identity.hash, b.identity.hash));
  return sorted.filter((message, i) => i === 0 || sorted[i - 1]?.identity.hash !== message.identity.hash);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0; // 0 keeps the order in which they came
}

function isSamePlace(letter: Position, { topic, partition, offset, timestamp }: Position): boolean {
  return (
    letter.topic === topic &&
    letter.partition === partition &&
    letter.offset === offset &&
    storableTime(letter.timestamp) === storableTime(timestamp)
  );
}
