import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError, WhittleError } from '../../src/base/errors.ts';
import { valuesOf } from '../../src/graph/check.ts';
import { macsOf } from '../../src/graph/cost.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Attributes, Graph, Node, Op } from '../../src/graph/graph.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';

type Shape = readonly number[];

const linear = { name: 'linear' } as const;
const floats = (shape: Shape): Stored => ({
  shape,
  encoding: { type: 'float32', values: new Float32Array(shape.reduce((p, n) => p * n, 1)) },
  mask: null,
});

/** One node `n` that reads samples of a shape, its weights of these shapes. */
function graph<K extends Op>(
  x: Shape,
  op: K,
  attrs: Attributes[K],
  weights: Readonly<Record<string, Shape>> = {},
): Graph<Stored> {
  const keys = Object.fromEntries(Object.keys(weights).map((role) => [role, role]));
  return {
    inputs: [{ name: 'x', shape: x, dtype: 'float32' }],
    nodes: [nodeOf(op, 'n', ['x'], attrs, { weights: keys })],
    outputs: ['n'],
    weights: new Map(Object.entries(weights).map(([role, shape]) => [role, floats(shape)])),
  };
}

const conv = (change: Partial<Attributes['conv']> = {}): Attributes['conv'] => ({
  activation: linear,
  strides: [1, 1],
  dilations: [1, 1],
  padding: 'valid',
  groups: 1,
  ...change,
});
const transposed = (change: Partial<Attributes['convTranspose']> = {}): Attributes['convTranspose'] => ({
  activation: linear,
  strides: [2, 2],
  padding: 'valid',
  ...change,
});
const pool = (change: Partial<Attributes['pool']> = {}): Attributes['pool'] => ({
  kind: 'max',
  size: [2, 2],
  strides: [2, 2],
  padding: 'valid',
  ...change,
});
const sequence = { strides: [1], dilations: [1] };
const kernel = (...shape: number[]) => ({ kernel: shape });

describe('the shape of a result, and its multiply-adds', () => {
  test.each<[string, Graph<Stored>, Shape, number]>([
    ['an image', graph([7, 9, 2], 'conv', conv(), kernel(3, 2, 2, 5)), [5, 8, 5], 5 * 8 * 5 * 12],
    ['same', graph([7, 9, 2], 'conv', conv({ padding: 'same', strides: [2, 3] }), kernel(3, 3, 2, 4)), [4, 3, 4], 864],
    ['dilated', graph([9, 9, 1], 'conv', conv({ dilations: [4, 1] }), kernel(3, 3, 1, 2)), [1, 7, 2], 126],
    [
      'zeros around',
      graph(
        [3, 3, 1],
        'conv',
        conv({
          padding: [
            [2, 0],
            [1, 1],
          ],
        }),
        kernel(3, 3, 1, 1),
      ),
      [3, 3, 1],
      81,
    ],
    ['groups', graph([4, 4, 6], 'conv', conv({ groups: 3 }), kernel(1, 1, 2, 9)), [4, 4, 9], 16 * 9 * 2],
    ['each channel', graph([4, 4, 6], 'conv', conv({ groups: 6 }), kernel(3, 3, 1, 12)), [2, 2, 12], 4 * 12 * 9],
    ['a sequence', graph([8, 3], 'conv', conv({ ...sequence, strides: [2] }), kernel(4, 3, 2)), [3, 2], 3 * 2 * 12],
    ['transposed', graph([4, 5, 3], 'convTranspose', transposed(), kernel(3, 1, 2, 3)), [9, 10, 2], 20 * 18],
    [
      'transposed, same',
      graph([4, 5, 3], 'convTranspose', transposed({ padding: 'same' }), kernel(3, 3, 2, 3)),
      [8, 10, 2],
      20 * 54,
    ],
    [
      'transposed, less zeros',
      graph(
        [4, 5, 3],
        'convTranspose',
        transposed({
          padding: [
            [1, 1],
            [0, 2],
          ],
        }),
        kernel(3, 3, 2, 3),
      ),
      [7, 9, 2],
      20 * 54,
    ],
    ['a pool', graph([7, 8, 3], 'pool', pool()), [3, 4, 3], 0],
    ['a pool, same', graph([7, 8, 3], 'pool', pool({ size: [3, 3], padding: 'same' })), [4, 4, 3], 0],
    ['a pool of more', graph([4, 4, 1], 'pool', pool({ size: [1 << 10, 1 << 10], padding: 'same' })), [2, 2, 1], 0],
    ['a pool of a sequence', graph([7, 3], 'pool', pool({ size: [3], strides: [1] })), [5, 3], 0],
    ['a global pool', graph([7, 8, 3], 'globalPool', { kind: 'average' }), [3], 0],
    [
      'zeros',
      graph([2, 3, 4], 'zeroPad', {
        widths: [
          [1, 0],
          [2, 3],
        ],
      }),
      [3, 8, 4],
      0,
    ],
    ['larger', graph([2, 3, 4], 'upsample', { factors: [3, 2] }), [6, 6, 4], 0],
    ['mixed', graph([2, 3, 4], 'channelShuffle', { groups: 2 }), [2, 3, 4], 0],
  ])('%s', (_, of, shape, macs) => {
    const values = valuesOf(of);
    expect(values.get('n')!.shape).toEqual(shape);
    expect(macsOf(of, of.nodes[0]!, values)).toBe(macs);
  });
});

describe('what does not fit is refused with the name of the node:', () => {
  test.each<[string, Graph<Stored>, string]>([
    ['flat samples', graph([784], 'conv', conv(), kernel(3, 3, 1, 1)), 'reads samples [length, channels] or [height'],
    ['a kernel of 3 axes', graph([5, 5, 1], 'conv', conv(), kernel(3, 1, 1)), 'needs a kernel [down, across, channels'],
    ['an image for a sequence', graph([5, 1], 'conv', conv(sequence), kernel(3, 3, 1, 1)), 'a kernel [taps, channels'],
    ['other channels', graph([5, 5, 2], 'conv', conv(), kernel(3, 3, 3, 1)), 'expects a last axis of 3'],
    [
      'channels of groups',
      graph([5, 5, 4], 'conv', conv({ groups: 4 }), kernel(3, 3, 2, 4)),
      'expects a last axis of 8',
    ],
    ['units of groups', graph([5, 5, 4], 'conv', conv({ groups: 2 }), kernel(3, 3, 2, 3)), '3 units into 2 groups'],
    ['a bias', graph([5, 5, 1], 'conv', conv(), { kernel: [3, 3, 1, 2], bias: [3] }), 'needs a bias [2]'],
    ['a window too large', graph([2, 5, 1], 'conv', conv(), kernel(3, 3, 1, 1)), 'does not fit into 2'],
    ['no window', graph([5, 5, 1], 'conv', conv(), kernel(0, 3, 1, 1)), 'does not fit into 5'],
    ['no image', graph([0, 5, 1], 'conv', conv({ padding: 'same' }), kernel(3, 3, 1, 1)), 'does not fit into 0'],
    ['one stride', graph([5, 5, 1], 'conv', conv({ strides: [1] }), kernel(3, 3, 1, 1)), 'needs 2 strides'],
    ['two dilations', graph([5, 1], 'conv', conv({ strides: [1] }), kernel(3, 1, 1)), 'needs 1 dilations'],
    ['padding of one axis', graph([5, 5, 1], 'conv', conv({ padding: [[1, 1]] }), kernel(3, 3, 1, 1)), '2 padding'],
    [
      'padding as wide as the window',
      graph(
        [5, 5, 1],
        'conv',
        conv({
          padding: [
            [3, 0],
            [0, 0],
          ],
        }),
        kernel(3, 3, 1, 1),
      ),
      'as wide as the window',
    ],
    [
      'taps further apart than numbers can say',
      graph([5, 5, 1], 'conv', conv({ padding: 'same', dilations: [2 ** 31 - 1, 1] }), kernel(3, 3, 1, 1)),
      'a window reaches over 4294967295',
    ],
    [
      'a transposed sequence',
      graph([5, 2], 'convTranspose', transposed(), kernel(3, 1, 2)),
      '[height, width, channels]',
    ],
    ['its kernel', graph([5, 5, 2], 'convTranspose', transposed(), kernel(3, 1, 2)), 'units, channels]'],
    ['its channels', graph([5, 5, 2], 'convTranspose', transposed(), kernel(3, 3, 2, 1)), 'a last axis of 1'],
    ['its bias', graph([5, 5, 2], 'convTranspose', transposed(), { kernel: [3, 3, 1, 2], bias: [2] }), 'a bias [1]'],
    [
      'nothing left of it',
      graph(
        [1, 5, 2],
        'convTranspose',
        transposed({
          padding: [
            [2, 2],
            [0, 0],
          ],
        }),
        kernel(3, 3, 1, 2),
      ),
      'an image of -1 by 11',
    ],
    ['no rows', graph([0, 5, 2], 'convTranspose', transposed({ padding: 'same' }), kernel(3, 3, 1, 2)), 'of 0 by 10'],
    ['a pool of flat samples', graph([9], 'pool', pool()), 'reads samples'],
    ['a pool of one axis', graph([9, 9, 1], 'pool', pool({ size: [2] })), 'needs 2 size'],
    [
      'a pool of endless windows',
      graph([4, 4, 1], 'pool', pool({ size: [1 << 10, 1025], padding: 'same' })),
      'has a window that cannot be: a window has 1049600 taps, and 1048576 are the most',
    ],
    ['a global pool of channels', graph([9], 'globalPool', { kind: 'max' }), 'reads samples [length, channels] or'],
    ['a global pool of 3 axes', graph([2, 2, 3, 4], 'globalPool', { kind: 'average' }), 'reads samples [length'],
    ['a global pool of nothing', graph([3, 0, 2], 'globalPool', { kind: 'max' }), 'needs positions'],
    ['zeros of one axis', graph([9, 9, 1], 'zeroPad', { widths: [[1, 1]] }), 'needs 2 widths'],
    ['larger by one axis', graph([9, 9, 1], 'upsample', { factors: [2] }), 'needs 2 factors'],
    ['larger than four axes', graph([9, 9, 9, 1], 'upsample', { factors: [2, 2] }), 'reads samples'],
    ['channels in 4 parts', graph([6], 'channelShuffle', { groups: 4 }), '6 channels into 4 groups'],
    ['no axis', graph([], 'channelShuffle', { groups: 1 }), 'needs an axis'],
  ])('%s', (_, of, message) => {
    expect(() => valuesOf(of)).toThrow(ShapeError);
    expect(() => valuesOf(of)).toThrow('node "n" ');
    expect(() => valuesOf(of)).toThrow(message);
  });

  test('more numbers than an array can hold', () => {
    const image = graph([4, 4, 1], 'upsample', { factors: [2 ** 16, 2 ** 16] });
    expect(() => valuesOf(image)).toThrow('the limit is');
    const wide = 2 ** 31 - 1;
    expect(() =>
      valuesOf(
        graph([4, 4, 1], 'zeroPad', {
          widths: [
            [wide, wide],
            [wide, wide],
          ],
        }),
      ),
    ).toThrow(WhittleError);
  });
});

describe('attributes that are none are refused by name:', () => {
  const wrongLists: readonly unknown[] = [
    1,
    '1',
    null,
    [],
    [1, 1, 1],
    [0, 1],
    [1, -1],
    [1, 1.5],
    [1, Number.NaN],
    [1, Infinity],
    [1, 2 ** 31],
    [1, '1'],
    [1, null],
    [[1], [1]],
    Array(2),
    { 0: 1, 1: 1, length: 2 },
    new Map([['0', 1]]),
    Int32Array.of(1, 1),
  ];
  const wrongPairs: readonly unknown[] = [
    'SAME',
    0,
    true,
    ...wrongLists.slice(1),
    [1, 1],
    [[1, 1], [1]],
    [
      [1, 1],
      [1, 1, 1],
    ],
    [
      [1, 1],
      [1, -1],
    ],
    [[1, 1], Array(2)],
    [
      [1, 1],
      [1, 0.5],
    ],
    [
      [1, 1],
      [1, 2 ** 31],
    ],
  ];
  const wrongCounts: readonly unknown[] = [0, -1, 1.5, '1', [1], null, Number.NaN, Infinity, 2 ** 31];
  const cases = (
    [
      [graph([9, 9, 2], 'conv', conv(), kernel(3, 3, 2, 2)), 'strides', wrongLists],
      [graph([9, 9, 2], 'conv', conv(), kernel(3, 3, 2, 2)), 'dilations', wrongLists],
      [graph([9, 9, 2], 'conv', conv(), kernel(3, 3, 2, 2)), 'padding', wrongPairs],
      [graph([9, 9, 2], 'conv', conv(), kernel(3, 3, 2, 2)), 'groups', wrongCounts],
      [
        graph([9, 9, 2], 'conv', conv(), kernel(3, 3, 2, 2)),
        'activation',
        ['relu7', null, 1, { name: 'relu', beta: 1 }],
      ],
      [graph([9, 9, 2], 'convTranspose', transposed(), kernel(3, 3, 2, 2)), 'strides', wrongLists],
      [graph([9, 9, 2], 'convTranspose', transposed(), kernel(3, 3, 2, 2)), 'padding', wrongPairs],
      [graph([9, 9, 2], 'pool', pool()), 'kind', ['mean', null, 1, ['max']]],
      [graph([9, 9, 2], 'pool', pool()), 'size', wrongLists],
      [graph([9, 9, 2], 'pool', pool()), 'strides', wrongLists],
      [graph([9, 9, 2], 'pool', pool()), 'padding', wrongPairs],
      [graph([9, 9, 2], 'globalPool', { kind: 'max' }), 'kind', ['min', null]],
      [
        graph([9, 9, 2], 'zeroPad', {
          widths: [
            [1, 1],
            [1, 1],
          ],
        }),
        'widths',
        ['same', ...wrongPairs],
      ],
      [graph([9, 9, 2], 'upsample', { factors: [1, 1] }), 'factors', wrongLists],
      [graph([9, 9, 2], 'channelShuffle', { groups: 1 }), 'groups', wrongCounts],
    ] as const
  ).map(([of, field, wrong]) => [`${field} of ${of.nodes[0]!.op}`, of, field, wrong] as const);

  test.each(cases)('%s', (_, of, field, wrong) => {
    expect(() => valuesOf(of)).not.toThrow();
    const [node] = of.nodes as [Node];
    const withField = (value: unknown) => ({
      ...of,
      nodes: [{ ...node, attrs: { ...node.attrs, [field]: value } } as Node],
    });
    for (const value of [...wrong, undefined]) {
      expect(() => valuesOf(withField(value)), JSON.stringify(value)).toThrow(ValueError);
      expect(() => valuesOf(withField(value)), JSON.stringify(value)).toThrow(`node "n" ${field}`);
    }
  });
});
