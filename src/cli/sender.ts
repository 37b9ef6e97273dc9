import type { Cradle } from '../container.ts';
import type { Messages } from '../generated/messages.ts';
import { kafkaPlace, registryPlace } from '../places.ts';
import type { OutgoingMessage } from '../ports/messages.ts';
import { patiently } from './reachable.ts';
import type { SendableName } from './message-types.ts';
import { completeRecord, type RecordData } from './record.ts';

export interface SendOptions {
  readonly source: string;
  /** false: what is left out and would be different each time is a fault. */
  readonly madeUp?: boolean;
  /** The message's identity together with the source; default: a new UUID. */
  readonly id?: string;
  readonly correlationId?: string;
  /** Default: the tenant's id, the user's for what has no tenant. */
  readonly key?: string;
}

export interface Sent {
  readonly type: SendableName;
  readonly topic: string;
  readonly key: string;
  readonly id: string;
  readonly data: RecordData;
}

export interface Composed {
  readonly sent: Sent;
  readonly message: OutgoingMessage;
}

type Needs = Pick<Cradle, 'cloudEvents' | 'codec' | 'producer' | 'topics' | 'newId' | 'clock' | 'config'>;

/** Sends commands and outside events as an upstream team would, by the contract. */
export class Sender {
  private readonly cradle: Needs;
  private readonly prepared = new Set<SendableName>();

  constructor(cradle: Needs) {
    this.cradle = cradle;
  }

  /** Learns from the registry what `compose` writes a type with. @throws Unreachable; ConfigurationError for a schema that is not registered */
  async prepare(type: SendableName): Promise<void> {
    if (this.prepared.has(type)) return;
    const { codec, config } = this.cradle;
    const topic = this.topicOf(type);
    await patiently(registryPlace(config), (signal) => codec.prepareWriters([{ topic, type }], signal));
    this.prepared.add(type);
  }

  /** @param type one that was prepared. @throws UsageError for data that the type does not have */
  compose(type: SendableName, given: unknown, options: SendOptions): Composed {
    const { cloudEvents, codec, newId, clock } = this.cradle;
    const data = completeRecord(type, given, options.madeUp === false ? undefined : { newId, now: () => clock.now() });
    const topic = this.topicOf(type);
    const { source, correlationId, id = newId(), key = defaultKey(data) } = options;
    const headers = {
      ce_specversion: '1.0',
      ce_id: id,
      ce_type: type,
      ce_source: source,
      ce_time: new Date(clock.now()).toISOString(),
      ...(correlationId !== undefined && { ce_correlationid: correlationId }),
      'content-type': 'application/avro',
    };
    // `completeRecord` has checked the data against this type's schema, which the compiler can't see.
    const value = codec.encode(topic, type, data as unknown as Messages[SendableName]);
    const message = { topic, key: Buffer.from(key), value, headers: cloudEvents.encodeHeaders(headers) };
    return { sent: { type, topic, key, id, data }, message };
  }

  /** @throws Unreachable without an acknowledgement: it may have arrived all the same, unless `isFinal`. ConfigurationError */
  async send({ message }: Composed): Promise<void> {
    const { producer, config } = this.cradle;
    await patiently(kafkaPlace(config), () => producer.publish([message]));
  }

  topicOf(type: SendableName): string {
    const { commands, users } = this.cradle.topics;
    return type.startsWith('users.') ? users : commands;
  }
}

/** Lower case, as the contract has it: the same tenant must not end up in two partitions. */
function defaultKey({ tenantId, userId }: RecordData): string {
  return String(tenantId ?? userId).toLowerCase();
}
