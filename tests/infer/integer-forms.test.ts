import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { quantizedCpu } from '../../kernels/cpu/quantized.ts';
import { elementsOf } from '../../src/base/shape.ts';
import { ACTIVATIONS, type ActivationName } from '../../src/graph/activation.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Node, QuantizationParams } from '../../src/graph/graph.ts';
import { columnScales } from '../../src/graph/integers.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { compileQuantized } from '../../src/infer/quantized.ts';

import {
  around,
  bytes,
  CONVOLUTIONS,
  conv,
  draws,
  fixed,
  from,
  holds,
  KERNELS,
  positive,
  real,
  stored,
  sums,
  tables,
  to,
  whole,
} from './integer-cases.ts';

/** A kernel of one tap, one channel and one unit. */
const bytesOf = (value: number, scale: number): Stored =>
  stored([1, 1, 1], { type: 'int8', values: Int8Array.of(value), scales: Float32Array.of(scale) });

const RULES = [{}, { rule: 'multiplier' }, { rule: 'xnnpack' }] as const;
const ENDS = ['linear', 'relu', 'relu6'] as const;

describe('a static form is that of plain loops over integers, on every table', () => {
  test.each(RULES)('dense and conv: %o', (rule) => {
    for (const kernelOf of Object.values(KERNELS))
      for (const name of ENDS) {
        const weights = { kernel: kernelOf([11, 19]), bias: sums(19) };
        holds(around('dense', { activation: { name }, ...rule }, to, { shape: [2, 11], weights }));
        for (const [, attrs, shape, kernel] of CONVOLUTIONS.slice(0, 3)) {
          const own = { kernel: kernelOf(kernel), bias: sums(kernel.at(-1)!) };
          holds(around('conv', { ...attrs, activation: { name }, ...rule }, to, { shape, weights: own }));
        }
      }
  });

  test('halves go to the even number in float32, and up in whole numbers', () => {
    const eye = Int8Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0));
    const kernel = stored([4, 4], { type: 'int8', values: eye, scales: new Float32Array(4).fill(1) });
    const ones = { scale: 1, zeroPoint: 0 };
    const halves = { scale: 2, zeroPoint: 0 };
    const given = (rule: (typeof RULES)[number]): number[][] =>
      [
        around('dense', { activation: { name: 'linear' }, ...rule }, halves, {
          shape: [4],
          read: ones,
          weights: { kernel },
        }),
        around('conv', { ...conv, ...rule }, halves, { shape: [4, 1], read: ones, weights: { kernel: bytesOf(1, 1) } }),
      ].flatMap((network) =>
        Object.values(tables).map((table) => [...compileNetwork(network, 1, table).run(Float32Array.of(1, 3, -1, -3))]),
      );
    for (const rule of [{}, { rule: 'xnnpack' }] as const)
      for (const y of given(rule)) expect(y.map(whole)).toEqual([0, 4, 0, -4]);
    for (const y of given({ rule: 'multiplier' })) expect(y.map(whole)).toEqual([2, 4, 0, -2]);
  });

  test.each(RULES)('convTranspose, to int8 and to real numbers: %o', (rule) => {
    const layouts = [
      { strides: [1, 1], padding: 'same' },
      { strides: [2, 2], padding: 'same' },
      { strides: [2, 3], padding: 'valid' },
      {
        strides: [2, 1],
        padding: [
          [1, 0],
          [0, 2],
        ],
      },
    ] as const;
    for (const layout of layouts)
      for (const kernel of [bytes([3, 3, 4, 2], true), fixed([3, 3, 4, 2])])
        for (const name of ENDS) {
          const weights = { kernel, bias: sums(4) };
          for (const format of [to, null])
            holds(
              around('convTranspose', { activation: { name }, ...layout, ...rule }, format, {
                shape: [4, 3, 2],
                weights,
              }),
            );
        }
    const softmax = { activation: { name: 'softmax' as ActivationName }, ...layouts[1], ...rule };
    holds(around('convTranspose', softmax, null, { shape: [4, 3, 2], weights: { kernel: bytes([3, 3, 4, 2], true) } }));
  });

  test('an integer kernel of a transposed convolution has the sums of the numbers that it stands for', () => {
    // In powers of two nothing is rounded, so the real network has the same numbers
    const attrs = { activation: { name: 'linear' }, strides: [2, 2], padding: 'same' } as const;
    const format = { scale: 0.5, zeroPoint: 1 };
    const kernel = fixed([3, 3, 4, 2]);
    const x = Float32Array.from(draws(24, 2), (v) => Math.round(4 * v) / 2);
    const integers = around('convTranspose', attrs, null, { shape: [4, 3, 2], read: format, weights: { kernel } });
    const reals = around('convTranspose', attrs, null, { shape: [4, 3, 2], read: null, weights: { kernel } });
    for (const table of Object.values(tables))
      expect([...compileNetwork(integers, 1, table).run(x)].map(whole)).toEqual(
        [...compileNetwork(reals, 1, table).run(x)].map(whole),
      );
  });

  test('no int32 sum of a unit of a transposed convolution can overflow', () => {
    const attrs = { activation: { name: 'linear' }, strides: [1, 1], padding: 'same' } as const;
    const scales = new Float32Array(3).fill(0.5);
    // Unit 0 has zeros, unit 1 adds 255·127 for each of three channels at most
    const kernel = stored([1, 1, 2, 3], { type: 'int8', values: Int8Array.of(0, 0, 0, 127, 127, 127), scales });
    const most = 2 ** 31 - 1;
    const make = (...values: number[]): unknown => {
      const bias = stored([2], { type: 'int32', values: Int32Array.from(values) });
      const network = around('convTranspose', attrs, null, { shape: [2, 2, 3], weights: { kernel, bias } });
      return compileNetwork(network, 1, cpu);
    };
    make(most, most - 3 * 255 * 127);
    expect(() => make(most, most - 3 * 255 * 127 + 1)).toThrow('the largest int32 sum of node "y", column 1,');
  });

  test.each(RULES)('add of two values of their own formats: %o', (rule) => {
    const tiny = { scale: 'rule' in rule && rule.rule === 'xnnpack' ? 0.2 / 1024 : 1e-9, zeroPoint: 0 };
    for (const read of [from, positive, { scale: 3, zeroPoint: 127 }, tiny])
      holds(around('add', rule, { scale: 0.2, zeroPoint: -5 }, { shape: [40], read, isTwice: true }));
  });

  test('sums and factors as LiteRT.js has them, where the float32 rule has others', () => {
    const a = { scale: 0.039393551647663116, zeroPoint: -128 };
    const b = { scale: 0.10419496148824692, zeroPoint: 4 };
    const y = { scale: 0.050945673137903214, zeroPoint: -128 };
    const summed = (attrs: (typeof RULES)[number]): Network =>
      new Network({
        inputs: ['x', 'z'].map((name) => ({ name, shape: [1], dtype: 'float32' })),
        nodes: [
          nodeOf('quantize', 'a', ['x'], {}, { format: a }),
          nodeOf('quantize', 'b', ['z'], {}, { format: b }),
          nodeOf('add', 'y', ['a', 'b'], attrs, { format: y }),
          nodeOf('dequantize', 'end', ['y'], {}),
        ],
        outputs: ['end'],
        weights: new Map(),
      });
    const inputs = [Float32Array.of(197 * a.scale), Float32Array.of(48 * b.scale)];
    for (const table of Object.values(tables)) {
      const given = RULES.map((rule) => compileNetwork(summed(rule), 1, table).run(inputs)[0]![0]! / y.scale);
      expect(given.map(Math.round)).toEqual([250, 250, 251]); // 250.4999...: its factors of 21 bits lift it
    }
    const scales = Float32Array.from({ length: 400 }, (_, j) => 0.001 + j * 1.7e-5);
    const kernel = stored([1, 400], { type: 'int8', values: new Int8Array(400).fill(1), scales });
    const product = { name: 'y', input: from, output: to, kernel: kernel.encoding as never, terms: 1, columns: 400 };
    const of = (rule?: 'xnnpack') => columnScales({ ...product, rule, inner: 1, bias: undefined, isCentred: false });
    const own = of('xnnpack');
    const fr = Math.fround;
    expect([...own]).toEqual(Array.from(scales, (scale) => fr(fr(fr(from.scale) * scale) / fr(to.scale))));
    expect([...of()].filter((scale, j) => scale !== own[j]).length).toBeGreaterThan(50);
  });

  test('means of codes: halves away from 0, whatever the zero point', () => {
    const format = { scale: 1, zeroPoint: 3 };
    const attrs = { kind: 'average', rule: 'multiplier' } as const;
    const x = Float32Array.of(-5, -6, -4, -5, 0, 1, -3, -2); // codes -2, -3, -1, -2, 3, 4, 0, 1
    const pool = { ...attrs, size: [2], strides: [2], padding: 'valid' } as const;
    for (const table of Object.values(tables)) {
      const y = compileNetwork(around('pool', pool, format, { shape: [8, 1], read: format }), 1, table).run(x);
      expect([...y].map((v) => v + 3)).toEqual([-3, -2, 4, 1]); // -2.5, -1.5, 3.5 and 0.5
    }
    for (const read of [from, positive])
      for (const [shape, size] of [
        [
          [7, 6, 3],
          [2, 2],
        ],
        [
          [7, 9, 17],
          [3, 2],
        ],
        [[9, 5], [4]],
      ] as const) {
        const strides = size.map(() => 2);
        for (const padding of ['same', 'valid'] as const)
          holds(around('pool', { ...attrs, size, strides, padding }, read, { shape, read }));
        holds(around('globalPool', attrs, read, { shape, read }));
      }
  });

  test.each(ACTIVATIONS)('an activation between two formats, and in its own: %s', (name) => {
    const spec = name === 'elu' || name === 'leakyRelu' ? { name, alpha: 0.3 } : { name };
    const formats =
      name === 'softmax'
        ? [{ scale: 1 / 256, zeroPoint: -128 }]
        : name === 'logSoftmax'
          ? [{ scale: 0.05, zeroPoint: 127 }]
          : [to, from, positive];
    for (const format of formats) holds(around('activation', { activation: spec }, format, { shape: [4, 25] }));
  });

  test('an activation that reads a product is not cut off in the format of the product', () => {
    const weights = new Map([['k', bytes([11, 19])]]);
    for (const [name, format] of [
      ['relu', to],
      ['relu', positive],
      ['tanh', to],
      ['relu6', positive],
    ] as const)
      for (const read of [to, positive]) {
        const network = new Network({
          inputs: [{ name: 'x', shape: [11], dtype: 'float32' }],
          nodes: [
            nodeOf('quantize', 'q', ['x'], {}, { format: from }),
            nodeOf('dense', 'd', ['q'], { activation: { name: 'linear' } }, { weights: { kernel: 'k' }, format: read }),
            nodeOf('activation', 'a', ['d'], { activation: { name } }, { format }),
            nodeOf('dequantize', 'end', ['a'], {}),
          ],
          outputs: ['end'],
          weights,
        });
        holds(network);
      }
  });

  test('an activation is written over what nobody reads again, and not over what somebody does', () => {
    const activation = { name: 'hardSwish' } as const;
    const nodes = [
      nodeOf('quantize', 'q', ['x'], {}, { format: from }),
      nodeOf('activation', 'a', ['q'], { activation }, { format: to }),
      nodeOf('activation', 'b', ['a'], { activation: { name: 'relu' } }, { format: to }),
      nodeOf('add', 's', ['q', 'b'], {}, { format: to }),
      nodeOf('dequantize', 'end', ['s'], {}),
    ];
    const inputs = [{ name: 'x', shape: [60], dtype: 'float32' as const }];
    holds(new Network({ inputs, nodes, outputs: ['end'], weights: new Map() }));
  });

  test('normalizations, by real numbers inside', () => {
    const statistics = { mean: real(5), variance: stored([5], { type: 'float32', values: draws(5, 9).map(Math.abs) }) };
    const batch = { epsilon: 1e-3, momentum: 0.9, isUnbiased: false };
    for (const scales of [{}, { gamma: real(5), beta: real(5) }]) {
      holds(around('batchNorm', batch, to, { shape: [4, 5], weights: { ...statistics, ...scales } }));
      holds(around('layerNorm', { epsilon: 1e-3 }, to, { shape: [4, 5], weights: scales }));
    }
  });

  test('an embedding, whose table is in the format of its result', () => {
    const format = { scale: 0.01, zeroPoint: 0 };
    const table = bytes([9, 7], true);
    const network = around('embedding', {}, format, {
      shape: [4],
      dtype: 'int32',
      read: null,
      weights: { embeddings: table },
    });
    holds(network, Int32Array.of(0, 8, 3, 3, 1, 2, 7, 6, 5, 4, 0, 8));
    for (const tableOf of Object.values(tables))
      expect(() => compileNetwork(network, 1, tableOf).run(Int32Array.of(0, 9, 0, 0))).toThrow('from 0 to 8');
  });
});

describe('refused, and the node named', () => {
  const made = (network: Network) => () => compileNetwork(network, 1, cpu);
  const embedding = (format: QuantizationParams, embeddings: Stored): Network =>
    around('embedding', {}, format, { shape: [4], dtype: 'int32', read: null, weights: { embeddings } });

  test('an embedding whose table has other scales than its result, or a zero point, or real numbers', () => {
    const table = bytes([9, 2], true);
    expect(made(embedding({ scale: 0.02, zeroPoint: 0 }, table))).toThrow(
      'node "y" scales[0] of embeddings must be 0.019999999552965164, as all others and those of its values, got 0.00999',
    );
    expect(made(embedding({ scale: 0.01, zeroPoint: 3 }, table))).toThrow('node "y" format zeroPoint must be 0');
    expect(made(embedding({ scale: 0.01, zeroPoint: 0 }, real(9, 2)))).toThrow('its embeddings must be int8');
  });

  test('sums in whole numbers of three values, and of scales that no multiplier holds', () => {
    const rule = { rule: 'multiplier' } as const;
    const three = around('add', rule, to, { shape: [4], isTwice: true });
    const [q, p, add, end] = three.nodes as [Node, Node, Node, Node];
    const network = new Network({ ...three, nodes: [q, p, { ...add, inputs: ['q', 'p', 'q'] }, end] });
    expect(made(network)).toThrow(
      'node "y" (add) adds more than two values, which the rule multiplier does not: add them one after another',
    );
    expect(
      made(new Network({ ...network, nodes: [q, p, { ...add, inputs: ['q', 'p', 'q'], attrs: {} } as Node, end] })),
    ).not.toThrow();
    const scale = to.scale / 2 ** 19;
    expect(made(around('add', rule, { scale, zeroPoint: 0 }, { shape: [4], isTwice: true }))).toThrow('a 524,288th');
    expect(
      made(around('add', rule, { scale: 1.001 * scale, zeroPoint: 0 }, { shape: [4], isTwice: true })),
    ).not.toThrow();
  });

  test('a table of kernels that lacks one of these, by its name', () => {
    const without = (name: keyof typeof cpu) => ({ ...cpu, [name]: undefined });
    const kernel = bytes([3, 3, 4, 2], true);
    const attrs = { activation: { name: 'linear' }, strides: [1, 1], padding: 'same' } as const;
    const cases = {
      lookUp: around('activation', { activation: { name: 'tanh' } }, to, { shape: [3] }),
      tanh: around('activation', { activation: { name: 'tanh' } }, to, { shape: [3] }),
      conv2dTransposedInt8: around('convTranspose', attrs, to, { shape: [4, 3, 2], weights: { kernel } }),
      requantizeWhole: around('dense', { activation: { name: 'linear' }, rule: 'multiplier' }, to, {
        shape: [3],
        weights: { kernel: bytes([3, 2]) },
      }),
      addInt8Whole: around('add', { rule: 'multiplier' }, to, { shape: [4], isTwice: true }),
      addInt8Shifted: around('add', { rule: 'xnnpack' }, to, { shape: [4], isTwice: true }),
      avgPoolInt8Whole: around('globalPool', { kind: 'average', rule: 'multiplier' }, from, { shape: [4, 2] }),
      quantizeRows: around('dense', { activation: { name: 'linear' }, dynamic: true }, null, {
        shape: [3],
        read: null,
        weights: { kernel: bytes([3, 2]) },
      }),
    };
    for (const [name, network] of Object.entries(cases))
      expect(() => compileNetwork(network, 1, without(name as keyof typeof cpu))).toThrow(`needs the kernel ${name}`);
  });

  test('all of them by compileQuantized, which has their steps not', () => {
    const kernel = bytes([3, 3, 4, 2], true);
    const attrs = { activation: { name: 'linear' }, strides: [1, 1], padding: 'same' } as const;
    const dense = { activation: { name: 'linear' } } as const;
    const cases = [
      around('activation', { activation: { name: 'tanh' } }, to, { shape: [3] }),
      around('convTranspose', attrs, to, { shape: [4, 3, 2], weights: { kernel } }),
      around('dense', { ...dense, rule: 'multiplier' }, to, { shape: [3], weights: { kernel: bytes([3, 2]) } }),
      around('dense', { ...dense, dynamic: true }, null, {
        shape: [3],
        read: null,
        weights: { kernel: bytes([3, 2]) },
      }),
      around('add', { rule: 'multiplier' }, to, { shape: [4], isTwice: true }),
      around('add', { rule: 'xnnpack' }, to, { shape: [4], isTwice: true }),
      around('layerNorm', { epsilon: 1e-3 }, to, { shape: [4] }),
    ];
    for (const network of cases)
      expect(() => compileQuantized(network, 1, cpu)).toThrow(/node "y" .*: take compileNetwork$/);
    const product = { shape: [3], weights: { kernel: bytes([3, 2]) } };
    const mean = around('globalPool', { kind: 'average', rule: 'multiplier' }, from, { shape: [4, 2], read: from });
    for (const same of [around('dense', { ...dense, rule: 'xnnpack' }, to, product), mean]) {
      const x = draws(8, 4).subarray(0, elementsOf(same.inputs[0]!.shape));
      expect(compileQuantized(same, 1, cpu).run(x)).toEqual(compileNetwork(same, 1, cpu).run(x));
    }
    expect(() => compileQuantized(mean, 1, quantizedCpu)).toThrow('needs the kernel avgPoolInt8Whole');
  });
});
