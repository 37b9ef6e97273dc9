import type { ICustomPartitioner } from 'kafkajs';

/**
 * Chooses the same partition as the defaults of Java's client and of kafkajs: murmur2 of the key's bytes, made positive, modulo the number of
 * partitions. Messages without a key go to the partitions in turn. Source: org.apache.kafka.common.utils.Utils#murmur2.
 */
export const murmur2Partitioner: ICustomPartitioner = () => {
  let next = 0;
  return ({ partitionMetadata, message }) => {
    const { key } = message;
    if (key === null || key === undefined)
      return partitionMetadata[next++ % partitionMetadata.length]?.partitionId ?? 0;
    return hashOfKey(Buffer.isBuffer(key) ? key : Buffer.from(key)) % partitionMetadata.length;
  };
};

/** Modulo the number of partitions it is where the key belongs. Never negative. */
export function hashOfKey(key: Buffer): number {
  return murmur2(key) & 0x7fffffff;
}

const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

export function murmur2(bytes: Buffer): number {
  const { length } = bytes;
  let hash = SEED ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), MULTIPLIER);
    word ^= word >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  if (at < length) {
    for (let byte = length - at - 1; byte >= 0; byte -= 1) hash ^= (bytes[at + byte] ?? 0) << (8 * byte);
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return hash ^ (hash >>> 15);
}
