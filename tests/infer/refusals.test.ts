import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import {
  ACTIVATIONS,
  compileNetwork,
  type Network,
  networkCost,
  networkShapes,
  validateNetwork,
} from '../../src/infer/index.ts';
import { dense, quantized, randoms } from './networks.ts';

const next = randoms(21);
const layer = dense('d', 3, 2, next);
const int8 = quantized('q', 3, 2, next);
const fused = { ...int8, output: { scale: 1, zeroPoint: 0 } };
const dropout = (rate: number): object => ({ type: 'dropout', name: 'o', rate });
const own = (name: string, alpha?: number): object => ({ type: 'activation', name: 'a', activation: { name, alpha } });
const known = ACTIVATIONS.join(', ');

/** What each refusal says: which layer, which field of it, what it must be and what it is. */
const refusals: readonly (readonly [what: string, layers: readonly object[], message: string])[] = [
  ['an empty name', [{ ...layer, name: '' }], 'layer "" name must be a string of its own, got ""'],
  ['a name that is no string', [{ ...layer, name: 3 }], 'layer "3" name must be a string of its own, got 3'],
  [
    'the name of an earlier layer',
    [layer, dropout(0), { type: 'flatten', name: 'd' }],
    'layer "d" name must be different from that of every other layer, got "d"',
  ],
  ['a rate above 1', [dropout(1.5)], 'layer "o" rate must be from 0 to 1, got 1.5'],
  ['a rate below 0', [dropout(-0.5)], 'layer "o" rate must be from 0 to 1, got -0.5'],
  [
    'an unknown type',
    [{ type: 'conv', name: 'c' }],
    'layer "c" type must be dense, quantizedDense, activation, flatten or dropout, got "conv"',
  ],
  ['an unknown activation', [own('Relu')], `layer "a" activation must be one of ${known}, got "Relu"`],
  [
    'an unknown activation of a dense layer',
    [{ ...layer, activation: { name: 'swish' } }],
    `layer "d" activation must be one of ${known}, got "swish"`,
  ],
  [
    'an unknown activation of an int8 layer',
    [{ ...int8, activation: { name: 'swish' } }],
    `layer "q" activation must be one of ${known}, got "swish"`,
  ],
  ['an alpha that is NaN', [own('elu', Number.NaN)], 'layer "a" activation alpha must be a finite number, got NaN'],
  [
    'an infinite alpha of a dense layer',
    [{ ...layer, activation: { name: 'elu', alpha: -Infinity } }],
    'layer "d" activation alpha must be a finite number, got -Infinity',
  ],
  [
    'too many weights',
    [{ ...layer, weights: new Float32Array(7) }],
    'layer "d" weights length must be 6 for 3 inputs and 2 units, got 7',
  ],
  [
    'a short bias',
    [{ ...layer, bias: new Float32Array(1) }],
    'layer "d" bias length must be 2 for 3 inputs and 2 units, got 1',
  ],
  [
    'a mask of the outputs alone',
    [{ ...layer, mask: new Uint8Array(2) }],
    'layer "d" mask length must be 6 for 3 inputs and 2 units, got 2',
  ],
  ['a mask of 3s', [{ ...layer, mask: Uint8Array.of(3, 1, 1, 1, 1, 1) }], 'layer "d" mask[0] must be 0 or 1, got 3'],
  [
    'a mask that ends in a 2',
    [{ ...layer, mask: Uint8Array.of(0, 1, 1, 1, 1, 2) }],
    'layer "d" mask[5] must be 0 or 1, got 2',
  ],
  [
    'int8 weights too few',
    [{ ...int8, weights: new Int8Array(5) }],
    'layer "q" weights length must be 6 for 3 inputs and 2 units, got 5',
  ],
  [
    'int8 weights too many',
    [{ ...int8, weights: new Int8Array(7) }],
    'layer "q" weights length must be 6 for 3 inputs and 2 units, got 7',
  ],
  [
    'an int32 bias too long',
    [{ ...int8, bias: new Int32Array(3) }],
    'layer "q" bias length must be 2 for 3 inputs and 2 units, got 3',
  ],
  [
    'weight scales too many',
    [{ ...int8, weightScales: new Float32Array(3).fill(1) }],
    'layer "q" weightScales length must be 2 for 3 inputs and 2 units, got 3',
  ],
  ...[0, -1, Number.NaN, Infinity].flatMap((scale) =>
    [0, 1].map(
      (at) =>
        [
          `a weight scale of ${scale} at ${at}`,
          [{ ...int8, weightScales: Float32Array.of(...(at === 0 ? [scale, 1] : [1, scale])) }],
          `layer "q" weightScales[${at}] must be positive and finite, got ${scale}`,
        ] as const,
    ),
  ),
  ...(['input', 'output'] as const).flatMap((side) => [
    ...[0, -1, 1e-60, 1e39, Number.NaN].map(
      (scale) =>
        [
          `a scale of ${scale} of the ${side}`,
          [{ ...int8, [side]: { scale, zeroPoint: 0 } }],
          `layer "q" ${side} scale must be positive and finite in float32, got ${scale}`,
        ] as const,
    ),
    ...[-129, 128, 0.5, Number.NaN].map(
      (zeroPoint) =>
        [
          `a zero point of ${zeroPoint} of the ${side}`,
          [{ ...int8, [side]: { scale: 1, zeroPoint } }],
          `layer "q" ${side} zeroPoint must be an integer from -128 to 127, got ${zeroPoint}`,
        ] as const,
    ),
  ]),
  ...['tanh', 'leakyRelu', 'softmax'].map(
    (name) =>
      [
        `${name} on int8`,
        [{ ...fused, activation: { name } }],
        `layer "q" activation must be linear or relu when its output is quantized, got "${name}"`,
      ] as const,
  ),
  [
    'scales whose product overflows',
    [{ ...int8, weightScales: Float32Array.of(1, 2 ** 100), input: { scale: 2 ** 100, zeroPoint: 0 } }],
    `layer "q" scales must be finite when multiplied in float32, got ${2 ** 200}`,
  ],
];

describe('a network is refused with the layer, the field and the value:', () => {
  test.each(refusals)('%s', (_, layers, message) => {
    const network = { inputShape: [3], layers } as unknown as Network;
    expect(() => validateNetwork(network)).toThrow(`network: ${message}`);
    expect(() => compileNetwork(network, 1, reference)).toThrow(`network: ${message}`);
    expect(() => networkCost(network)).toThrow(`network: ${message}`);
  });

  test.each([
    [new Float64Array(6), new Float32Array(2), ['float64', 'float32']],
    [new Float32Array(6), new Float64Array(2), ['float32', 'float64']],
  ] as const)('weights and biases of two types, %#', (weights, bias, dtypes) => {
    const network: Network = { inputShape: [3], layers: [{ ...layer, weights, bias }] };
    expect(() => validateNetwork(network)).toThrow(
      `network: weights and bias of layer "d" differ in type, got ${dtypes.join(' and ')}`,
    );
  });

  test('sizes that are none, with the layer', () => {
    for (const one of [layer, int8])
      for (const change of [{ units: 1.5 }, { inputs: -3 }])
        expect(() => validateNetwork({ inputShape: [3], layers: [{ ...one, ...change }] } as Network)).toThrow(
          new RegExp(
            `^network: layer "${one.name}": dimension ${'units' in change ? 1 : 0} must be a non-negative integer`,
          ),
        );
    for (const inputShape of [[1.5], [-1], [2, Number.NaN]])
      expect(() => validateNetwork({ inputShape, layers: [] })).toThrow(
        /^network: dimension [01] must be a non-negative/,
      );
  });

  test('layers that do not fit what comes to them', () => {
    const network = (inputShape: readonly number[], layers: readonly object[]): Network =>
      ({ inputShape, layers }) as unknown as Network;
    expect(() => validateNetwork(network([2, 4], [layer]))).toThrow(
      'network: layer "d" expects a last axis of 3, got [2, 4]',
    );
    expect(() => validateNetwork(network([3], [layer, { ...int8, name: 'e' }]))).toThrow(
      'network: layer "e" expects a last axis of 3, got [2]',
    );
    for (const name of ['softmax', 'logSoftmax'])
      expect(() => networkShapes(network([], [own(name)]))).toThrow(
        `network: layer "a" (${name}) needs an axis, got []`,
      );
    expect(networkShapes(network([], [own('relu')]))).toEqual([[], []]);
    const seven = [1, 2, 1, 1, 1, 1, 1];
    expect(networkShapes(network(seven, [{ type: 'flatten', name: 'f' }]))).toEqual([seven, [2]]);
    expect(() => networkShapes(network([...seven, 1], []))).toThrow(
      'network: a sample has at most 7 axes, got [1, 2, ',
    );
  });
});

test.each([
  ['rates of 0 and 1', [dropout(0), { ...dropout(1), name: 'p' }]],
  [
    'zero points of -128 and 127',
    [{ ...fused, input: { scale: 1, zeroPoint: -128 }, output: { scale: 1, zeroPoint: 127 } }],
  ],
  [
    'zero points of 127 and -128',
    [{ ...fused, input: { scale: 1, zeroPoint: 127 }, output: { scale: 1, zeroPoint: -128 } }],
  ],
  ['relu on int8', [{ ...fused, activation: { name: 'relu' } }]],
  ['an alpha of 0, and a negative one', [own('elu', 0), { ...own('leakyRelu', -1), name: 'b' }]],
  ['a mask of zeros', [{ ...layer, mask: new Uint8Array(6) }]],
] as const)('a network may have %s', (_, layers) => {
  expect(() => validateNetwork({ inputShape: [3], layers } as unknown as Network)).not.toThrow();
});

test('a network may have 131,071 inputs in int8 and no more', () => {
  const wide = (inputs: number): Network => ({
    inputShape: [inputs],
    layers: [quantized('q', inputs, 0, next, { weightScales: new Float32Array(0) })],
  });
  expect(() => validateNetwork(wide(131_071))).not.toThrow();
  expect(() => validateNetwork(wide(131_072))).toThrow('layer "q" inputs must be at most 131071, got 131072');
});
