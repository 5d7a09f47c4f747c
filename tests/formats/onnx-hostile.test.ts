import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FormatError, LimitError, ValueError, WhittleError } from '../../src/base/errors.ts';
import { fromOnnx, toOnnx } from '../../src/formats/index.ts';
import { Dense, quantize, Random, Sequential, toNetwork } from '../../src/index.ts';
import { validateNetwork } from '../../src/infer/index.ts';
import { Mutants } from './mutants.ts';
import { attribute, file, message, node, tensor, value } from './onnx-files.ts';

/** Refused by an error of the library, or a network. */
function outcome(bytes: Uint8Array): 'network' | 'refused' {
  try {
    validateNetwork(fromOnnx(bytes).network);
    return 'network';
  } catch (error) {
    if (error instanceof WhittleError) return 'refused';
    throw error;
  }
}

const folder = new URL('../golden/onnx-models/', import.meta.url);
const real = readdirSync(folder)
  .filter((name) => name.endsWith('.onnx'))
  .map((name) => new Uint8Array(readFileSync(new URL(name, folder))));
const model = new Sequential([new Dense(5, { activation: 'relu', inputShape: [4] }), new Dense(3)], { seed: 1 });
const own = [
  toOnnx(toNetwork(model)),
  toOnnx(quantize(model, { calibration: new Random(2, 'hostile').normal([20, 4]) })),
  toOnnx(quantize(model, { calibration: new Random(2, 'hostile').normal([20, 4]), rule: 'multiplier' })),
  file(
    ['N', 4, 6, 6],
    [
      node('Conv', ['x', 'w'], ['a'], { pads: [1, 1, 1, 1], group: 2 }),
      node('Reshape', ['a', 's'], ['b']),
      node('Transpose', ['b'], ['c'], { perm: [0, 2, 1, 3, 4] }),
      node('Reshape', ['c', 't'], ['d']),
      node('Flatten', ['d'], ['e']),
      node('Gemm', ['e', 'k'], ['y']),
    ],
    [
      tensor('w', [4, 2, 3, 3], Array(72).fill(0.1)),
      tensor('s', [5], [0, 2, 2, 6, 6], 'int64'),
      tensor('t', [4], [0, 4, 6, 6], 'int64'),
      tensor('k', [144, 2], Array(288).fill(0.01)),
    ],
  ),
];

test('mutants of files are refused by an error of the library, or are networks', () => {
  const mutants = new Mutants(7);
  const counts = { network: 0, refused: 0 };
  for (const bytes of [...real, ...own]) {
    for (let i = 0; i < 150; i++) counts[outcome(mutants.of(bytes))]++;
  }
  expect(counts.network + counts.refused).toBe(150 * (real.length + own.length));
  expect(counts.network).toBeGreaterThan(50);
  expect(counts.refused).toBeGreaterThan(500);
});

const weight = tensor('w', [4, 2], Array(8).fill(1));
const gemm = [node('Gemm', ['x', 'w'], ['y'])];
const refused: readonly (readonly [name: string, bytes: () => Uint8Array, words: RegExp])[] = [
  [
    'a product of sizes that is no number',
    () => file([1, 4], gemm, [{ ...weight, dims: [2 ** 52, 2 ** 52] }]),
    /numbers for the shape/,
  ],
  ['negative sizes', () => file([1, 4], gemm, [{ ...weight, dims: [-4, -2] }]), /axis of size -4/],
  [
    'raw data that are too short',
    () => file([1, 4], gemm, [{ ...weight, floatData: [], rawData: new Uint8Array(31) }]),
    /7.75 numbers/,
  ],
  [
    'raw data that are too long',
    () => file([1, 4], gemm, [{ ...weight, floatData: [], rawData: new Uint8Array(36) }]),
    /9 numbers/,
  ],
  [
    'external data',
    () => file([1, 4], gemm, [{ ...weight, externalData: [{ key: 'location', value: '../../etc/passwd' }] }]),
    /another file/,
  ],
  [
    'a cycle',
    () => file([1, 4], [node('Add', ['x', 'y'], ['a']), node('Relu', ['a'], ['y'])]),
    /nothing before it gives/,
  ],
  ['an undefined name', () => file([1, 4], [node('Relu', ['z'], ['y'])]), /nothing before it gives/],
  [
    'a name twice',
    () => file([1, 4], [node('Relu', ['x'], ['a']), node('Relu', ['x'], ['a']), node('Relu', ['a'], ['y'])]),
    /which another has/,
  ],
  ['no outputs', () => message({ input: [value('x', [1, 4])], node: [node('Relu', ['x'], ['y'])] }), /no outputs/],
  ['no inputs', () => message({ node: [node('Relu', ['x'], ['y'])], output: [{ name: 'y' }] }), /no inputs/],
  ['a name of a prototype', () => file([1, 4], [node('Relu', ['__proto__'], ['y'])]), /__proto__/],
  [
    'an operator called constructor',
    () => file([1, 4], [node('constructor', ['x'], ['y'])]),
    /constructor.*networks here do not have/,
  ],
  [
    'a subgraph',
    () =>
      file(
        [1, 4],
        [
          {
            ...node('If', ['x'], ['y']),
            attribute: [{ ...attribute('then_branch', 1), g: new Uint8Array(8), type: 5 }],
          },
        ],
      ),
    /\(If\)/,
  ],
  ['a loop', () => file([1, 4], [node('Loop', ['x'], ['y'])]), /\(Loop\)/],
  [
    'functions',
    () => message({ input: [value('x', [1, 4])], output: [{ name: 'x' }] }, 17, { functions: [new Uint8Array(4)] }),
    /functions/,
  ],
  ['another domain', () => file([1, 4], [{ ...node('Relu', ['x'], ['y']), domain: 'com.microsoft' }]), /com.microsoft/],
  ['opsets of the future', () => file([1, 4], [node('Relu', ['x'], ['y'])], [], 99), /version 99/],
  [
    'sizes of 64 bits',
    () => file([1, 4], [node('Reshape', ['x', 's'], ['y'])], [tensor('s', [2], [0, -(2 ** 63)], 'int64')]),
    /axis of size/,
  ],
  [
    'a scale that is no number',
    () =>
      file(
        [1, 4],
        [node('QuantizeLinear', ['x', 's'], ['a']), node('DequantizeLinear', ['a', 's'], ['y'])],
        [tensor('s', [], [Number.NaN])],
      ),
    /scale of NaN/,
  ],
  [
    'a scale of 0',
    () =>
      file(
        [1, 4],
        [node('QuantizeLinear', ['x', 's'], ['a']), node('DequantizeLinear', ['a', 's'], ['y'])],
        [tensor('s', [], [0])],
      ),
    /scale of 0/,
  ],
  [
    'huge pads',
    () =>
      file(
        [1, 1, 4, 4],
        [node('Pad', ['x', 'p'], ['y'])],
        [tensor('p', [8], [0, 0, 2 ** 30, 2 ** 30, 0, 0, 0, 0], 'int64')],
      ),
    /size/,
  ],
  [
    'huge factors',
    () =>
      file(
        [1, 1, 4, 4],
        [node('Upsample', ['x', 'f'], ['y'], { mode: 'nearest' })],
        [tensor('f', [4], [1, 1, 2 ** 30, 2 ** 30])],
        9,
      ),
    /size/,
  ],
  [
    'a channel that is huge, and a constant for all',
    () => file([1, 2 ** 30], [node('Mul', ['x', 'c'], ['y'])], [tensor('c', [], [2])]),
    /small file/,
  ],
];

test.each(refused)('%s is refused, and nothing large is allocated', (_, bytes, words) => {
  const given = bytes();
  const before = process.memoryUsage();
  expect(() => fromOnnx(given)).toThrow(words);
  expect(() => fromOnnx(given)).toThrow(WhittleError);
  const after = process.memoryUsage();
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 ** 26);
});

test.each([
  ['nodes', 1],
  ['initializers', 5],
  ['inputs', 11],
  ['sparse initializers', 15],
])('a million bytes of empty %s are refused before they are read', (_, number) => {
  const graph = new Uint8Array(1e6);
  for (let i = 0; i < graph.length; i += 2) graph[i] = 8 * number + 2;
  const key = [0x3a, 0xc0, 0x84, 0x3d]; // field 7, of 1,000,000 bytes
  const whole = new Uint8Array(key.length + graph.length);
  whole.set(key);
  whole.set(graph, key.length);
  expect(() => fromOnnx(whole)).toThrow(/more parts than a file of this size holds/);
});

test.each([
  ['Slice', ['e', 'zero', 'huge'], {}, /a part of a constant/],
  ['Gather', ['e', 'zero'], { axis: 1 }, /multiply with one matrix/],
  ['Concat', ['e', 'e'], { axis: 1 }, /multiply with one matrix/],
  ['Transpose', ['e'], {}, /multiply with one matrix/],
])('%s of a constant with a huge axis and no numbers takes no time', (opType, inputs, attributes, words) => {
  const nodes = [node(opType, inputs, ['s'], attributes), node('MatMul', ['x', 's'], ['y'])];
  const constants = [
    tensor('e', [2 ** 40, 1, 0], []),
    tensor('zero', [1], [0], 'int64'),
    tensor('huge', [1], [2 ** 60], 'int64'),
  ];
  expect(() => fromOnnx(file(['N', 4], nodes, constants))).toThrow(words);
});

test.each([
  ['Cast', (i: number) => [node('Cast', ['c'], [`c${i}`], { to: 1 }), node('Add', ['x', `c${i}`], [`y${i}`])], 'int32'],
  ['Div', (i: number) => [node('Div', ['x', 'c'], [`y${i}`])], 'float32'],
] as const)('a constant that is made into others by %s again and again is refused', (_, nodes, type) => {
  const n = 1000;
  const count = 30_000;
  const all = Array.from({ length: n }, (_, i) => nodes(i)).flat();
  const sum = node(
    'Sum',
    Array.from({ length: n }, (_, i) => `y${i}`),
    ['y'],
  );
  const bytes = file(['N', count], [...all, sum], [tensor('c', [count], Array(count).fill(2), type)]);
  const before = process.memoryUsage().arrayBuffers;
  expect(() => fromOnnx(bytes)).toThrow(LimitError);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
});

test('options that are no constants are refused as such', () => {
  const bytes = file([1, 4], [node('Relu', ['x'], ['y'])]);
  for (const given of [
    null,
    {},
    { shape: [1, 4] },
    { shape: 4, data: [1, 2, 3, 4] },
    { shape: [1], data: { length: 2 ** 40 } },
    { shape: [1], data: [1n] },
  ])
    expect(() => fromOnnx(bytes, { constants: new Map([['x', given as never]]) })).toThrow(ValueError);
  expect(() => fromOnnx(bytes, { constants: new Map([['x', { shape: [2], data: [1] }]]) })).toThrow(FormatError);
});

test('names of prototypes are names like others', () => {
  const nodes = [node('Relu', ['x'], ['constructor']), node('MatMul', ['constructor', '__proto__'], ['y'])];
  const { network } = fromOnnx(file([1, 4], nodes, [{ ...weight, name: '__proto__' }]));
  expect([...network.weights.keys()]).toEqual(['__proto__']);
});

test('a hundred thousand nodes, or names that clash, take linear time', () => {
  const chain = Array.from({ length: 1e5 }, (_, i) =>
    node('Relu', [i === 0 ? 'x' : `v${i}`], [i === 1e5 - 1 ? 'y' : `v${i + 1}`]),
  );
  expect(fromOnnx(file(['N', 4], chain)).network.nodes.length).toBeGreaterThan(1);
  const adds = Array.from({ length: 4e3 }, (_, i) =>
    node('Add', [i === 0 ? 'x' : `v${i}`, 'w'], [i === 4e3 - 1 ? 'y' : `v${i + 1}`]),
  );
  expect(fromOnnx(file(['N', 4], adds, [tensor('w', [], [1])])).network.nodes).toHaveLength(4e3);
  const clashing = Array.from({ length: 4e3 }, (_, i) => node('Relu', ['x'], [`w_${i}`]));
  expect(outcome(file(['N', 4], [...clashing, node('Relu', ['x'], ['y'])]))).toBe('network');
});

test('deep nesting where no schema looks costs nothing', () => {
  let inner = new Uint8Array(0);
  for (let i = 0; i < 2000; i++) {
    const head = [0xfa, 0x06, (inner.length & 127) | 128, (inner.length >> 7) & 127];
    const outer = new Uint8Array(inner.length + 4);
    outer.set(head);
    outer.set(inner, 4);
    inner = outer;
  }
  const good = file([1, 4], [node('Relu', ['x'], ['y'])]);
  const both = new Uint8Array(good.length + inner.length);
  both.set(good);
  both.set(inner, good.length);
  expect(outcome(both)).toBe('network');
});
