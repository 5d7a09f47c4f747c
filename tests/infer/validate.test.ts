import { describe, expect, test } from 'vitest';
import { DTypeError, LimitError, ShapeError, ValueError, type WhittleError } from '../../src/base/errors.ts';
import {
  type Network,
  type NetworkLayer,
  networkCost,
  networkOutputShape,
  networkShapes,
  validateNetwork,
} from '../../src/infer/index.ts';
import { dense, mixedNetwork, quantized, randoms } from './networks.ts';

const next = randoms(1);
const layer = dense('d', 3, 2, next);
const int8 = quantized('q', 3, 2, next);
const params = { scale: 1, zeroPoint: 0 };
const activation = (name: string, alpha = 1): NetworkLayer =>
  ({ type: 'activation', name: 'a', activation: { name, alpha } }) as NetworkLayer;

type Case = [string, new (...args: never[]) => WhittleError, number[], unknown[]];
const invalid: Case[] = [
  ['a fractional dimension', ShapeError, [1.5], []],
  ['a negative dimension', ShapeError, [-1], []],
  ['too many axes', ShapeError, [1, 1, 1, 1, 1, 1, 1, 1], []],
  ['a huge shape', LimitError, [4194305, 4194305, 211106198978564], []],
  ['inputs that differ from the last axis', ShapeError, [4], [layer]],
  ['a dense layer on a scalar', ShapeError, [], [layer]],
  ['layers that do not chain', ShapeError, [3], [layer, { ...layer, name: 'e' }]],
  ['softmax of a scalar', ShapeError, [], [activation('softmax')]],
  ['logSoftmax of a scalar', ShapeError, [], [activation('logSoftmax')]],
  [
    'units that grow the output past the limit',
    LimitError,
    [2 ** 20, 3],
    [{ ...layer, units: 2 ** 12, weights: new Float32Array(3 * 2 ** 12), bias: null }],
  ],
  ['an empty name', ValueError, [3], [{ ...layer, name: '' }]],
  ['a name that is no string', ValueError, [3], [{ ...layer, name: 3 }]],
  ['two equal names', ValueError, [3], [layer, { type: 'flatten', name: 'd' }]],
  ['an unknown layer type', ValueError, [3], [{ type: 'conv', name: 'c' }]],
  ['an unknown activation', ValueError, [3], [activation('constructor')]],
  ['an infinite alpha', ValueError, [3], [activation('elu', Number.POSITIVE_INFINITY)]],
  ['too few weights', ValueError, [3], [{ ...layer, weights: new Float32Array(5) }]],
  ['fractional units', ShapeError, [3], [{ ...layer, units: 1.5 }]],
  ['a bias too long', ValueError, [3], [{ ...layer, bias: new Float32Array(3) }]],
  ['a bias of another type', DTypeError, [3], [{ ...layer, bias: new Float64Array(2) }]],
  ['a short mask', ValueError, [3], [{ ...layer, mask: new Uint8Array(5) }]],
  ['a mask value of 2', ValueError, [3], [{ ...layer, mask: Uint8Array.of(0, 1, 2, 0, 1, 1) }]],
  ['a negative dropout rate', ValueError, [3], [{ type: 'dropout', name: 'o', rate: -0.1 }]],
  ['a dropout rate of NaN', ValueError, [3], [{ type: 'dropout', name: 'o', rate: Number.NaN }]],
  ['a scale of 0', ValueError, [3], [{ ...int8, input: { scale: 0, zeroPoint: 0 } }]],
  ['a scale that is 0 in float32', ValueError, [3], [{ ...int8, input: { scale: 1e-60, zeroPoint: 0 } }]],
  ['an infinite scale', ValueError, [3], [{ ...int8, output: { scale: 1e39, zeroPoint: 0 } }]],
  ['a zero point of 128', ValueError, [3], [{ ...int8, input: { scale: 1, zeroPoint: 128 } }]],
  ['a fractional zero point', ValueError, [3], [{ ...int8, output: { scale: 1, zeroPoint: 0.5 } }]],
  ['a negative weight scale', ValueError, [3], [{ ...int8, weightScales: Float32Array.of(1, -1) }]],
  ['a missing weight scale', ValueError, [3], [{ ...int8, weightScales: Float32Array.of(1) }]],
  [
    'scales whose product overflows',
    ValueError,
    [3],
    [{ ...int8, weightScales: Float32Array.of(1, 1e38), input: { scale: 100, zeroPoint: 0 } }],
  ],
  [
    'scales whose quotient overflows',
    ValueError,
    [3],
    [{ ...int8, weightScales: Float32Array.of(1e-3, 1e3), output: { scale: 1e-39, zeroPoint: 0 } }],
  ],
  ['tanh on a quantized output', ValueError, [3], [{ ...int8, output: params, activation: { name: 'tanh' } }]],
  ['a short int32 bias', ValueError, [3], [{ ...int8, bias: new Int32Array(1) }]],
  ['a bias whose sum leaves int32', LimitError, [3], [{ ...int8, bias: new Int32Array(2).fill(2 ** 31 - 1) }]],
  [
    'more inputs than int32 sums allow',
    ValueError,
    [131_072],
    [
      {
        ...int8,
        inputs: 131_072,
        units: 0,
        weights: new Int8Array(0),
        bias: new Int32Array(0),
        weightScales: new Float32Array(0),
      },
    ],
  ],
];

describe('validateNetwork', () => {
  test.each(invalid)('refuses %s', (_, type, inputShape, layers) => {
    expect(() => validateNetwork({ inputShape, layers } as Network)).toThrow(type);
  });

  test('names the layer and the field in one sentence', () => {
    const network = { inputShape: [3], layers: [{ ...layer, weights: new Float32Array(5) }] };
    expect(() => validateNetwork(network)).toThrow(
      'network: layer "d" weights length must be 6 for 3 inputs and 2 units, got 5',
    );
  });

  test('accepts scales whose product overflows where the scale of the output makes up for it', () => {
    const large = { scale: 1e30, zeroPoint: 0 };
    const layers = [{ ...int8, weightScales: Float32Array.of(1, 1e30), input: large, output: large }];
    expect(() => validateNetwork({ inputShape: [3], layers })).not.toThrow();
  });

  test('accepts every layer type, NaN weights, empty networks and sizes of zero', () => {
    validateNetwork(mixedNetwork());
    validateNetwork({ inputShape: [], layers: [] });
    validateNetwork({ inputShape: [3], layers: [{ ...layer, weights: new Float32Array(6).fill(Number.NaN) }] });
    validateNetwork({ inputShape: [2, 0], layers: [dense('z', 0, 0, next)] });
  });

  test('follows shapes through the layers', () => {
    expect(networkShapes(mixedNetwork())).toEqual([[2, 3], [6], [20], [20], [9], [4], [4]]);
    expect(networkOutputShape({ inputShape: [5, 3], layers: [layer] })).toEqual([5, 2]);
    expect(networkOutputShape({ inputShape: [], layers: [{ type: 'flatten', name: 'f' }] })).toEqual([1]);
  });
});

describe('networkCost', () => {
  test('counts parameters, those that are not zero, and multiplications by sample', () => {
    const network = mixedNetwork();
    const cost = networkCost(network);
    const first = network.layers[1]!;
    const alive = first.type === 'dense' ? first.mask!.reduce((a, b) => a + b, 0) : 0;
    expect(cost.layers[1]).toEqual({
      name: 'first',
      type: 'dense',
      outputShape: [20],
      parameters: 140,
      nonZeroParameters: alive + 20,
      macs: 120,
    });
    expect(cost.parameters).toBe(140 + 20 * 9 + 9 + 9 * 4 + 4);
    expect(cost.macs).toBe(120 + 180 + 36);
    expect(cost.layers.map((l) => l.macs)).toEqual([0, 120, 0, 180, 36, 0]);
  });

  test('multiplies by the leading axes of a sample', () => {
    expect(networkCost({ inputShape: [5, 3], layers: [layer] })).toMatchObject({ parameters: 8, macs: 30 });
  });
});
