/** A message of protobuf as its wire tells it: by the number of a field, its values in order. */
export type WireMessage = ReadonlyMap<number, readonly WireValue[]>;

/** A varint, the eight bytes of a fixed64, or what is delimited by its length. */
type WireValue = bigint | Buffer;

/** Reads what needs no schema. @throws RangeError when the bytes are no message */
export function wireMessage(bytes: Buffer): WireMessage {
  const fields = new Map<number, WireValue[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError('the message ends within a field');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const kind = tag & 7;
    let value: WireValue;
    if (kind === 0) value = varint();
    else if (kind === 1) value = take(8);
    else if (kind === 2) value = take(Number(varint()));
    else if (kind === 5) value = take(4);
    else throw new RangeError(`a field of kind ${kind}`);
    const values = fields.get(tag >> 3) ?? [];
    values.push(value);
    fields.set(tag >> 3, values);
  }
  return fields;
}

export function messagesIn(message: WireMessage, field: number): readonly WireMessage[] {
  return bytesIn(message, field).map(wireMessage);
}

export function textIn(message: WireMessage, field: number): string {
  return bytesIn(message, field)[0]?.toString() ?? '';
}

export function bytesIn(message: WireMessage, field: number): readonly Buffer[] {
  return (message.get(field) ?? []).filter((value) => typeof value !== 'bigint');
}

export function varintIn(message: WireMessage, field: number): bigint | undefined {
  return message.get(field)?.find((value) => typeof value === 'bigint');
}

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Attributes of OTLP, which are pairs of a name and a value of one of several types. */
export function attributesIn(message: WireMessage, field: number): Attributes {
  return Object.fromEntries(
    messagesIn(message, field).map((pair) => {
      const value = messagesIn(pair, 2)[0] ?? new Map<number, never>();
      const number = bytesIn(value, 4)[0]?.readDoubleLE() ?? Number(varintIn(value, 3) ?? 0n);
      const flag = varintIn(value, 2);
      return [textIn(pair, 1), value.has(1) ? textIn(value, 1) : flag === undefined ? number : flag === 1n];
    }),
  );
}
