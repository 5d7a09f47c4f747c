import { expect } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import type { Encoding, Stored } from '../../src/graph/encoding.ts';
import type { Attributes, Node, Op, QuantizationParams } from '../../src/graph/graph.ts';
import { packedCodes } from '../../src/graph/levels.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { Random } from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { plainInt8 } from '../quantize/plain-int8.ts';

export const tables = { reference, cpu, wasm: wasm() };
export const SAMPLES = 3;

export const from: QuantizationParams = { scale: 0.03, zeroPoint: -17 };
export const to: QuantizationParams = { scale: 0.11, zeroPoint: 9 };
export const positive: QuantizationParams = { scale: 0.02, zeroPoint: -128 };

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
export const draws = (n: number, seed: number): Float32Array =>
  new Random(seed, 'forms').normal([n]).data as Float32Array;
export const stored = (shape: readonly number[], encoding: Encoding): Stored => ({ shape, encoding, mask: null });
export const real = (...shape: number[]): Stored => stored(shape, { type: 'float32', values: draws(sizeOf(shape), 5) });
export const sums = (n: number): Stored =>
  stored([n], { type: 'int32', values: Int32Array.from(draws(n, 6), (x) => Math.round(300 * x)) });
export const codes = (n: number): Int8Array =>
  Int8Array.from(draws(n, 7), (x) => Math.max(-127, Math.min(127, 50 * x)));

/** Kernels of integers, of one scale a column or one for all. */
export const bytes = (shape: readonly number[], isAlike = false): Stored => {
  const scales = Float32Array.from({ length: shape.at(-1)! }, (_, j) => (isAlike ? 0.01 : 0.004 * (j + 1)));
  return stored(shape, { type: 'int8', values: codes(sizeOf(shape)), scales });
};
export const fixed = (shape: readonly number[]): Stored =>
  stored(shape, { type: 'fixed', values: codes(sizeOf(shape)), fraction: 7 });
export const fourBits = (shape: readonly number[]): Stored => {
  const levels = Uint8Array.from(draws(sizeOf(shape), 8), (x) => Math.max(0, Math.min(15, 8 + 3 * x)));
  const units = shape.at(-1)!;
  const scales = Float32Array.from({ length: units }, (_, j) => 0.05 * (j + 1));
  const group = sizeOf(shape) / units;
  return stored(shape, { type: 'levels', values: packedCodes(levels, 4), bits: 4, group, scales, zeroPoints: null });
};
export const KERNELS = { bytes: (shape: readonly number[]) => bytes(shape), fixed, fourBits };

export interface Case {
  readonly shape: readonly number[];
  readonly dtype?: 'float32' | 'int32';
  /** Of what the node reads; null for real numbers. */
  readonly read?: QuantizationParams | null;
  /** How often it reads it, and once more in another format. */
  readonly isTwice?: boolean;
  readonly weights?: Readonly<Record<string, Stored>>;
}

/** One node between a quantize and a dequantize, where it reads and gives int8. */
export function around<K extends Op>(
  op: K,
  attrs: Attributes[K],
  format: QuantizationParams | null,
  { shape, dtype = 'float32', read = from, isTwice = false, weights = {} }: Case,
): Network {
  const nodes: Node[] = [];
  if (read !== null) nodes.push(nodeOf('quantize', 'q', ['x'], {}, { format: read }));
  if (isTwice) nodes.push(nodeOf('quantize', 'p', ['x'], {}, { format: to }));
  const keys = Object.fromEntries(Object.keys(weights).map((role) => [role, role]));
  const inputs = [read === null ? 'x' : 'q', ...(isTwice ? ['p'] : [])];
  nodes.push(nodeOf(op, 'y', inputs, attrs, { weights: keys, format }));
  if (format !== null) nodes.push(nodeOf('dequantize', 'end', ['y'], {}));
  return new Network({
    inputs: [{ name: 'x', shape, dtype }],
    nodes,
    outputs: [nodes.at(-1)!.name],
    weights: new Map(Object.entries(weights)),
  });
}

/** Holds a network to plain loops, on every table, in one run and in one that repeats it. */
export function holds(network: Network, given?: Float32Array | Int32Array): void {
  const [{ shape, dtype }] = network.inputs as [Network['inputs'][0]];
  const x = given ?? draws(SAMPLES * sizeOf(shape), 1).map((v) => 3 * v);
  const wanted = plainInt8(network, { shape: [SAMPLES, ...shape], data: [...x] }).get(network.outputs[0]!)!.data;
  expect(new Set(wanted).size).toBeGreaterThan(2);
  for (const [name, table] of Object.entries(tables)) {
    const program = compileNetwork(network, SAMPLES, table);
    for (let time = 0; time < 2; time++) {
      const own = dtype === 'int32' ? Int32Array.from(x) : Float32Array.from(x);
      expect([...program.run(own, SAMPLES)].map(whole), `${name}, run ${time}`).toEqual([...wanted].map(whole));
    }
    program.dispose();
  }
}
/** -0 is 0. */
export const whole = (x: number): number => x + 0;

export const conv = {
  activation: { name: 'linear' },
  strides: [1],
  dilations: [1],
  padding: 'same',
  groups: 1,
} as const;
export const image = { ...conv, strides: [1, 1], dilations: [1, 1] } as const;

/** Windows of every kind: sequences and images, steps and distances, groups, borders on either side, each channel by itself. */
export const CONVOLUTIONS: readonly [string, Attributes['conv'], x: readonly number[], kernel: readonly number[]][] = [
  ['a sequence', conv, [7, 3], [3, 3, 5]],
  ['an image', image, [5, 6, 3], [3, 3, 3, 4]],
  ['without a border', { ...image, padding: 'valid' }, [5, 6, 2], [2, 3, 2, 17]],
  [
    'strides and a border of its own',
    {
      ...image,
      strides: [2, 3],
      padding: [
        [1, 0],
        [1, 1],
      ],
    },
    [6, 7, 2],
    [3, 2, 2, 3],
  ],
  ['strides that leave the end over', { ...image, strides: [3, 3], padding: 'valid' }, [7, 8, 1], [2, 2, 1, 2]],
  ['distances', { ...image, dilations: [2, 2] }, [6, 5, 2], [3, 3, 2, 3]],
  ['groups', { ...image, groups: 2 }, [4, 4, 6], [3, 3, 3, 4]],
  ['each channel by itself', { ...image, groups: 5 }, [5, 5, 5], [3, 3, 1, 5]],
  ['one tap', image, [3, 3, 4], [1, 1, 4, 6]],
];
