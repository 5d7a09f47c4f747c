import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { DTypeError, LimitError, ShapeError, ValueError } from '../../src/base/errors.ts';
import { toC, toModule } from '../../src/export/index.ts';
import { readAttributes } from '../../src/graph/attributes.ts';
import { valuesOf } from '../../src/graph/check.ts';
import { networkCost } from '../../src/graph/cost.ts';
import type { Encoding, Stored } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { FACTS } from '../../src/graph/facts.ts';
import type { Graph, Node, QuantizationParams } from '../../src/graph/graph.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { Dense, Sequential } from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/index.ts';

const linear = { activation: { name: 'linear' } } as const;
const floats = (shape: readonly number[]): Stored => ({
  shape,
  encoding: { type: 'float32', values: new Float32Array(shape.reduce((p, n) => p * n, 1)) },
  mask: null,
});
const FORMAT: QuantizationParams = { scale: 0.5, zeroPoint: -3 };

/** x [3] through `nodes`, with these weights. */
const graph = (
  nodes: readonly Node[],
  weights: Readonly<Record<string, Stored>> = {},
  change: Partial<Graph<Stored>> = {},
): Graph<Stored> => ({
  inputs: [{ name: 'x', shape: [3], dtype: 'float32' }],
  nodes,
  outputs: [nodes.at(-1)?.name ?? 'x'],
  weights: new Map(Object.entries(weights)),
  ...change,
});
const dense = (name = 'd', input = 'x', weights: Readonly<Record<string, string>> = { kernel: 'k', bias: 'b' }): Node =>
  nodeOf('dense', name, [input], linear, { weights });
const fitting = { k: floats([3, 2]), b: floats([2]) };
const flatten = (name: string, input: string, format: QuantizationParams | null = null): Node =>
  nodeOf('flatten', name, [input], {}, { format });
const quantize = (name: string, input: string, format: QuantizationParams | null = FORMAT): Node =>
  nodeOf('quantize', name, [input], {}, { format });

type Case = readonly [
  what: string,
  of: Graph<Stored>,
  error: abstract new (...args: never[]) => Error,
  message: string,
];

const structure: Case[] = [
  ['no input', graph([], {}, { inputs: [] }), ValueError, 'the network inputs must be a list of inputs, got []'],
  [
    'no output',
    graph([dense()], fitting, { outputs: [] }),
    ValueError,
    'network: the network outputs must be a list of outputs, got []',
  ],
  [
    'an output that is nothing',
    graph([], {}, { outputs: ['y'] }),
    ValueError,
    'the network outputs must be names of inputs or nodes, got "y"',
  ],
  ['two values of one name', graph([flatten('x', 'x')]), ValueError, 'node "x" name must be different'],
  ['a name that is none', graph([flatten('', 'x')]), ValueError, 'node name must be a string, got ""'],
  ['an operation that is none', graph([{ ...flatten('f', 'x'), op: 'toString' } as never]), ValueError, 'node "f" op'],
  ['a value that is made later', graph([flatten('f', 'g'), flatten('g', 'x')]), ValueError, 'made before it, got "g"'],
  [
    'too many inputs',
    graph([{ ...flatten('f', 'x'), inputs: ['x', 'x'] }]),
    ValueError,
    'inputs must be 1 value, got 2',
  ],
  ['too few inputs', graph([nodeOf('add', 'a', ['x'], {})]), ValueError, 'inputs must be at least 2, got 1'],
  ['a weight that nobody reads', graph([], { k: floats([1]) }), ValueError, 'weight "k" reader must be a node'],
  [
    'a weight that is missing',
    graph([dense()], { k: floats([3, 2]) }),
    ValueError,
    'bias must be a key of the weights',
  ],
  ['a kernel that is not given', graph([dense('d', 'x', {})]), ValueError, 'weight kernel must be given'],
  [
    'a role that does not exist',
    graph([dense('d', 'x', { ...{ kernel: 'k' }, gain: 'b' })], fitting),
    ValueError,
    'gain',
  ],
  [
    'a kernel for other inputs',
    graph([dense()], { ...fitting, k: floats([4, 2]) }),
    ShapeError,
    'a last axis of 4, got [3]',
  ],
  [
    'a kernel of three axes',
    graph([dense()], { ...fitting, k: floats([3, 2, 1]) }),
    ShapeError,
    'kernel [inputs, units]',
  ],
  ['a bias for other units', graph([dense()], { ...fitting, b: floats([3]) }), ShapeError, 'needs a bias [2]'],
  ...(['softmax', 'logSoftmax'] as const).map((name): Case => {
    const node = nodeOf('activation', 'a', ['x'], { activation: { name } });
    const scalar = graph([node], {}, { inputs: [{ name: 'x', shape: [], dtype: 'float32' }] });
    return [`${name} of a number`, scalar, ShapeError, `node "a" (${name}) needs an axis, got []`];
  }),
  [
    'more numbers than an array can hold',
    graph([], {}, { inputs: [{ name: 'x', shape: [4194305, 4194305], dtype: 'float32' }] }),
    LimitError,
    'the limit is',
  ],
  ['a sum of two shapes', graph([dense(), nodeOf('add', 'a', ['x', 'd'], {})], fitting), ShapeError, '[3] and [2]'],
  ['a part past the end', graph([nodeOf('split', 's', ['x'], { from: 1, to: 4 })]), ShapeError, 'no part from 1 to 4'],
  ['an empty part', graph([nodeOf('split', 's', ['x'], { from: 1, to: 1 })]), ShapeError, 'no part from 1 to 1'],
  [
    'a rate of 2',
    graph([nodeOf('dropout', 'o', ['x'], { rate: 2, training: false })]),
    ValueError,
    'rate must be from 0',
  ],
  [
    'a size that is none',
    graph([], {}, { inputs: [{ name: 'x', shape: [-1], dtype: 'float32' }] }),
    ShapeError,
    'got -1',
  ],
  [
    'too many axes',
    graph([], {}, { inputs: [{ name: 'x', shape: Array(8).fill(1), dtype: 'float32' }] }),
    ShapeError,
    '7',
  ],
  [
    'an input type',
    graph([], {}, { inputs: [{ name: 'x', shape: [1], dtype: 'int8' as never }] }),
    ValueError,
    'dtype',
  ],
  [
    'integers where floats are read',
    graph([flatten('f', 'x')], {}, { inputs: [{ name: 'x', shape: [3], dtype: 'int32' }] }),
    DTypeError,
    'node "f" (flatten) computes with floats of one type, got int32',
  ],
];

const ints = (shape: readonly number[], scales: readonly number[], value = 1): Stored => ({
  shape,
  encoding: {
    type: 'int8',
    values: new Int8Array(shape.reduce((p, n) => p * n, 1)).fill(value),
    scales: Float32Array.from(scales),
  },
  mask: null,
});
const sums = (...values: number[]): Stored => ({
  shape: [values.length],
  encoding: { type: 'int32', values: Int32Array.from(values) },
  mask: null,
});
const product = (k: Stored, b: Stored, format: QuantizationParams | null = null, name = 'linear'): Graph<Stored> => {
  const attrs = { activation: { name } } as typeof linear;
  const nodes = [
    quantize('q', 'x'),
    nodeOf('dense', 'd', ['q'], attrs, { weights: { kernel: 'k', bias: 'b' }, format }),
  ];
  return graph(format === null ? nodes : [...nodes, nodeOf('dequantize', 'y', ['d'], {})], { k, b });
};
const good = ints([3, 2], [0.1, 0.2]);

const formats: Case[] = [
  ['a quantize without a format', graph([quantize('q', 'x', null)]), DTypeError, 'node "q" (quantize) needs a format'],
  ['an output in int8', graph([quantize('q', 'x')]), ValueError, 'output "q" value must be real'],
  [
    'an activation of int8 as real numbers',
    graph([quantize('q', 'x'), nodeOf('activation', 'a', ['q'], linear)]),
    DTypeError,
    'needs all values in int8, or all real',
  ],
  ['a view of another format', graph([quantize('q', 'x'), flatten('f', 'q')]), DTypeError, 'that of its input'],
  [
    'a scale of 0',
    graph([quantize('q', 'x', { scale: 0, zeroPoint: 0 })]),
    ValueError,
    'format scale must be positive',
  ],
  [
    'a scale that float32 loses',
    graph([quantize('q', 'x', { scale: 1e-60, zeroPoint: 0 })]),
    ValueError,
    'format scale',
  ],
  [
    'a zero point',
    graph([quantize('q', 'x', { scale: 1, zeroPoint: 128 })]),
    ValueError,
    'zeroPoint must be an integer',
  ],
  ['a sum of both', graph([quantize('q', 'x'), nodeOf('add', 'a', ['x', 'q'], {})]), DTypeError, 'all values in int8'],
  ['floats for int8', product(floats([3, 2]), sums(1, 2)), DTypeError, 'node "d" reads int8, its kernel must be int8'],
  ['a float bias', product(good, floats([2])), DTypeError, 'its bias must be int32, got float32'],
  [
    'int32 for floats',
    graph([dense()], { ...fitting, b: sums(1, 2) }),
    DTypeError,
    'reads float32, its bias must be float32, got int32',
  ],
  [
    'int8 for float64',
    graph([dense()], { ...fitting, k: good }, { inputs: [{ name: 'x', shape: [3], dtype: 'float64' }] }),
    DTypeError,
    'reads float64, its kernel must be float64, got int8',
  ],
  [
    'int8 after tanh',
    product(good, sums(1, 2), FORMAT, 'tanh'),
    DTypeError,
    'after linear, relu or relu6, not after tanh',
  ],
  [
    'a scale of a column',
    product(ints([3, 2], [0.1, 0]), sums(1, 2)),
    ValueError,
    'weight "k" scales[1] must be positive',
  ],
  ['scales for other columns', product(ints([3, 2], [0.1]), sums(1, 2)), ValueError, 'scales length must be 2'],
  ['a sum past int32', product(ints([3, 2], [1, 1], 127), sums(0, 2 ** 31 - 1)), LimitError, 'node "d", column 1'],
  [
    'scales past float32',
    product(ints([3, 2], [1, 3e38]), sums(0, 0), { scale: 1e-20, zeroPoint: 0 }),
    ValueError,
    'finite',
  ],
];

const stored = (change: Partial<Stored>): Graph<Stored> =>
  graph([dense()], { ...fitting, k: { ...fitting.k, ...change } });
const arrays: Case[] = [
  [
    'an encoding that is none',
    stored({ encoding: { type: 'int4' } as never }),
    ValueError,
    'weight "k" encoding must be',
  ],
  [
    'an array of another class',
    stored({ encoding: { type: 'float32', values: new Float64Array(6) } as never }),
    ValueError,
    'a Float32Array',
  ],
  [
    'a short array',
    stored({ encoding: { type: 'float32', values: new Float32Array(5) } }),
    ValueError,
    '6 for shape [3, 2], got 5',
  ],
  ['a short mask', stored({ mask: new Uint8Array(5) }), ValueError, 'mask length must be 6 for shape [3, 2], got 5'],
  ['a mask of 2', stored({ mask: Uint8Array.of(1, 1, 1, 1, 2, 0) }), ValueError, 'mask[4] must be 0 or 1, got 2'],
  [
    'float64 in a float32 network',
    stored({ encoding: { type: 'float64', values: new Float64Array(6) } as Encoding }),
    DTypeError,
    'float64',
  ],
];

const whole = graph([dense()], fitting);
const NONE: readonly (readonly [what: string, given: unknown, got: string])[] = [
  ['null', null, 'null'],
  ['undefined', undefined, 'undefined'],
  ['an object', {}, '{}'],
  ['a list of networks', [whole], '[{ inputs, nodes, outputs, weights }]'],
  ['a model', new Sequential([new Dense(1, { inputShape: [2] })]), 'an object of Sequential'],
  ['a promise', Promise.resolve(whole), 'an object of Promise'],
  ['bytes', new Uint8Array(4), 'an object of Uint8Array'],
  [
    'what is left in JSON',
    JSON.parse(JSON.stringify(whole)),
    '. Its weights are no Map: JSON keeps none, encodeNetwork',
  ],
  ['no weights', { ...whole, weights: undefined }, '{ inputs, nodes, outputs, weights }'],
  ['inputs that are no list', { ...whole, inputs: {} }, '. Its inputs are no list of inputs'],
  ['inputs of nothing', { ...whole, inputs: [null] }, '. Its inputs are no list of inputs'],
  ['nodes that are no list', { ...whole, nodes: new Set(whole.nodes) }, '. Its nodes are no list of nodes'],
  ['nodes of texts', { ...whole, nodes: ['d'] }, '. Its nodes are no list of nodes'],
  ['outputs that are a text', { ...whole, outputs: 'd' }, '. Its outputs are no list of names'],
];

test.each(NONE)('what is no network is refused in one sentence: %s', (_, given, got) => {
  const asked = [validateNetwork, networkCost, toModule, toC, (graph: never) => compileNetwork(graph, 1, cpu)];
  for (const ask of asked) {
    expect(() => ask(given as never)).toThrow(ValueError);
    expect(() => ask(given as never)).toThrow(
      /^network: the network must be a network, as toNetwork\(model\) makes one, got /,
    );
    expect(() => ask(given as never)).toThrow(got);
  }
});

describe('a network is refused, and the node named, for', () => {
  test.each([...structure, ...formats, ...arrays])('%s', (_, network, error, message) => {
    expect(() => validateNetwork(network)).toThrow(error);
    expect(() => validateNetwork(network)).toThrow(message);
  });
});

describe('values', () => {
  test('have the shapes, types and formats that their nodes give them', () => {
    const nodes = [
      nodeOf('split', 'part', ['x'], { from: 1, to: 3 }),
      nodeOf('concat', 'both', ['x', 'part'], {}),
      quantize('q', 'both'),
      flatten('f', 'q', FORMAT),
      nodeOf('dequantize', 'y', ['f'], {}),
    ];
    const values = valuesOf(graph(nodes, {}, { inputs: [{ name: 'x', shape: [2, 3], dtype: 'float32' }] }));
    expect(Object.fromEntries(values)).toEqual({
      x: { shape: [2, 3], dtype: 'float32', format: null },
      part: { shape: [2, 2], dtype: 'float32', format: null },
      both: { shape: [2, 5], dtype: 'float32', format: null },
      q: { shape: [2, 5], dtype: 'float32', format: FORMAT },
      f: { shape: [10], dtype: 'float32', format: FORMAT },
      y: { shape: [10], dtype: 'float32', format: null },
    });
  });

  test('are real in float64 too, but not int8', () => {
    const inputs = [{ name: 'x', shape: [3], dtype: 'float64' }] as const;
    expect(valuesOf(graph([flatten('f', 'x')], {}, { inputs })).get('f')!.dtype).toBe('float64');
    expect(() => valuesOf(graph([quantize('q', 'x'), nodeOf('dequantize', 'y', ['q'], {})], {}, { inputs }))).toThrow(
      DTypeError,
    );
  });
});

test('a node says all of its attributes, though a file may leave out what is usual', () => {
  const node = { name: 'd', op: 'dense', inputs: ['x'], weights: { kernel: 'k' }, format: null };
  for (const attrs of [{}, { activation: 'relu' }, { activation: undefined }]) {
    const network = {
      inputs: [{ name: 'x', shape: [2], dtype: 'float32' }],
      nodes: [{ ...node, attrs }],
      outputs: ['d'],
      weights: new Map([['k', { shape: [2, 2] }]]),
    };
    expect(() => valuesOf(network as never)).toThrow('network: node "d" activation must be in full, got');
  }
});

describe('attributes', () => {
  const read = (op: keyof typeof FACTS, given: unknown): unknown =>
    readAttributes(FACTS[op].attributes as never, given, (field, wanted, value) => {
      throw new ValueError('test', field, wanted, value);
    });

  test('take what is left out from the schema, and defaults of activations with them', () => {
    expect(read('dropout', { rate: 0 })).toEqual({ rate: 0, training: false });
    expect(read('dense', {})).toEqual({ activation: { name: 'linear' } });
    expect(read('dense', { activation: 'leakyRelu' })).toEqual({ activation: { name: 'leakyRelu', alpha: 0.2 } });
    expect(read('dense', { activation: { name: 'elu' } })).toEqual({ activation: { name: 'elu', alpha: 1 } });
    expect(
      read(
        'activation',
        new Map([
          [
            'activation',
            new Map<string, unknown>([
              ['name', 'leakyRelu'],
              ['alpha', 0],
            ]),
          ],
        ]),
      ),
    ).toEqual({
      activation: { name: 'leakyRelu', alpha: 0 },
    });
    expect(read('activation', { activation: { name: 'relu', alpha: 3 } })).toEqual({ activation: { name: 'relu' } });
  });

  test.each([
    ['dropout', {}, 'rate must be from 0 to 1, got undefined'],
    ['dropout', { rate: '0' }, 'rate must be from 0 to 1, got "0"'],
    ['dropout', { rate: 0, training: 1 }, 'training must be true or false'],
    ['dropout', { rate: 0, speed: 1 }, 'speed must be left out'],
    ['dense', null, 'attributes must be an object'],
    ['dense', { activation: 'Relu' }, 'activation must be one of linear, relu'],
    ['dense', { activation: { name: 'toString' } }, 'activation must be'],
    ['dense', { activation: { name: 'elu', alpha: NaN } }, 'activation must be'],
    ['dense', { activation: { name: 'elu', beta: 1 } }, 'activation must be'],
    ['split', { from: 0.5, to: 1 }, 'from must be an integer of at least 0, got 0.5'],
    ['activityRegularization', { l1: -1, l2: 0 }, 'l1 must be at least 0'],
  ] as const)('of %s are refused: %j', (op, given, message) => {
    expect(() => read(op, given)).toThrow(message);
  });
});
