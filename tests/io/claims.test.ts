/** Small files that claim much: they are refused, or take memory as they have bytes. */
import { describe, expect, test } from 'vitest';
import { WhittleError } from '../../src/base/errors.ts';
import { isPruned } from '../../src/compress/masks.ts';
import { networkCost } from '../../src/graph/cost.ts';
import { densified } from '../../src/graph/decode.ts';
import type { EncodingOf, Stored } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { foldedBias } from '../../src/graph/integers.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { type SparseWidth, zerosLike } from '../../src/graph/sparse.ts';
import { compileNetwork } from '../../src/infer/index.ts';
import {
  decodeNetwork,
  decodeSafetensors,
  encodeNetwork,
  encodeSafetensors,
  type SafeTensor,
} from '../../src/io/index.ts';

const LINEAR = { activation: { name: 'linear' } } as const;
const of = (dtype: SafeTensor['dtype'], data: SafeTensor['data']): SafeTensor => ({
  dtype,
  shape: [data.length],
  data,
});
/** Deltas without a place, over `n` of them. */
const hops = (n: number): SafeTensor => of('U8', new Uint8Array(Math.floor(n / 255)).fill(255));
const none: Record<string, SafeTensor['data']> = {
  F32: new Float32Array(0),
  F64: new Float64Array(0),
  I8: new Int8Array(0),
};

interface Claim {
  readonly shape: readonly number[];
  readonly dtype: 'F32' | 'F64' | 'I8';
  /** Places. */
  readonly n: number;
  readonly width?: SparseWidth;
  /** Also of a mask: the name of its code in JSON, and its places. */
  readonly mask?: true | 'deltas';
  readonly code?: 'deltas' | 'bitmask';
}

/** A file of products one after another, each with a kernel that holds nothing. */
function fileOf(...claims: Claim[]): Uint8Array {
  const tensors = new Map<string, SafeTensor>();
  const nodes: object[] = [];
  let last = 'input';
  const weights = claims.map(({ shape, dtype, n, width, mask, code = 'deltas' }, i) => {
    const key = `d${i}/kernel`;
    const places = code === 'deltas' ? hops(n) : of('U8', new Uint8Array(Math.ceil(n / 8)));
    tensors.set(`${key}.${code}`, places);
    tensors.set(`${key}.values`, of(dtype, none[dtype]!));
    if (mask === 'deltas') tensors.set(`${key}.mask.deltas`, hops(shape[0]! * shape[1]!));
    if (dtype === 'I8') {
      tensors.set(`${key}.scales`, of('F32', new Float32Array(shape[1]!).fill(1)));
      nodes.push({ op: 'quantize', name: `q${i}`, inputs: [last], format: { scale: 1, zeroPoint: 3 } });
      last = `q${i}`;
    }
    nodes.push({ op: 'dense', name: `d${i}`, inputs: [last], weights: { kernel: key } });
    last = `d${i}`;
    return { key, shape, ...(code === 'deltas' && { code }), ...(width && { width }), ...(mask && { mask }) };
  });
  const { shape, dtype } = claims[0]!;
  const inputs = [{ shape: [shape[0]], ...(dtype === 'F64' && { dtype: 'float64' }) }];
  return encodeSafetensors(tensors, { whittle: JSON.stringify({ version: 3, inputs, nodes, weights }) });
}

/** How many bytes of arrays a call leaves, for itself and for the collector. */
function bytesOf(call: () => void): number {
  const before = process.memoryUsage().arrayBuffers;
  call();
  return process.memoryUsage().arrayBuffers - before;
}

describe('deltas walk over 33,554,432 numbers of a file, and no further', () => {
  test.each<[what: string, ...claims: Claim[]]>([
    ['a panel of 16 in int8', { shape: [60_000, 32_000], dtype: 'I8', n: 120e6, width: 16 }],
    ['blocks of a float weight', { shape: [100, 400_000], dtype: 'F32', n: 10e6, width: 4 }],
    ['columns without rows', { shape: [0, 40e6], dtype: 'F32', n: 40e6, width: 1 }],
    ['panels without rows', { shape: [0, 40e6], dtype: 'F32', n: 2.5e6, width: 16 }],
    ['columns of one row', { shape: [1, 40e6], dtype: 'F32', n: 40e6, width: 1 }],
    ['a panel that is narrow', { shape: [2.5e6, 1], dtype: 'F32', n: 2.5e6, width: 16 }],
    ['a dense weight', { shape: [1000, 40_000], dtype: 'F64', n: 40e6 }],
    ['a dense weight with its mask', { shape: [40_000, 1000], dtype: 'F32', n: 40e6, mask: true }],
    ['a finer mask', { shape: [1000, 20_000], dtype: 'F32', n: 20e6, width: 1, mask: 'deltas' }],
    [
      'two weights',
      { shape: [1000, 20_000], dtype: 'F32', n: 20e6, width: 1 },
      { shape: [20_000, 1000], dtype: 'F32', n: 20e6 },
    ],
  ])('%s', (_, ...claims) => {
    const file = fileOf(...claims);
    expect(() => decodeNetwork(file)).toThrow(WhittleError);
    const message = /^network file: d\d\/kernel[.a-z]*: deltas of one file walk over 33554432 numbers at most$/;
    expect(bytesOf(() => expect(() => decodeNetwork(file)).toThrow(message))).toBeLessThan(2 * file.length + 1e6);
  });

  test('a file of as many is one, and takes what it has to', () => {
    const { network } = decodeNetwork(fileOf({ shape: [2 ** 15, 2 ** 10], dtype: 'F32', n: 2 ** 25, width: 1 }));
    expect(isPruned(network)).toBe(true);
    expect(decodeNetwork(encodeNetwork(network)).network).toEqual(network);
  });

  test('a network of more is written with bitmasks, and read', () => {
    const empty = (terms: number, units: number): Stored => ({
      shape: [terms, units],
      encoding: {
        type: 'sparse',
        width: 1,
        starts: new Int32Array(units + 1).fill(1, units),
        rows: Int32Array.of(7),
        values: Float32Array.of(0.5),
      },
      mask: null,
    });
    const network = new Network({
      inputs: [{ name: 'input', shape: [1000], dtype: 'float32' }],
      nodes: [
        nodeOf('dense', 'a', ['input'], LINEAR, { weights: { kernel: 'a/kernel' } }),
        nodeOf('dense', 'b', ['a'], LINEAR, { weights: { kernel: 'b/kernel' } }),
        nodeOf('dense', 'c', ['b'], LINEAR, { weights: { kernel: 'c/kernel' } }),
      ],
      outputs: ['c'],
      weights: new Map([
        ['a/kernel', empty(1000, 20_000)],
        ['b/kernel', empty(20_000, 1000)],
        ['c/kernel', empty(1000, 500)],
      ]),
    });
    const file = encodeNetwork(network);
    const codes = [...decodeSafetensors(file).tensors.keys()].filter((name) => !name.endsWith('.values'));
    expect(codes.sort()).toEqual(['a/kernel.deltas', 'b/kernel.bitmask', 'c/kernel.deltas']);
    expect(decodeNetwork(file).network).toEqual(network);
  });
});

describe('what a sparse weight leaves out', () => {
  const file = fileOf({ shape: [2 ** 15, 2 ** 10], dtype: 'I8', n: 2 ** 21, width: 16 });

  test('is not made by reading, checking, or asking whether something is pruned', () => {
    const { network } = decodeNetwork(file);
    const calls = [
      () => decodeNetwork(file),
      () => validateNetwork(network),
      () => networkCost(network),
      () => expect(isPruned(network)).toBe(true),
    ];
    for (const call of calls) expect(bytesOf(call)).toBeLessThan(1e6);
  });

  test('is not made of a weight that no machine could hold', () => {
    const side = 46_340;
    const bits = { shape: [side, side], dtype: 'F32', width: 16, code: 'bitmask' } as const;
    const { weights, ...rest } = decodeNetwork(fileOf({ ...bits, shape: [1, side], n: Math.ceil(side / 16) })).network;
    const huge = new Map([['d0/kernel', { ...weights.get('d0/kernel')!, shape: [side, side] }]]);
    const inputs = [{ ...rest.inputs[0]!, shape: [side] }];
    expect(isPruned(new Network({ ...rest, inputs, weights: huge }))).toBe(true);
    expect(() => zerosLike(new Float64Array(0), 2 ** 45)).toThrow('network: an array in numbers is 35184372088832');
  });

  test('is no part of sums by column', () => {
    const kernel: EncodingOf<'sparseInt8'> = {
      type: 'sparseInt8',
      width: 16,
      starts: Int32Array.of(0, 2, 3),
      rows: Int32Array.of(0, 2, 1),
      values: Int8Array.from({ length: 48 }, (_, i) => (i < 34 ? i - 9 : 0)),
      scales: new Float32Array(18).fill(1),
    };
    const whole = densified({ shape: [3, 18], encoding: kernel, mask: null }).encoding as EncodingOf<'int8'>;
    const of = { columns: 18, inner: 1, bias: undefined, isCentred: false };
    const rest = { name: 'd', input: { scale: 1, zeroPoint: -5 }, output: null, ...of };
    const sums = foldedBias({ ...rest, kernel, terms: 3 });
    expect(sums).toEqual(foldedBias({ ...rest, kernel: whole, terms: 3 }));
    expect([sums[0], sums[15], sums[16], sums[17]]).toEqual([-5 * -1 * (-9 + 7), 5 * (6 + 22), 5 * 23, 5 * 24]);
    expect(() => foldedBias({ ...rest, kernel, terms: 131_072 })).toThrow('terms of node "d" is 131072');
  });

  test('tells whether a network is pruned', () => {
    const of = (shape: number[], starts: number[], mask: number[] | null): boolean => {
      const { weights, ...rest } = decodeNetwork(
        fileOf({ shape: [2, 2], dtype: 'F32', n: 4, width: 1, code: 'bitmask' }),
      ).network;
      const rows = Int32Array.from({ length: starts.at(-1)! }, (_, i) => i % 2);
      const encoding = {
        type: 'sparse',
        width: 1,
        starts: Int32Array.from(starts),
        rows,
        values: new Float32Array(rows.length),
      } as const;
      const kernel = { shape, encoding, mask: mask && Uint8Array.from(mask) };
      return isPruned(new Network({ ...rest, weights: new Map(weights).set('d0/kernel', kernel) }));
    };
    expect(of([2, 2], [0, 2, 4], null)).toBe(false);
    expect(of([2, 2], [0, 2, 4], [1, 1, 1, 1])).toBe(false);
    expect(of([2, 2], [0, 2, 4], [1, 1, 0, 1])).toBe(true);
    expect(of([2, 2], [0, 2, 3], null)).toBe(true);
  });
});

test('kernels without numbers are those of a network', () => {
  for (const width of [1, 4, 16] as const)
    for (const [terms, units] of [
      [0, 300],
      [300, 0],
      [0, 0],
    ] as const)
      for (const code of ['bitmask', 'deltas'] as const) {
        const n = Math.ceil(units / width) * Math.max(1, terms);
        const { network } = decodeNetwork(fileOf({ shape: [terms, units], dtype: 'F32', n, width, code }));
        expect(isPruned(network)).toBe(false);
        expect(decodeNetwork(encodeNetwork(network)).network).toEqual(network);
      }
});

test.each([null, undefined, 7, {}, []])('an encoding that is none is refused: %j', (encoding) => {
  const weights = new Map([['d/kernel', { shape: [2, 2], encoding, mask: null } as unknown as Stored]]);
  const nodes = [nodeOf('dense', 'd', ['input'], LINEAR, { weights: { kernel: 'd/kernel' } })];
  const inputs = [{ name: 'input', shape: [2], dtype: 'float32' as const }];
  const network = new Network({ inputs, nodes, outputs: ['d'], weights });
  for (const call of [
    () => compileNetwork(network, 1, {}),
    () => networkCost(network),
    () => validateNetwork(network),
  ]) {
    expect(call).toThrow(WhittleError);
    expect(call).toThrow(
      'encoding must be one of float32, float64, int8, int32, levels, fixed, float16, bfloat16, palette, hashed, sparse, sparseInt8, got ',
    );
  }
  expect(() => isPruned(network)).toThrow(WhittleError);
});
