import { checkBytes } from '../base/errors.ts';

// SHA-256 by FIPS 180-4: synchronous, unlike crypto.subtle, and the same in every runtime.

const PRIMES: number[] = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((p) => n % p !== 0)) PRIMES.push(n);

/** The first 32 bits of the fractional part. A double holds 49 of each root below. */
const fractionBits = (x: number): number => Math.floor((x % 1) * 2 ** 32);

/** By Newton's method: Math.cbrt is left to the engine. */
function cubeRoot(n: number): number {
  let x = n;
  for (let i = 0; i < 32; i++) x -= (x - n / (x * x)) / 3;
  return x;
}

/** Those of the cube roots of the first 64 primes (section 4.2.2). */
const K = Uint32Array.from(PRIMES, (p) => fractionBits(cubeRoot(p)));

/** Those of the square roots of the first 8 primes (section 5.3.3). */
const INITIAL = Uint32Array.from(PRIMES.slice(0, 8), (p) => fractionBits(Math.sqrt(p)));

/**
 * The SHA-256 digest of `bytes`, as 64 hexadecimal digits.
 *
 * @example
 * sha256(new TextEncoder().encode('abc')); // ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
 */
export function sha256(bytes: Uint8Array): string {
  checkBytes('sha256', 'bytes', bytes);
  const state = new Int32Array(INITIAL);
  const schedule = new Int32Array(64);
  const whole = bytes.length - (bytes.length % 64);
  for (let at = 0; at < whole; at += 64) compress(state, schedule, bytes, at);
  // Section 5.1.1: a 1 bit, zeros, and the length in bits, big-endian, up to the end of a block.
  const rest = bytes.length - whole;
  const tail = new Uint8Array(rest < 56 ? 64 : 128);
  tail.set(bytes.subarray(whole));
  tail[rest] = 0x80;
  const length = new DataView(tail.buffer);
  length.setUint32(tail.length - 8, Math.floor(bytes.length / 0x20000000));
  length.setUint32(tail.length - 4, bytes.length << 3);
  for (let at = 0; at < tail.length; at += 64) compress(state, schedule, tail, at);
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

const rotate = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

type Words = [number, number, number, number, number, number, number, number];

/** Section 6.2.2: mixes the 64 bytes from `at` into the state. */
function compress(state: Int32Array, w: Int32Array, bytes: Uint8Array, at: number): void {
  for (let t = 0; t < 16; t++) {
    const p = at + 4 * t;
    w[t] = (bytes[p]! << 24) | (bytes[p + 1]! << 16) | (bytes[p + 2]! << 8) | bytes[p + 3]!;
  }
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15]!;
    const y = w[t - 2]!;
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    w[t] = s1 + w[t - 7]! + s0 + w[t - 16]!;
  }
  let [a, b, c, d, e, f, g, h] = [...state] as Words;
  for (let t = 0; t < 64; t++) {
    const t1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[t]! + w[t]!) | 0;
    const t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((x, i) => {
    state[i] = state[i]! + x;
  });
}
