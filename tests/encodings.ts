/** Weights in every encoding of fewer bits, and what they stand for, worked out bit by bit. */
import type { EncodingOf, LevelCodeBits, Stored } from '../src/graph/encoding.ts';
import { validateNetwork } from '../src/graph/encodings.ts';
import { Network } from '../src/graph/network.ts';
import { nodeOf } from '../src/graph/rewrite.ts';
import { randoms } from './infer/networks.ts';

export const product = (shape: readonly number[]): number => shape.reduce((p, n) => p * n, 1);

/** Bytes as a text of bits, the lowest of the first byte first. */
const bitsOf = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => [...byte.toString(2).padStart(8, '0')].reverse().join('')).join('');

/** Codes of so many bits, the first lowest. */
export function codesOf(bytes: Uint8Array, bits: number, n: number): number[] {
  const text = bitsOf(bytes);
  return Array.from({ length: n }, (_, i) => {
    const own = [...text.slice(i * bits, (i + 1) * bits)].reverse().join('');
    return Number.parseInt(own, 2);
  });
}

/** Codes of so many bits side by side, and zeros behind them. */
export function bytesOf(codes: readonly number[], bits: number): Uint8Array {
  const text = codes.map((code) => [...code.toString(2).padStart(bits, '0')].reverse().join('')).join('');
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 8) {
    const byte = text.slice(at, at + 8).padEnd(8, '0');
    bytes.push(Number.parseInt([...byte].reverse().join(''), 2));
  }
  return Uint8Array.from(bytes);
}

/** The numbers of levels, by the words of `Encodings`. */
export function plainLevels(
  { values, bits, group, scales, zeroPoints }: EncodingOf<'levels'>,
  shape: readonly number[],
) {
  const units = shape.at(-1) ?? 1;
  return codesOf(values, bits, product(shape)).map((code, i) => {
    const row = Math.floor(i / units);
    const at = Math.floor(row / group) * units + (i - row * units);
    const level = bits === 1 ? [-1, 1][code]! : code - (zeroPoints === null ? 2 ** (bits - 1) : zeroPoints[at]!);
    return Math.fround(level * scales[at]!);
  });
}

export interface Drawn {
  readonly shape: readonly number[];
  /** Of the numbers, those that are not 0. Default 1. */
  readonly share?: number;
  readonly masked?: boolean;
  readonly seed?: number;
}
const below = (next: () => number, n: number): number => Math.min(n - 1, Math.floor(((next() + 1) / 2) * n));

/** Which numbers live, and the mask that says so. */
function living({ shape, share = 1, masked = false, seed = 1 }: Drawn) {
  const next = randoms(seed + 1000);
  const alive = Uint8Array.from({ length: product(shape) }, () => Number((next() + 1) / 2 < share));
  return { alive, mask: masked ? alive : null };
}

/** Random levels: of one bit none is 0, so that nothing is masked. */
export function levels(drawn: Drawn, bits: LevelCodeBits, group: number, hasZeroPoints = false): Stored {
  const { shape, seed = 1 } = drawn;
  const next = randoms(seed);
  const { alive, mask } = living(drawn);
  const units = shape.at(-1) ?? 1;
  const terms = product(shape.slice(0, -1));
  const groups = Math.ceil(terms / group) * units;
  const scales = Float32Array.from({ length: groups }, () => 0.01 + Math.abs(next()));
  const zeroPoints = hasZeroPoints ? Uint8Array.from({ length: groups }, () => below(next, 2 ** bits)) : null;
  const codes = Array.from(alive, (bit, i) => {
    const row = Math.floor(i / units);
    const zero = zeroPoints?.[Math.floor(row / group) * units + (i % units)] ?? 2 ** (bits - 1);
    if (bit === 0 && bits > 1) return zero;
    const code = below(next, 2 ** bits);
    return bits > 1 && code === zero ? (zero + 1) % 2 ** bits : code;
  });
  return {
    shape,
    encoding: { type: 'levels', values: bytesOf(codes, bits), bits, group, scales, zeroPoints },
    mask: bits === 1 ? null : mask,
  };
}

export function fixed(drawn: Drawn, bits: 8 | 16, fraction: number): Stored {
  const next = randoms(drawn.seed ?? 1);
  const { alive, mask } = living(drawn);
  const numbers = Array.from(alive, (bit) => bit * (1 + below(next, 120)) * (next() < 0 ? -1 : 1));
  const values = bits === 8 ? Int8Array.from(numbers) : Int16Array.from(numbers, (q) => q * 250);
  return { shape: drawn.shape, encoding: { type: 'fixed', values, fraction }, mask };
}

export function halves(drawn: Drawn, type: 'float16' | 'bfloat16'): Stored {
  const next = randoms(drawn.seed ?? 1);
  const { alive, mask } = living(drawn);
  const values = Uint16Array.from(alive, (bit) => bit * (1 + below(next, 65_535)));
  return { shape: drawn.shape, encoding: { type, values }, mask };
}

/** Codes of so many centroids, of which one is 0 if there are several. */
export function palette(drawn: Drawn, count: number): Stored {
  const next = randoms(drawn.seed ?? 1);
  const { alive, mask } = living(drawn);
  const centroids = Float32Array.from({ length: count }, next);
  const zero = count >> 1;
  if (count > 1) centroids[zero] = 0;
  const values = Uint8Array.from(alive, (bit) => {
    const code = below(next, count);
    return bit === 0 ? zero : code === zero ? (code + 1) % count : code;
  });
  return { shape: drawn.shape, encoding: { type: 'palette', values, centroids }, mask: count > 1 ? mask : null };
}

/** Numbers that share so many values, or as many as there are. */
export function hashed({ shape, seed = 1 }: Drawn, buckets: number): Stored {
  const next = randoms(seed);
  const values = Float32Array.from({ length: Math.max(1, Math.min(buckets, product(shape))) }, next);
  return { shape, encoding: { type: 'hashed', values, seed: (seed * 77_777_777) >>> 0 }, mask: null };
}

/** One of every encoding of fewer bits. */
export function everyEncoding(drawn: Drawn): [name: string, weight: Stored][] {
  const terms = Math.max(1, product(drawn.shape.slice(0, -1)));
  const forms: [string, Stored][] = [];
  for (const bits of [1, 2, 4, 8] as const)
    for (const group of [...new Set([1, Math.min(3, terms), terms])]) {
      forms.push([`${bits} bits by ${group}`, levels(drawn, bits, group)]);
      if (bits > 1) forms.push([`${bits} bits with zero points by ${group}`, levels(drawn, bits, group, true)]);
    }
  return [
    ...forms,
    ['fixed point of 8 bits', fixed(drawn, 8, 5)],
    ['fixed point of 16 bits', fixed(drawn, 16, 12)],
    ['float16', halves(drawn, 'float16')],
    ['bfloat16', halves(drawn, 'bfloat16')],
    ...[1, 2, 5, 32, 256].map((count): [string, Stored] => [`palette of ${count}`, palette(drawn, count)]),
    ['hashed', hashed(drawn, 20)],
  ];
}

/** An array as its class and bytes. */
export const bytesText = (value: unknown): string =>
  ArrayBuffer.isView(value)
    ? `${value.constructor.name} ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
    : String(value);

/** All that is of the weights of a network, to the bit. */
export const weightsText = ({ weights }: Network): string =>
  [...weights]
    .map(([key, { shape, encoding, mask }]) => {
      const fields = Object.entries(encoding).map(([field, value]) => `${field} ${bytesText(value)}`);
      return [key, shape, bytesText(mask), ...fields.sort()].join(' ');
    })
    .join('\n');

/** A product of real numbers with this kernel [terms, units]. */
export function productOf(kernel: Stored): Network {
  const nodes = [
    nodeOf('dense', 'd', ['input'], { activation: { name: 'linear' } }, { weights: { kernel: 'd/kernel' } }),
  ];
  const network = new Network({
    inputs: [{ name: 'input', shape: [kernel.shape[0]!], dtype: 'float32' }],
    nodes,
    outputs: ['d'],
    weights: new Map([['d/kernel', kernel]]),
  });
  return network;
}

export const checked = (kernel: Stored): void => void validateNetwork(productOf(kernel));
