import type { EncodingOf } from './encoding.ts';
import { zerosLike } from './sparse.ts';

/** xxHash32 by Yann Collet (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), which HashedNets uses too. Its primes 2 to 5: */
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

/** xxHash32 of the four bytes of i, a uint32 like the seed and the result. */
export function hashOf(seed: number, i: number): number {
  let h = (seed + PRIME_5 + 4 + Math.imul(i, PRIME_3)) | 0;
  h = Math.imul((h << 17) | (h >>> 15), PRIME_4);
  h = Math.imul(h ^ (h >>> 15), PRIME_2);
  h = Math.imul(h ^ (h >>> 13), PRIME_3);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Which of so many values number i is: the upper 31 bits of its hash, modulo their count. */
export const bucketAt = (seed: number, i: number, buckets: number): number => (hashOf(seed, i) >>> 1) % buckets;

/** Its sign, of the lowest bit. */
export const signAt = (seed: number, i: number): 1 | -1 => ((hashOf(seed, i) & 1) === 0 ? 1 : -1);

/** The first `n` numbers. Throws LimitError where the machine has no room. */
export function hashedNumbers(
  { values, seed }: Pick<EncodingOf<'hashed'>, 'values' | 'seed'>,
  n: number,
): Float32Array {
  const numbers = zerosLike(values, n);
  for (let i = 0; i < n; i++) numbers[i] = signAt(seed, i) * values[bucketAt(seed, i, values.length)]!;
  return numbers;
}
