/** From this length on a native copy is faster than a loop. */
const NATIVE_FROM = 24;

/** Repeats `length` bytes that stand `distance` before `at`. Where they reach into what is being written, they repeat that as well. */
export function copyMatch(bytes: Buffer, at: number, distance: number, length: number): void {
  const from = at - distance;
  if (distance >= length && length >= NATIVE_FROM) {
    bytes.copyWithin(at, from, from + length);
    return;
  }
  for (let i = 0; i < length; i += 1) bytes[at + i] = bytes[from + i] ?? 0;
}
