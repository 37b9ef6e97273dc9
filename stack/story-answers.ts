import { shortName } from '../src/cli/message-types.ts';
import type { ReadMessage } from '../src/cli/topic-reader.ts';
import { StackError } from './errors.ts';
import type { Entitled, Expected } from './story.ts';

/** Collects what comes back from Kafka, by the command that it answers. */
export class Answers {
  private readonly messages: ReadMessage[] = [];
  private readonly seen = new Set<string>();
  private arrived: () => void = () => undefined;

  /** Adds a message, which may come more than once. @returns false for one that was seen before */
  add(message: ReadMessage): boolean {
    const { topic, headers, partition, offset } = message;
    const position = headers['dlq-offset'] ?? headers['ce_id'] ?? `${partition}/${offset}`;
    const id = `${topic} ${headers['dlq-partition'] ?? ''} ${position}`;
    if (this.seen.has(id)) return false;
    this.seen.add(id);
    this.messages.push(message);
    this.arrived();
    return true;
  }

  /**
   * Waits until as many answers to a command have come as are expected, and compares them.
   * @throws StackError when they differ, or did not come within the limit (milliseconds)
   */
  async expect(correlationId: string, expected: readonly Expected[], limit: number): Promise<void> {
    await this.until(() => this.of(correlationId).length >= expected.length, limit);
    const got = this.of(correlationId).map((message) => ({ key: message.key ?? '', what: whatOf(message) }));
    if (inOrder(got) === inOrder(expected)) return;
    const list = (answers: readonly Expected[]): string => answers.map(({ what }) => what).join(', ') || 'nothing';
    throw new StackError(
      `The story did not come back as told: expected ${list(expected)}, got ${list(got)}${got.length < expected.length ? ` within ${limit / 1_000} s` : ''}.`,
    );
  }

  /** Waits until the last record of a key of the entitlements has this reason. @throws StackError when it has not within the limit */
  async entitled({ key, reason }: Entitled, limit: number): Promise<void> {
    const last = (): unknown => this.messages.findLast((message) => message.key === key)?.data?.['reason'];
    await this.until(() => last() === reason, limit);
    if (last() === reason) return;
    throw new StackError(`The story did not come back as told: ${key} is ${String(last())}, and not ${reason}.`);
  }

  /** Waits until it holds, at most as long as the limit says (milliseconds). */
  private async until(holds: () => boolean, limit: number): Promise<void> {
    const deadline = performance.now() + limit;
    const timer = setTimeout(() => this.arrived(), limit + 1);
    while (performance.now() < deadline && !holds()) {
      await new Promise<void>((resolve) => (this.arrived = resolve));
    }
    clearTimeout(timer);
  }

  private of(correlationId: string): readonly ReadMessage[] {
    return this.messages.filter(({ headers }) => headers['ce_correlationid'] === correlationId);
  }
}

/** The type of an event, the code of a rejection, the reason of a dead letter. */
export function whatOf({ headers, type, data }: ReadMessage): string {
  if (headers['dlq-reason'] !== undefined) return headers['dlq-reason'];
  if (type === 'licensing.rejections.CommandRejected') return String(data?.['code']);
  return type === undefined ? 'something undecodable' : shortName(type);
}

/** As text, sorted by key: order is promised within a key only. */
function inOrder(answers: readonly Expected[]): string {
  const byKey = answers.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return JSON.stringify(byKey.map(({ key, what }) => [key, what]));
}
