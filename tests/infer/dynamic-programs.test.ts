import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { plainInt8 } from '../quantize/plain-int8.ts';
import {
  around,
  bytes,
  CONVOLUTIONS,
  codes,
  conv,
  draws,
  holds,
  image,
  KERNELS,
  real,
  stored,
  tables,
  whole,
} from './integer-cases.ts';

describe('a dynamic product is that of plain loops over the integers of each sample, on every table', () => {
  const dynamic = true;
  test.each(Object.entries(KERNELS))('dense, of one row a sample and of several: %s', (_, kernelOf) => {
    for (const name of ['linear', 'relu6', 'tanh', 'softmax'] as const)
      for (const shape of [[11], [2, 11], [2, 3, 11]]) {
        const weights = { kernel: kernelOf([11, 19]), bias: real(19) };
        holds(around('dense', { activation: { name }, dynamic }, null, { shape, read: null, weights }));
      }
    holds(
      around('dense', { activation: { name: 'linear' }, dynamic }, null, {
        shape: [11],
        read: null,
        weights: { kernel: kernelOf([11, 3]) },
      }),
    );
  });

  test.each(CONVOLUTIONS)('conv: %s', (_, attrs, shape, kernel) => {
    for (const kernelOf of Object.values(KERNELS))
      for (const name of ['linear', 'relu', 'softmax'] as const) {
        const weights = { kernel: kernelOf(kernel), bias: real(kernel.at(-1)!) };
        holds(around('conv', { ...attrs, activation: { name }, dynamic }, null, { shape, read: null, weights }));
      }
  });

  test('zeros before a convolution are its border', () => {
    const weights = new Map([['k', bytes([3, 3, 2, 3])]]);
    const widths = [
      [1, 2],
      [0, 1],
    ] as const;
    const attrs = { ...image, padding: 'valid', dynamic } as const;
    const network = new Network({
      inputs: [{ name: 'x', shape: [4, 5, 2], dtype: 'float32' }],
      nodes: [
        nodeOf('zeroPad', 'p', ['x'], { widths }),
        nodeOf('conv', 'y', ['p'], attrs, { weights: { kernel: 'k' } }),
      ],
      outputs: ['y'],
      weights,
    });
    holds(network);
  });

  test('samples of zeros, of one sign, with NaN, with an infinity, and too wide for float32', () => {
    const cases = [
      [0, 0, 0, 0],
      [1, 2, 3, 4],
      [-1, -2, -3, -0.5],
      [1, Number.NaN, 2, 3],
      [Infinity, 1, 2, 3],
      [3e38, -3e38, 1, 2],
      [1e-38, 0, 1e-40, -1e-39],
      [0.1, 100, -1e-3, 7],
    ];
    const weights = { kernel: bytes([2, 1, 3]), bias: real(3) };
    const network = around('conv', { ...conv, dynamic }, null, { shape: [4, 1], read: null, weights });
    const x = Float32Array.from(cases.flat());
    const wanted = plainInt8(network, { shape: [cases.length, 4, 1], data: [...x] }).get('y')!.data;
    for (const table of Object.values(tables))
      expect([...compileNetwork(network, cases.length, table).run(x)].map(whole)).toEqual([...wanted].map(whole));
  });

  test('a sample has the same bits in every batch, and beside any other', () => {
    const first = { kernel: bytes([3, 3, 2, 4]), bias: real(4) };
    for (const table of Object.values(tables)) {
      const network = around('conv', { ...image, dynamic }, null, { shape: [5, 5, 2], read: null, weights: first });
      const samples = [0.1, 40, 3, 1].map((size, i) => draws(50, i).map((v) => v * size));
      const alone = samples.map((x) => [...compileNetwork(network, 1, table).run(x)]);
      const program = compileNetwork(network, 4, table);
      const together = (order: readonly number[]): number[] => [
        ...program.run(Float32Array.from(order.flatMap((i) => [...samples[i]!]))),
      ];
      for (const order of [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0], [2]])
        expect(together(order)).toEqual(order.flatMap((i) => alone[i]!));
    }
  });

  test('a sparse kernel in int8 is a whole matrix, also where its panels are asked for', () => {
    const pattern = { width: 16, starts: Int32Array.of(0, 2), rows: Int32Array.of(1, 4) } as const;
    const scales = new Float32Array(16).fill(0.25);
    const sparse = stored([6, 16], { type: 'sparseInt8', ...pattern, values: codes(32), scales });
    const values = new Int8Array(96);
    values.set(codes(32).subarray(0, 16), 16);
    values.set(codes(32).subarray(16), 64);
    const dense = stored([6, 16], { type: 'int8', values, scales });
    const of = (kernel: Stored): Network =>
      around('dense', { activation: { name: 'relu' }, dynamic }, null, { shape: [6], read: null, weights: { kernel } });
    const x = draws(12, 3);
    const wanted = [...compileNetwork(of(dense), 2, reference).run(x)];
    for (const use of ['always', 'never', 'measured'] as const)
      for (const table of Object.values(tables))
        expect([...compileNetwork(of(sparse), 2, table, { sparse: use }).run(x)]).toEqual(wanted);
  });
});
