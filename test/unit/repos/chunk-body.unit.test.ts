import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { DamagedChunk } from '../../../src/ports/errors.ts';
import { decodeBody, encodeBody, type OwedMessage } from '../../../src/repos/tables/chunk-body.ts';
import * as a from '../../support/builders.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const message: fc.Arbitrary<OwedMessage> = fc.record({
  topic: fc.oneof(fc.constantFrom('licensing.events.v1', 'licensing.rejections.v1'), fc.string({ unit: 'grapheme' })),
  key: fc.option(bytes(40)),
  headers: bytes(400),
  value: fc.option(bytes(2_000)),
  origin: fc.option(fc.record({ lane: fc.uuid(), seq: fc.maxSafeNat() }), { nil: undefined }),
});
/** From one small message to enough of them to be packed. */
const chunk = fc.array(message, { minLength: 1, maxLength: 100 });

describe('the body of a chunk', () => {
  it('is read as what was written', () =>
    fc.assert(fc.property(chunk, (messages) => expect(decodeBody(encodeBody(messages))).toEqual(messages))));

  it('has a third of the bytes that many events have', () => {
    const messages = Array.from({ length: 500 }, (_, i) => a.anEvent(a.tenantId(i), `the same of each event, ${i}`));
    const size = messages.reduce((sum, { headers, value }) => sum + headers.length + (value?.length ?? 0), 0);
    expect(encodeBody(messages).length).toBeLessThan(size / 3);
  });

  it('is refused where a byte of it has changed, or its end is missing', () =>
    fc.assert(
      fc.property(chunk, fc.nat(), fc.integer({ min: 1, max: 255 }), (messages, at, change) => {
        const body = encodeBody(messages);
        const place = at % body.length;
        expect(() => decodeBody(body.subarray(0, place))).toThrow(DamagedChunk);
        body[place] = (body[place] ?? 0) ^ change;
        expect(() => decodeBody(body)).toThrow(DamagedChunk);
      }),
    ));

  it('is refused with its form by a version that does not know it', () => {
    const body = encodeBody([a.anEvent(a.tenantId(1), 'one')]);
    body[4] = 9;
    body.writeUInt32BE(crc32(body.subarray(4)), 0);
    expect(() => decodeBody(body)).toThrow(new DamagedChunk('its form is 9, which this version does not know'));
  });
});
