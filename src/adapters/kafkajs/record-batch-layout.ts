/** Where the fields of a record batch stand. Source: Kafka's protocol guide, "Record Batch". */
export const AT = {
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  checksum: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  firstTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  firstSequence: 53,
  count: 57,
  records: 61,
} as const;

/** The length of a batch counts what is behind it. */
export const BEFORE_LENGTH_ENDS = 12;

/** The magic byte of record batches. */
export const RECORD_BATCH = 2;
