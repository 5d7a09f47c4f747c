/** Codes side by side in as few bits as their count needs, the first in the lowest bits of the first byte; what is behind is 0. */

/** Bits of a code of which there are so many, at least one: ⌈log₂ count⌉. */
export const bitsFor = (count: number): number => Math.max(1, 32 - Math.clz32(count - 1));

/** Bytes of `n` codes. */
export const bytesFor = (bits: number, n: number): number => Math.ceil((n * bits) / 8);

/** Codes of at most 8 bits each. */
export function packBits(codes: Uint8Array, bits: number): Uint8Array {
  const packed = new Uint8Array(bytesFor(bits, codes.length) + 1); // with room for the upper half of the last
  for (let i = 0; i < codes.length; i++) {
    const at = Math.floor((i * bits) / 8);
    const code = codes[i]! << ((i * bits) % 8);
    packed[at]! |= code;
    packed[at + 1]! |= code >> 8;
  }
  return packed.slice(0, -1);
}

/** The first `n` codes. */
export function unpackBits(packed: Uint8Array, bits: number, n: number): Uint8Array {
  const codes = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const at = Math.floor((i * bits) / 8);
    codes[i] = ((packed[at]! | ((packed[at + 1] ?? 0) << 8)) >> ((i * bits) % 8)) & ((1 << bits) - 1);
  }
  return codes;
}
