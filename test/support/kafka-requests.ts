import { connect } from 'node:net';

// Requests that kafkajs does not know, by hand. Brokers pass both on to the controller.

const HOST = '127.0.0.1';
const ELECT_LEADERS = 43;
const DESCRIBE_QUORUM = 55;
const PREFERRED = 0;
/** The leader is the preferred one already. */
const ELECTION_NOT_NEEDED = 84;
const ANSWERED_WITHIN_MS = 10_000;

/** Has the preferred replica, the first of each, lead these partitions. @param port of any broker */
export async function electPreferredLeaders(port: number, topic: string, partitions: readonly number[]): Promise<void> {
  const body = Buffer.concat([
    Buffer.from([PREFERRED]),
    int32(1),
    text(topic),
    int32(partitions.length),
    ...partitions.map(int32),
    int32(ANSWERED_WITHIN_MS),
  ]);
  const answer = await ask(port, Buffer.concat([int16(ELECT_LEADERS), int16(1), int32(0), int16(-1)]), body);
  // Correlation id and throttle time, then one error for all of it, then topics.
  const read = reader(answer, 8);
  const failures = [read.int16()];
  for (let topics = read.int32(); topics > 0; topics -= 1) {
    read.text();
    for (let left = read.int32(); left > 0; left -= 1) {
      read.int32(); // the partition
      failures.push(read.int16());
      read.text();
    }
  }
  const failure = failures.find((code) => code !== 0 && code !== ELECTION_NOT_NEEDED);
  if (failure !== undefined) throw new Error(`the election in ${topic} failed with ${failure}`);
}

/** The node that is the active controller. @param port of any broker */
export async function activeController(port: number): Promise<number> {
  // Lengths are one more than they are in this format, and each structure ends with a zero: no tagged fields.
  const topic = Buffer.from('__cluster_metadata');
  const body = Buffer.concat([
    Buffer.from([2, topic.length + 1]),
    topic,
    Buffer.from([2]),
    int32(0),
    Buffer.from([0, 0, 0]),
  ]);
  const header = Buffer.concat([int16(DESCRIBE_QUORUM), int16(0), int32(0), int16(-1), Buffer.from([0])]);
  const answer = await ask(port, header, body);
  // Correlation id, no tags, error, one topic with its name, one partition, its index, its error: then the leader.
  const read = reader(answer, 5);
  const failure = read.int16();
  const leader = failure === 0 ? answer.readInt32BE(7 + 1 + 1 + topic.length + 1 + 4 + 2) : -1;
  if (leader < 0) throw new Error(`the quorum could not be described: ${failure}`);
  return leader;
}

async function ask(port: number, header: Buffer, body: Buffer): Promise<Buffer> {
  const request = Buffer.concat([int32(header.length + body.length), header, body]);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, port, timeout: ANSWERED_WITHIN_MS });
    let answer = Buffer.alloc(0);
    socket.once('connect', () => socket.write(request));
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) return;
      resolve(answer.subarray(4));
      socket.destroy();
    });
    socket.once('timeout', () => socket.destroy(new Error(`the broker on ${port} answers nothing`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the broker on ${port} closed the connection`)));
  });
}

function reader(bytes: Buffer, from: number): { int16: () => number; int32: () => number; text: () => void } {
  let at = from;
  const int16 = (): number => bytes.readInt16BE((at += 2) - 2);
  return {
    int16,
    int32: () => bytes.readInt32BE((at += 4) - 4),
    text: () => {
      const length = int16();
      at += Math.max(0, length); // -1: there is none
    },
  };
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}
