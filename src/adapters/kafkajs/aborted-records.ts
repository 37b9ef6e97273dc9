import type { BatchContext } from './record-decoder.ts';

/** The part of a fetched record that is used here. Control records are among the fetched ones. */
export interface FetchedRecord {
  readonly batchContext: BatchContext;
}

/** An entry in the answer to a fetch. The entries of all producers stand in the order in which the transactions were aborted. */
export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/**
 * Leaves out the records of aborted transactions. Several producers may have a transaction open at the same time. That of a producer ends with
 * its next control record, which its batch tells, and never its key. Source: Kafka's protocol guide, "Control Batches", and its Java client.
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
    // All records of a batch belong to one producer and one transaction, so they are kept or left out together.
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

/** The id in batches of producers that have none. */
const NOBODY = '-1';

function lastOffsetOf({ firstOffset, lastOffsetDelta = 0 }: BatchContext): number {
  return Number(firstOffset) + lastOffsetDelta;
}
