/** Philox4x32-10: ten rounds of multiply and xor turn (key, counter) into four random words. Salmon et al. 2011. */

/** High 32 bits of the unsigned product a·b, from four 16-bit products; the parts stay below 2³¹. */
function mulHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const cross = Math.imul(aHigh, bLow);
  const cross2 = Math.imul(aLow, bHigh);
  const carry = (Math.imul(aLow, bLow) >>> 16) + (cross & 0xffff) + (cross2 & 0xffff);
  return (Math.imul(aHigh, bHigh) + (cross >>> 16) + (cross2 >>> 16) + (carry >>> 16)) | 0;
}

/** Four words of counter (block, stream, step, 0) under `random` = [key0, key1, stream, step], into out[at ... at + 3]. */
export function philoxBlock(random: Uint32Array, block: number, out: Uint32Array, at: number): void {
  let k0 = random[0]! | 0;
  let k1 = random[1]! | 0;
  let c0 = block | 0;
  let c1 = random[2]! | 0;
  let c2 = random[3]! | 0;
  let c3 = 0;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(0xd2511f53, c0);
    const high1 = mulHigh(0xcd9e8d57, c2);
    const low0 = Math.imul(0xd2511f53, c0);
    c0 = high1 ^ c1 ^ k0;
    c1 = Math.imul(0xcd9e8d57, c2);
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0; // the golden ratio and √3 - 1, as the paper's Weyl sequence
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}
