import type { FieldSchema, ListSchema } from '../../src/generated/schemas.ts';
import { SCHEMAS } from '../../src/generated/schemas.ts';
import { UndecodableMessage } from '../../src/ports/codec.ts';
import type { MessageName } from '../../src/generated/messages.ts';
import { Random } from '../oracle/random.ts';
import { frame, NAMES, NEVER, givenCodec, TOPIC, WITH_LISTS } from './given-codec.ts';

export interface FuzzOptions {
  readonly frames: number;
  readonly seed: number;
  /** Told now and then how many are done. */
  readonly progress?: (done: number) => void;
}

const PROGRESS_EVERY = 10_000;
/** Whole frames to be changed. */
const POOL = 2_000;
/** No frame of a few hundred bytes may take longer. */
const SLOW_MS = 250;

/** A writer of ours with what foreign schemas may have beside it: lists and maps, whose counts a frame can lie about. */
const COUNTED = {
  ...SCHEMAS['licensing.commands.DeleteTenant'],
  fields: [
    ...SCHEMAS['licensing.commands.DeleteTenant'].fields,
    { name: 'tags', type: { type: 'array', items: 'string' }, default: [] },
    { name: 'more', type: { type: 'map', values: { type: 'array', items: 'long' } }, default: {} },
  ],
};

/**
 * Decodes frames of all our types, and of a foreign writer, with bytes changed, cut out, put in and repeated. Whatever comes has to be a
 * message or an UndecodableMessage, at once. @returns how many were refused. @throws with the frame in hex
 */
export async function fuzzDecode({ frames, seed, progress }: FuzzOptions): Promise<{ readonly refused: number }> {
  const random = new Random(seed);
  const { codec, texts } = givenCodec([...NAMES.map((name) => WITH_LISTS[name]), COUNTED], [], WITH_LISTS);
  await codec.prepareWriters(
    NAMES.map((type) => ({ topic: TOPIC, type })),
    NEVER,
  );
  for (let id = 0; id <= texts.length + 1; id += 1) await codec.fetchSchema(id, NEVER);
  const whole = Array.from({ length: POOL }, () => {
    const type = random.pick(NAMES) ?? NAMES[0]!;
    return codec.encode(TOPIC, type, contentOf(random, type) as never);
  });
  const counted = frame(texts.length, Buffer.from('024102026102620004036b02020602000000', 'hex'));
  let refused = 0;
  for (let i = 0; i < frames; i += 1) {
    const value = changed(random, random.chance(0.1) ? counted : (random.pick(whole) ?? counted));
    const began = process.threadCpuUsage();
    try {
      const missing = codec.missingSchema(value);
      if (missing !== undefined) await codec.fetchSchema(missing, NEVER);
      codec.decode(value);
    } catch (error) {
      if (!(error instanceof UndecodableMessage))
        throw new Error(`seed ${seed}: ${value.toString('hex')}`, { cause: error });
      refused += 1;
    }
    // Of the processor: a busy machine takes its own time.
    const { user, system } = process.threadCpuUsage(began);
    const took = (user + system) / 1_000;
    if (took > SLOW_MS) throw new Error(`seed ${seed}: ${took} ms for ${value.toString('hex')}`);
    if (i % PROGRESS_EVERY === PROGRESS_EVERY - 1) progress?.(i + 1);
  }
  return { refused };
}

function contentOf(random: Random, type: MessageName): Record<string, unknown> {
  return Object.fromEntries(WITH_LISTS[type].fields.map((field) => [field.name, valueOf(random, field.type)]));
}

function valueOf(random: Random, type: FieldSchema['type'] | ListSchema): unknown {
  if (typeof type === 'object' && 'at' in type) return random.chance(0.3) ? null : valueOf(random, type[1]);
  if (typeof type === 'object' && type.type === 'array')
    return Array.from({ length: random.int(0, 10) }, () => valueOf(random, type.items));
  const name = typeof type === 'string' ? type : type.type;
  if (name === 'boolean') return random.chance(0.5);
  if (name === 'long') return random.int(-(2 ** 40), 2 ** 40);
  return random.pick(['', 'a name', '\uFFFD', '\u{1F600}', random.uuid(), 'x'.repeat(random.int(0, 200))]);
}

function changed(random: Random, whole: Buffer): Buffer {
  let value: Buffer = Buffer.from(whole);
  for (let changes = random.chance(0.7) ? 1 : 3; changes > 0; changes -= 1) {
    const at = random.int(0, value.length);
    const [before, behind] = [value.subarray(0, at), value.subarray(at)];
    const some = random.bytes(random.int(1, 4));
    switch (random.weighted({ set: 6, bit: 4, insert: 2, cut: 1, omit: 2, repeat: 1, negative: 1 })) {
      case 'set':
        value = Buffer.concat([before, some, behind.subarray(some.length)]);
        break;
      case 'bit':
        if (behind.length > 0) behind[0] = (behind[0] ?? 0) ^ (1 << random.int(0, 7));
        break;
      case 'insert':
        value = Buffer.concat([before, some, behind]);
        break;
      case 'cut':
        value = before;
        break;
      case 'omit':
        value = Buffer.concat([before, behind.subarray(some.length)]);
        break;
      case 'repeat':
        value = Buffer.concat([before, behind, behind]);
        break;
      case 'negative':
        // The longest numbers there are: counts and lengths that lead far out, or back.
        value = Buffer.concat([
          before,
          Buffer.from(random.chance(0.5) ? 'ffffffffffffffffff01' : 'feffffffffffffffff01', 'hex'),
          behind,
        ]);
        break;
    }
  }
  return value;
}
