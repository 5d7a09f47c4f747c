/** Whole numbers below n, by a seed. */
export function chooser(seed: number): (n: number) => number {
  let state = (seed + 1) >>> 0;
  return (n) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return Math.floor(((state ^ (state >>> 13)) >>> 0) / (4294967296 / n));
  };
}

/** Bytes spoiled in one of several ways, by a seed: bits flipped, bytes cut out, doubled, swapped or overwritten. */
export function spoiled(file: Uint8Array, seed: number): Uint8Array {
  const below = chooser(seed);
  const bytes = [...file];
  const place = (): number => below(bytes.length);
  const WAYS = [
    () => {
      for (let i = below(4); i >= 0; i--) bytes[place()]! ^= 1 << below(8);
    },
    () => bytes.splice(place()), // cut off
    () => bytes.splice(place(), 1 + below(16)),
    () => bytes.splice(place(), 0, ...bytes.slice(place()).slice(0, 1 + below(40))),
    () => {
      const at = place();
      const from = place();
      const part = bytes.slice(from, from + 4);
      bytes.splice(at, part.length, ...part);
    },
    () => {
      // A length or an offset, made large or odd
      const value = [0, 1, 0x7f, 0x80, 0xff][below(5)]!;
      bytes.fill(value, place(), place() + 1 + below(4));
    },
  ];
  for (let i = below(3); i >= 0; i--) if (bytes.length > 0) WAYS[below(WAYS.length)]!();
  return Uint8Array.from(bytes);
}
