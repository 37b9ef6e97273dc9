import type { BatchContext } from './record-decoder.ts';

/** What kafkajs knows of a record that was fetched, control records included. */
export interface FetchedRecord {
  readonly batchContext: BatchContext;
}

/** As the broker tells of it in the answer to a fetch: in the order in which they were aborted, over all producers. */
export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/**
 * Takes out the records of aborted transactions. Several producers may have one open at a time, and a producer's own ends at its next
 * marker: a control record, which is told by its batch and never by its key. Source: Kafka's protocol guide, "Control Batches", and what
 * its Java client does with them.
 */
export function withoutAbortedRecords<Fetched extends FetchedRecord>({
  messages,
  abortedTransactions,
}: {
  readonly messages: Fetched[];
  readonly abortedTransactions?: readonly AbortedTransaction[] | null;
}): Fetched[] {
  if (abortedTransactions === undefined || abortedTransactions === null || abortedTransactions.length === 0) {
    return messages;
  }
  const begins = abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId, at: Number(firstOffset) }))
    .sort((a, b) => a.at - b.at);
  const aborting = new Set<string>();
  let begun = 0;
  let batch: BatchContext | undefined;
  let isAborted = false;
  return messages.filter(({ batchContext }) => {
    // The records of a batch are of one producer and one transaction: they are kept or left out together.
    if (batchContext === batch) return !isAborted;
    batch = batchContext;
    const { producerId = NOBODY, inTransaction = false, isControlBatch = false } = batchContext;
    for (let next = begins[begun]; next !== undefined && next.at <= lastOffsetOf(batchContext); next = begins[begun]) {
      aborting.add(next.producerId);
      begun += 1;
    }
    if (isControlBatch) aborting.delete(producerId);
    isAborted = inTransaction && !isControlBatch && aborting.has(producerId);
    return !isAborted;
  });
}

/** The producer id of those who have none. */
const NOBODY = '-1';

function lastOffsetOf({ firstOffset, lastOffsetDelta = 0 }: BatchContext): number {
  return Number(firstOffset) + lastOffsetDelta;
}
