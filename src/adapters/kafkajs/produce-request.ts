import { crc32c } from './crc32c.ts';
import { AT, BEFORE_LENGTH_ENDS, RECORD_BATCH } from './record-batch-layout.ts';
import { mostBytesOf, recordBytes, writeRecord, type EncodableRecord, type RecordBytes } from './record-encoder.ts';

/** What a broker of kafkajs is asked to take. */
export interface ProduceOrder {
  readonly acks: number;
  readonly timeout: number;
  readonly compression?: number;
  readonly transactionalId?: string | null;
  readonly producerId?: unknown;
  readonly topicData: readonly TopicData[];
}

export interface TopicData {
  readonly topic: string;
  readonly partitions: readonly PartitionData[];
}

export interface PartitionData {
  readonly partition: number;
  readonly messages: readonly EncodableRecord[];
  readonly firstSequence?: number;
}

/** A request as kafkajs knows it, and the body of one that is written without its encoders. */
export interface ProtocolRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  readonly body?: ProduceBody;
}

export interface AddressedRequest {
  readonly request: ProtocolRequest;
  readonly correlationId: number;
  readonly clientId: string;
}

/** What kafkajs needs to know of bytes that it sends. */
interface Encoded {
  readonly buffer: Buffer;
}

type CreateProduceRequest = (order: ProduceOrder) => ProtocolRequest;
type CreateRequest = (request: AddressedRequest) => Promise<Encoded>;

/** Gives a body to the requests that are neither packed nor part of a sequence: the worker sends no others. */
export function createProduceRequests(original: CreateProduceRequest): CreateProduceRequest {
  return (order) => {
    const { compression = 0, transactionalId = null, producerId } = order;
    const request = original(order);
    const isPlain = compression === 0 && transactionalId === null && producerId === undefined;
    return isPlain ? { ...request, body: new ProduceBody(order) } : request;
  };
}

/** A request with a body is written into the one buffer that goes to the socket. The others are left to kafkajs. */
export function createRequests(original: CreateRequest): CreateRequest {
  return async (addressed) => {
    const { body } = addressed.request;
    return body === undefined ? original(addressed) : { buffer: encodeRequest(addressed, body) };
  };
}

/** Source: Kafka's protocol guide, "Request Header" version 1. */
function encodeRequest({ request, correlationId, clientId }: AddressedRequest, body: ProduceBody): Buffer {
  const client = Buffer.from(clientId);
  const writer = new Writer(4 + 2 + 2 + 4 + 2 + client.length + body.most);
  writer.at = 4;
  writer.int16(request.apiKey);
  writer.int16(request.apiVersion);
  writer.int32(correlationId);
  writer.text(client);
  body.write(writer);
  const bytes = writer.bytes.subarray(0, writer.at);
  bytes.writeInt32BE(bytes.length - 4, 0);
  return bytes;
}

interface Topic {
  readonly name: Buffer;
  readonly partitions: readonly Share[];
}

interface Share extends PartitionData {
  readonly records: readonly RecordBytes[];
}

/** Source: Kafka's protocol guide, "Produce Request" versions 3 to 8. */
class ProduceBody {
  /** A number of bytes that it does not exceed. */
  readonly most: number;
  private readonly order: ProduceOrder;
  private readonly topics: readonly Topic[];

  constructor(order: ProduceOrder) {
    this.order = order;
    this.topics = order.topicData.map(({ topic, partitions }) => ({
      name: Buffer.from(topic),
      partitions: partitions.map((share) => ({ ...share, records: share.messages.map(recordBytes) })),
    }));
    this.most = this.topics.reduce((sum, topic) => sum + mostBytesOfTopic(topic), 2 + 2 + 4 + 4);
  }

  write(writer: Writer): void {
    const { acks, timeout } = this.order;
    writer.int16(-1); // no transaction
    writer.int16(acks);
    writer.int32(timeout);
    writer.int32(this.topics.length);
    for (const { name, partitions } of this.topics) {
      writer.text(name);
      writer.int32(partitions.length);
      for (const share of partitions) {
        writer.int32(share.partition);
        writer.int32(0); // how long the batch is, known when it is written
        const start = writer.at;
        writer.at = writeBatch(writer.bytes, start, share);
        writer.bytes.writeInt32BE(writer.at - start, start - 4);
      }
    }
  }
}

function mostBytesOfTopic({ name, partitions }: Topic): number {
  let sum = 2 + name.length + 4;
  for (const { records } of partitions) {
    sum += 4 + 4 + AT.records;
    for (const record of records) sum += mostBytesOf(record);
  }
  return sum;
}

/** Source: Kafka's protocol guide, "Record Batch". @returns where the batch ends */
function writeBatch(bytes: Buffer, start: number, { messages, records, firstSequence = 0 }: Share): number {
  const batch = bytes.subarray(start);
  const now = Date.now();
  const times = messages.some(({ timestamp }) => timestamp !== undefined && timestamp !== null)
    ? messages.map(({ timestamp }) => Number(timestamp ?? now))
    : undefined;
  const first = times?.reduce((a, b) => Math.min(a, b)) ?? now;
  const last = times?.reduce((a, b) => Math.max(a, b)) ?? now;
  let end: number = AT.records;
  for (const [i, record] of records.entries()) {
    end = writeRecord(batch, end, record, i, times === undefined ? 0 : (times[i] ?? now) - first);
  }
  batch.fill(0, 0, AT.magic);
  batch.writeInt32BE(end - BEFORE_LENGTH_ENDS, AT.length);
  batch[AT.magic] = RECORD_BATCH;
  batch.writeInt16BE(0, AT.attributes);
  batch.writeInt32BE(records.length - 1, AT.lastOffsetDelta);
  batch.writeBigInt64BE(BigInt(first), AT.firstTimestamp);
  batch.writeBigInt64BE(BigInt(last), AT.maxTimestamp);
  batch.writeBigInt64BE(-1n, AT.producerId);
  batch.writeInt16BE(0, AT.producerEpoch);
  batch.writeInt32BE(firstSequence, AT.firstSequence);
  batch.writeInt32BE(records.length, AT.count);
  batch.writeUInt32BE(crc32c(batch.subarray(AT.attributes, end)), AT.checksum);
  return start + end;
}

class Writer {
  readonly bytes: Buffer;
  at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
  }

  int16(value: number): void {
    this.at = this.bytes.writeInt16BE(value, this.at);
  }

  int32(value: number): void {
    this.at = this.bytes.writeInt32BE(value, this.at);
  }

  /** With its length in two bytes. */
  text(text: Buffer): void {
    this.int16(text.length);
    this.bytes.set(text, this.at);
    this.at += text.length;
  }
}
