// Whether a user may write a topic is told by the answer to a metadata request of version 8, two more than kafkajs knows.

/** A broker of kafkajs. */
export interface Broker {
  /** By the key of a request, which versions of it the broker takes; null before it was asked. */
  readonly versions: Readonly<Record<number, { readonly maxVersion?: number }>> | null;
  readonly connectionPool: { send(call: Call): Promise<unknown> };
}

export interface Cluster {
  readonly brokerPool: { findConnectedBroker(): Promise<Broker> };
}

/** What kafkajs encodes and decodes with. */
export interface Protocol {
  readonly Encoder: new () => Encoder;
  readonly Decoder: new (bytes: Buffer) => Decoder;
}

interface Encoder {
  readonly buffer: Buffer;
  writeArray(values: readonly string[]): Encoder;
  writeBoolean(value: boolean): Encoder;
}

interface Decoder {
  readInt16(): number;
  readInt32(): number;
  readString(): string | null;
  readBoolean(): boolean;
  readArray<T>(one: (decoder: Decoder) => T): T[];
}

interface Call {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    readonly encode: () => Promise<Encoder>;
  };
  readonly response: {
    readonly decode: (bytes: Buffer) => Promise<unknown>;
    readonly parse: (decoded: unknown) => Promise<unknown>;
  };
}

type CreateAdmin<Admin extends object> = (parts: { readonly cluster: Cluster }) => Admin;

/** Source: Kafka's protocol guide, "Api Keys". */
const METADATA = 3;
const TELLS_OPERATIONS = 8;
/** Source: `AclOperation` of Kafka's Java client. */
const WRITE = 4;
/** Source: Kafka's protocol guide, "Metadata Response". */
const UNTOLD = -2_147_483_648;

/** Knows the clusters of the admin clients that are made, so that they can be asked what kafkajs does not ask. */
export class Operations {
  private readonly clusters = new WeakMap<object, Cluster>();
  private protocol: Protocol | undefined;

  /** Remembers the cluster of each admin client. */
  createAdmins<Admin extends object>(original: CreateAdmin<Admin>, protocol: Protocol): CreateAdmin<Admin> {
    this.protocol = protocol;
    return (parts) => {
      const admin = original(parts);
      this.clusters.set(admin, parts.cluster);
      return admin;
    };
  }

  /** @returns whether the user of this client may write the topic; undefined when the broker does not tell */
  async mayWrite(admin: object, topic: string): Promise<boolean | undefined> {
    const cluster = this.clusters.get(admin);
    if (cluster === undefined || this.protocol === undefined) throw new Error('this is no admin client of ours');
    const broker = await cluster.brokerPool.findConnectedBroker();
    const { maxVersion = 0 } = broker.versions?.[METADATA] ?? {};
    if (maxVersion < TELLS_OPERATIONS) return undefined;
    const told = await broker.connectionPool.send(callOf(topic, this.protocol));
    const operations = typeof told === 'number' ? told : UNTOLD;
    return operations === UNTOLD ? undefined : (operations & (1 << WRITE)) !== 0;
  }
}

function callOf(topic: string, { Encoder, Decoder }: Protocol): Call {
  return {
    request: {
      apiKey: METADATA,
      apiVersion: TELLS_OPERATIONS,
      apiName: 'Metadata',
      // The topic; whether to create it; whether to tell the operations on the cluster, and those on the topic.
      encode: async () => new Encoder().writeArray([topic]).writeBoolean(false).writeBoolean(false).writeBoolean(true),
    },
    response: {
      decode: async (bytes) => operationsIn(new Decoder(bytes)),
      parse: async (decoded) => decoded,
    },
  };
}

/** Source: Kafka's protocol guide, "Metadata Response" version 8. */
function operationsIn(answer: Decoder): number | undefined {
  answer.readInt32(); // for how long the broker has throttled it
  answer.readArray((broker) => [broker.readInt32(), broker.readString(), broker.readInt32(), broker.readString()]);
  answer.readString(); // the cluster
  answer.readInt32(); // its controller
  const [operations] = answer.readArray((topic) => {
    topic.readInt16(); // its error
    topic.readString();
    topic.readBoolean(); // whether it is one of Kafka's own
    topic.readArray((partition) => {
      partition.readInt16(); // its error
      for (let i = 0; i < 3; i += 1) partition.readInt32(); // its number, its leader, and the epoch of that
      for (let i = 0; i < 3; i += 1) partition.readArray((replica) => replica.readInt32()); // all, in sync, offline
    });
    return topic.readInt32();
  });
  return operations;
}
