import type { Message, RecordMetadata } from 'kafkajs';

/**
 * A partition's share of a send, or the part of it that goes into one batch, which the broker takes as a whole or not at all. A share is one
 * batch unless its topic takes less.
 */
export interface Share {
  readonly topic: string;
  readonly partition: number;
  /** The very objects that were to be sent. */
  readonly messages: readonly Message[];
}

/** A batch whose acknowledgement was seen, with what kafkajs tells of it. */
export interface Acknowledged extends Share {
  readonly metadata: RecordMetadata;
}

export interface ProduceAnswer {
  readonly topics: readonly { readonly topicName: string; readonly partitions: readonly PartitionAnswer[] }[];
}

type PartitionAnswer = Omit<RecordMetadata, 'topicName'>;

const acknowledgements = new WeakMap<object, readonly Acknowledged[]>();

/** @param end what a send has resolved with or failed with */
export function keepAcknowledged(end: object, shares: readonly Acknowledged[]): void {
  acknowledgements.set(end, shares);
}

/**
 * @param end what a send has resolved with or failed with
 * @returns the shares that were acknowledged, also those of a send that has failed
 */
export function acknowledgedOf(end: unknown): readonly Acknowledged[] {
  if (typeof end !== 'object' || end === null) return [];
  // An error may have been explained by another one meanwhile.
  return acknowledgements.get(end) ?? ('cause' in end ? acknowledgedOf(end.cause) : []);
}

const partialAnswers = new WeakMap<Error, ProduceAnswer>();

/** kafkajs reduces an answer to the first error in it. This keeps the whole answer beside that error. */
export function keepPartialAnswers(response: { parse: (data: ProduceAnswer) => Promise<ProduceAnswer> }): void {
  const { parse } = response;
  response.parse = async (data) => {
    try {
      return await parse(data);
    } catch (error) {
      if (error instanceof Error) partialAnswers.set(error, data);
      throw error;
    }
  };
}

/** The answer to a request, also one in which some partitions have failed. @throws when there was no answer */
export async function answerOf(produced: Promise<ProduceAnswer>): Promise<ProduceAnswer> {
  try {
    return await produced;
  } catch (error) {
    const answer = error instanceof Error ? partialAnswers.get(error) : undefined;
    if (answer === undefined) throw error;
    return answer;
  }
}
