import { expect, test } from 'vitest';
import { networkCost } from '../../src/graph/cost.ts';
import { Network } from '../../src/graph/network.ts';
import { printGraph } from '../../src/graph/print.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import type { Stored } from '../../src/infer/index.ts';
import { everyEncoding, fixed, halves, hashed, levels, palette, productOf } from '../encodings.ts';

const floats = (...shape: number[]): Stored => ({
  shape,
  encoding: { type: 'float32', values: new Float32Array(shape.reduce((p, n) => p * n, 1)).fill(1) },
  mask: null,
});

/** Two inputs, a shared layer, a sum, a part, and a softmax in int8 and back. */
const format = { scale: 0.012345678, zeroPoint: -5 };
const shared = { kernel: 'shared/kernel', bias: 'shared/bias' };
const network = new Network({
  inputs: [
    { name: 'image', shape: [2, 30], dtype: 'float32' },
    { name: 'x', shape: [2, 30], dtype: 'float32' },
  ],
  nodes: [
    nodeOf('dense', 'shared', ['image'], { activation: { name: 'leakyRelu', alpha: 0.2 } }, { weights: shared }),
    nodeOf('dense', 'shared_1', ['x'], { activation: { name: 'linear' } }, { weights: shared }),
    nodeOf('add', 'sum', ['shared', 'shared_1'], {}),
    nodeOf('split', 'part', ['sum'], { from: 0, to: 20 }),
    nodeOf('dropout', 'drop', ['part'], { rate: 0.5, training: false }),
    nodeOf('quantize', 'q', ['drop'], {}, { format }),
    nodeOf('dequantize', 'r', ['q'], {}),
    nodeOf('activation', 'end', ['r'], { activation: { name: 'softmax' } }),
  ],
  outputs: ['end', 'sum'],
  weights: new Map([
    ['shared/kernel', floats(30, 40)],
    ['shared/bias', floats(40)],
  ]),
});

test('a network prints as a line for each value, and what it weighs', () => {
  expect(String(network)).toBe(printGraph(network));
  expect(`\n${network}`).toBe(`
image     float32 [2, 30]                       input
x         float32 [2, 30]                       input
shared    float32 [2, 40]                       leakyRelu(dense(image, shared/kernel [30, 40], shared/bias [40]), 0.2)
shared_1  float32 [2, 40]                       dense(x, shared/kernel [30, 40], shared/bias [40])
sum       float32 [2, 40]                       add(shared, shared_1)
part      float32 [2, 20]                       split(sum, from 0, to 20)
drop      float32 [2, 20]                       dropout(part, rate 0.5, training false)
q         int8 [2, 20], scale 0.01235, zero -5  quantize(drop)
r         float32 [2, 20]                       dequantize(q)
end       float32 [2, 20]                       softmax(r)
gives end, sum: 1,240 parameters, 4,800 multiply-adds a sample`);
});

test('a weight that two nodes share is counted once, its products twice', () => {
  const { parameters, nonZeroParameters, macs, nodes } = networkCost(network);
  expect([parameters, nonZeroParameters, macs]).toEqual([1240, 1240, 4800]);
  expect(nodes.slice(0, 2).map((node) => [node.parameters, node.macs])).toEqual([
    [1240, 2400],
    [0, 2400],
  ]);
});

test('a network without nodes prints too', () => {
  const empty = new Network({ ...network, nodes: [], outputs: ['x'], weights: new Map() });
  expect(String(empty)).toContain('gives x: 0 parameters, 0 multiply-adds a sample');
});

test('a weight that is not in float32 says how it is held', () => {
  const shape = [64, 10];
  const shown = (weight: Stored): string => /d\/kernel (.*)\)/.exec(`${productOf(weight)}`)![1]!;
  const int8 = new Int8Array(640);
  expect(shown(floats(64, 10))).toBe('[64, 10]');
  expect(shown(levels({ shape }, 4, 32))).toBe('[64, 10] (int4, groups of 32)');
  expect(shown(levels({ shape }, 4, 64, true))).toBe('[64, 10] (uint4)');
  expect(shown(levels({ shape }, 8, 63, true))).toBe('[64, 10] (uint8, groups of 63)');
  expect(shown(levels({ shape }, 8, 64))).toBe('[64, 10] (int8)');
  expect(shown(levels({ shape }, 2, 64))).toBe('[64, 10] (int2)');
  expect(shown(levels({ shape }, 1, 1))).toBe('[64, 10] (binary, groups of 1)');
  expect(shown(fixed({ shape }, 8, 4))).toBe('[64, 10] (Q3.4)');
  expect(shown(fixed({ shape }, 16, 15))).toBe('[64, 10] (Q0.15)');
  expect(shown(halves({ shape }, 'float16'))).toBe('[64, 10] (float16)');
  expect(shown(halves({ shape }, 'bfloat16'))).toBe('[64, 10] (bfloat16)');
  const scales = new Float32Array(10).fill(1);
  expect(shown({ shape, encoding: { type: 'int8', values: int8, scales }, mask: null })).toBe('[64, 10] (int8)');
  const pattern = { width: 16, starts: Int32Array.of(0, 1), rows: Int32Array.of(3) } as const;
  const sparse = { type: 'sparseInt8', ...pattern, values: new Int8Array(16), scales } as const;
  expect(shown({ shape, encoding: sparse, mask: null })).toBe('[64, 10] (int8, 1x16, 10 held)');
  expect(shown(palette({ shape }, 32))).toBe('[64, 10] (palette of 32)');
  expect(shown(hashed({ shape }, 20))).toBe('[64, 10] (hashed to 20)');
  for (const [, weight] of everyEncoding({ shape: [0, 4] }))
    expect(shown(weight)).toMatch(/^\[0, 4\] \([A-Za-z]+[-0-9.]*( of \d+| to \d+)?\)$/);
});
