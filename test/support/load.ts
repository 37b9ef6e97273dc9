import { randomUUID } from 'node:crypto';
import type { Message } from 'kafkajs';
import type { CommandName, InternalCommandName, Messages, OutsideEventName } from '../../src/generated/messages.ts';
import { SCHEMAS } from '../../src/generated/schemas.ts';
import type { Codec } from '../../src/ports/codec.ts';
import type { Topics } from '../../src/ports/topics.ts';

type SendableName = CommandName | InternalCommandName | OutsideEventName;

export interface Envelope {
  /** `ce_id`; null: the message goes without one. Default: a new UUID. */
  readonly id?: string | null;
  readonly source?: string;
  readonly correlationId?: string;
  /** Several are as many headers, in this order. */
  readonly traceparent?: string | readonly string[];
  /** Default: the contract's. */
  readonly key?: string | null;
  /** Default: where the key belongs. */
  readonly partition?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. Default: now. */
  readonly timestamp?: string;
}

/** A message that is still to be sent. */
export type Sending = { readonly envelope: Envelope } & {
  readonly [N in SendableName]: { readonly type: N; readonly data: Messages[N] };
}[SendableName];

/** Bytes on their way, as somebody sends them who does not hold to the contract. */
export interface RawSending {
  readonly topic: keyof Pick<Topics, 'commands' | 'users' | 'userLookUps'>;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly timestamp?: string;
}

/** The fields of a command by its short name. */
export type CommandData<S extends CommandShortName> = WithoutNulls<Messages[`licensing.commands.${S}`]>;

/** A command by its short name: `command('CreateTenant', {...})`. Optional fields that are left out are null. */
export function command<S extends CommandShortName>(name: S, data: CommandData<S>, envelope: Envelope = {}): Sending {
  return sending(`licensing.commands.${name}`, data, envelope);
}

/** An event of the user domain by its short name. */
export function outside<S extends ShortName<'users.events.'>>(
  name: S,
  data: WithoutNulls<Messages[`users.events.${S}`]>,
  envelope: Envelope = {},
): Sending {
  return sending(`users.events.${name}`, data, envelope);
}

/** What a timer sends. */
export function advance(data: Messages['licensing.internal.AdvanceSubdivision'], envelope: Envelope = {}): Sending {
  return sending('licensing.internal.AdvanceSubdivision', data, envelope);
}

/** Without its namespace: `CreateTenant`. */
export type CommandShortName = ShortName<'licensing.commands.'>;

type ShortName<Prefix extends string> = SendableName extends infer N
  ? N extends `${Prefix}${infer Short}`
    ? Short
    : never
  : never;

/** A record whose optional fields may be left out. */
type WithoutNulls<Data> = {
  readonly [Field in keyof Data as null extends Data[Field] ? never : Field]: Data[Field];
} & { readonly [Field in keyof Data as null extends Data[Field] ? Field : never]?: Data[Field] };

function sending<N extends SendableName>(
  type: N,
  data: WithoutNulls<Messages[N]>,
  { id = randomUUID(), ...rest }: Envelope,
): Sending {
  const nulls = SCHEMAS[type].fields.filter((field) => 'default' in field).map(({ name }) => [name, null]);
  // The two belong together by this function's own type, which a union can't express.
  return { type, data: { ...Object.fromEntries(nulls), ...data }, envelope: { id, ...rest } } as unknown as Sending;
}

export function isRaw(message: Sending | RawSending): message is RawSending {
  return 'topic' in message;
}

/** The contract's key: tenantId; userId for CreateUser and for what the user domain tells. */
export function keyOf({ type, data }: Sending): string {
  const keyed: { readonly tenantId?: string; readonly userId?: string } = data;
  const key = type === 'licensing.commands.CreateUser' || type.startsWith('users.') ? keyed.userId : keyed.tenantId;
  return (key ?? '').toLowerCase();
}

export type Outgoing = Message & { readonly topic: string };

/** The form in which any kafkajs producer would send it: nothing of the worker's own is in between but the codec. */
export function toOutgoing(message: Sending | RawSending, codec: Codec, topics: Topics): Outgoing {
  if (isRaw(message)) {
    const headers = Object.entries(message.headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...value],
    ]);
    return {
      topic: topics[message.topic],
      key: message.key,
      value: message.value,
      headers: Object.fromEntries(headers),
      ...(message.timestamp !== undefined && { timestamp: message.timestamp }),
    };
  }
  const { type, data, envelope } = message;
  const topic = type.startsWith('users.') ? topics.users : topics.commands;
  const { id, source, correlationId, traceparent, key = keyOf(message), partition, headers, timestamp } = envelope;
  return {
    topic,
    key,
    ...(partition !== undefined && { partition }),
    ...(timestamp !== undefined && { timestamp }),
    value: codec.encode(topic, type, data),
    headers: {
      ce_specversion: '1.0',
      ce_type: type,
      ...(typeof id === 'string' && { ce_id: id }),
      ...(source !== undefined && { ce_source: source }),
      ...(correlationId !== undefined && { ce_correlationid: correlationId }),
      ...(traceparent !== undefined && { traceparent: [traceparent].flat() }),
      ...headers,
    },
  };
}
