import fc from 'fast-check';

const PLANES = fc.oneof(fc.integer({ max: 0xd7ff, min: 0 }), fc.integer({ max: 0x10ffff, min: 0xe000 }));

/** Of whatever code points. Like fast-check's `unit: 'binary'`, which spends two seconds on a map of all of them. */
export function anyText(
  lengths: { readonly minLength?: number; readonly maxLength?: number } = {},
): fc.Arbitrary<string> {
  return fc.array(PLANES, lengths).map((points) => String.fromCodePoint(...points));
}
