import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { ACTIVATIONS, type ActivationName } from '../../src/graph/activation.ts';
import type { Encoding, Stored } from '../../src/graph/encoding.ts';
import type { Attributes, Node, Op, QuantizationParams } from '../../src/graph/graph.ts';
import { packedCodes } from '../../src/graph/levels.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { Random } from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { compileQuantized } from '../../src/infer/quantized.ts';
import { plainInt8 } from '../quantize/plain-int8.ts';

const tables = { reference, cpu, wasm: wasm() };
const SAMPLES = 3;

const from: QuantizationParams = { scale: 0.03, zeroPoint: -17 };
const to: QuantizationParams = { scale: 0.11, zeroPoint: 9 };
const positive: QuantizationParams = { scale: 0.02, zeroPoint: -128 };

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
const draws = (n: number, seed: number): Float32Array => new Random(seed, 'forms').normal([n]).data as Float32Array;
const stored = (shape: readonly number[], encoding: Encoding): Stored => ({ shape, encoding, mask: null });
const real = (...shape: number[]): Stored => stored(shape, { type: 'float32', values: draws(sizeOf(shape), 5) });
const sums = (n: number): Stored =>
  stored([n], { type: 'int32', values: Int32Array.from(draws(n, 6), (x) => Math.round(300 * x)) });
const codes = (n: number): Int8Array => Int8Array.from(draws(n, 7), (x) => Math.max(-127, Math.min(127, 50 * x)));

/** Kernels of integers, of one scale a column or one for all. */
const bytes = (shape: readonly number[], isAlike = false): Stored => {
  const scales = Float32Array.from({ length: shape.at(-1)! }, (_, j) => (isAlike ? 0.01 : 0.004 * (j + 1)));
  return stored(shape, { type: 'int8', values: codes(sizeOf(shape)), scales });
};
const fixed = (shape: readonly number[]): Stored =>
  stored(shape, { type: 'fixed', values: codes(sizeOf(shape)), fraction: 7 });
const fourBits = (shape: readonly number[]): Stored => {
  const levels = Uint8Array.from(draws(sizeOf(shape), 8), (x) => Math.max(0, Math.min(15, 8 + 3 * x)));
  const units = shape.at(-1)!;
  const scales = Float32Array.from({ length: units }, (_, j) => 0.05 * (j + 1));
  const group = sizeOf(shape) / units;
  return stored(shape, { type: 'levels', values: packedCodes(levels, 4), bits: 4, group, scales, zeroPoints: null });
};
const KERNELS = { bytes: (shape: readonly number[]) => bytes(shape), fixed, fourBits };

interface Case {
  readonly shape: readonly number[];
  readonly dtype?: 'float32' | 'int32';
  /** Of what the node reads; null for real numbers. */
  readonly read?: QuantizationParams | null;
  /** How often it reads it, and once more in another format. */
  readonly isTwice?: boolean;
  readonly weights?: Readonly<Record<string, Stored>>;
}

/** One node between a quantize and a dequantize, where it reads and gives int8. */
function around<K extends Op>(
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
function holds(network: Network, given?: Float32Array | Int32Array): void {
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
const whole = (x: number): number => x + 0;

const conv = { activation: { name: 'linear' }, strides: [1], dilations: [1], padding: 'same', groups: 1 } as const;
const image = { ...conv, strides: [1, 1], dilations: [1, 1] } as const;

/** Windows of every kind: sequences and images, steps and distances, groups, borders on either side, each channel by itself. */
const CONVOLUTIONS: readonly [string, Attributes['conv'], x: readonly number[], kernel: readonly number[]][] = [
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

const RULES = [{}, { rule: 'multiplier' }] as const;
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

  test.each(RULES)('add of two values of their own formats: %o', (rule) => {
    for (const read of [from, positive, { scale: 3, zeroPoint: 127 }, { scale: 1e-9, zeroPoint: 0 }])
      holds(around('add', rule, { scale: 0.2, zeroPoint: -5 }, { shape: [40], read, isTwice: true }));
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
    expect(made(network)).toThrow('node "y" (add) adds two values by the rule multiplier: add them one after another');
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
      around('layerNorm', { epsilon: 1e-3 }, to, { shape: [4] }),
    ];
    for (const network of cases)
      expect(() => compileQuantized(network, 1, cpu)).toThrow(/node "y" .*: take compileNetwork$/);
  });
});
