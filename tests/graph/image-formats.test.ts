import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import type { ActivationName } from '../../src/graph/activation.ts';
import type { Encoding, Stored } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import type { Attributes, Node, Op, QuantizationParams } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/network-file.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';

const from: QuantizationParams = { scale: 0.5, zeroPoint: 3 };
const other: QuantizationParams = { scale: 0.25, zeroPoint: -128 };

/** x [shape] in int8 by `quantize`, a node of that in a format, and what it gives in real numbers. */
function around<K extends Op>(
  op: K,
  attrs: Attributes[K],
  format: QuantizationParams | null,
  weights: Readonly<Record<string, Stored>> = {},
  { shape = [4, 4, 2], read = from as QuantizationParams | null } = {},
): Network {
  const nodes: Node[] = [];
  if (read !== null) nodes.push(nodeOf('quantize', 'q', ['x'], {}, { format: read }));
  const keys = Object.fromEntries(Object.keys(weights).map((role) => [role, role]));
  nodes.push(nodeOf(op, 'y', [read === null ? 'x' : 'q'], attrs, { weights: keys, format }));
  if (format !== null) nodes.push(nodeOf('dequantize', 'end', ['y'], {}));
  return new Network({
    inputs: [{ name: 'x', shape, dtype: 'float32' }],
    nodes,
    outputs: [nodes.at(-1)!.name],
    weights: new Map(Object.entries(weights)),
  });
}

const stored = (shape: readonly number[], encoding: Encoding): Stored => ({ shape, encoding, mask: null });
const bytes = (shape: readonly number[], value = 1, scale = 0.1): Stored => {
  const scales = new Float32Array(shape.at(-1)!).fill(scale);
  return stored(shape, { type: 'int8', values: new Int8Array(shape.reduce((p, n) => p * n, 1)).fill(value), scales });
};
const sums = (...values: number[]): Stored =>
  stored([values.length], { type: 'int32', values: Int32Array.from(values) });
const reals = (shape: readonly number[]): Stored =>
  stored(shape, { type: 'float32', values: new Float32Array(shape.reduce((p, n) => p * n, 1)) });

const steps = { strides: [1, 1], padding: 'same' } as const;
const conv = (name: ActivationName = 'linear') =>
  ({ activation: { name }, ...steps, dilations: [1, 1], groups: 1 }) as const;
const kernel = bytes([3, 3, 2, 1]);
const transposed = { activation: { name: 'linear' }, ...steps } as const;
const twoScales = stored([3, 3, 1, 2], {
  type: 'int8',
  values: new Int8Array(18).fill(1),
  scales: Float32Array.of(0.5, 0.25),
});
/** With `from` a factor of 0.5. */
const ones = bytes([3, 3, 2, 1], 1, 1);
const pool = (kind: 'max' | 'average') => ({ kind, size: [2, 2], ...steps }) as const;

const refused: [string, string, () => Network][] = [
  [
    'a bias of integers for floats',
    'reads float32, its bias must be float32',
    () => around('conv', conv(), null, { kernel, bias: sums(7) }, { read: null }),
  ],
  [
    'floats as weights of int8',
    'reads int8, its kernel must be int8',
    () => around('conv', conv(), null, { kernel: reals([3, 3, 2, 1]) }),
  ],
  ['a bias of floats', 'its bias must be int32', () => around('conv', conv(), null, { kernel, bias: reals([1]) })],
  [
    'int8 of floats',
    'gives int8 only where it reads int8',
    () => around('conv', conv(), other, { kernel: reals([3, 3, 2, 1]) }, { read: null }),
  ],
  [
    'int8 after tanh',
    'gives int8 after linear, relu or relu6, not after tanh',
    () => around('conv', conv('tanh'), other, { kernel }),
  ],
  [
    'the largest in a format of its own',
    'its format must be that of its input',
    () => around('pool', pool('max'), other),
  ],
  [
    'the largest of all likewise',
    'its format must be that of its input',
    () => around('globalPool', { kind: 'max' }, other),
  ],
  [
    'the largest of int8 as real numbers',
    'its format must be that of its input',
    () => around('pool', pool('max'), null),
  ],
  [
    'zeros in another format',
    'its format must be that of its input',
    () =>
      around(
        'zeroPad',
        {
          widths: [
            [1, 1],
            [1, 1],
          ],
        },
        other,
      ),
  ],
  [
    'copies in another format',
    'its format must be that of its input',
    () => around('upsample', { factors: [2, 2] }, other),
  ],
  [
    'a shuffle in another format',
    'its format must be that of its input',
    () => around('channelShuffle', { groups: 2 }, other),
  ],
  [
    'means of int8 as real numbers',
    'needs all values in int8, or all real',
    () => around('pool', pool('average'), null),
  ],
  [
    'means whose scales are too far apart',
    'has scales whose ratio is not finite in float32',
    () =>
      around(
        'globalPool',
        { kind: 'average' },
        { scale: 1e-30, zeroPoint: 0 },
        {},
        { read: { scale: 1e30, zeroPoint: 0 } },
      ),
  ],
  [
    'a relu of int8 as real numbers',
    'needs all values in int8, or all real',
    () => around('activation', { activation: { name: 'relu' } }, null),
  ],
  [
    'a transposed convolution of two scales',
    'node "y" scales[1] of kernel must be 0.5, as all others and those of its values, got 0.25',
    () => around('convTranspose', transposed, null, { kernel: twoScales }),
  ],
  [
    'a transposed convolution that is dynamic',
    'node "y" dynamic must be left out: it is not known',
    () => around('convTranspose', { ...transposed, dynamic: true } as never, null, { kernel: reals([3, 3, 1, 2]) }),
  ],
  [
    'a dynamic convolution of int8',
    'is dynamic: it makes int8 of real numbers itself',
    () => around('conv', { ...conv(), dynamic: true }, null, { kernel }),
  ],
  [
    'a dynamic convolution that gives int8',
    'gives int8 only where it reads int8',
    () => around('conv', { ...conv(), dynamic: true }, other, { kernel }, { read: null }),
  ],
  [
    'a dynamic convolution of real weights',
    'its kernel must be int8',
    () => around('conv', { ...conv(), dynamic: true }, null, { kernel: reals([3, 3, 2, 1]) }, { read: null }),
  ],
  [
    'a dynamic convolution with a bias of integers',
    'its bias must be float32',
    () => around('conv', { ...conv(), dynamic: true }, null, { kernel, bias: sums(1) }, { read: null }),
  ],
  [
    'a dynamic convolution of too many terms',
    'the number of terms of node "y"',
    () => {
      const wide = bytes([1, 1, 66_001, 1], 0);
      return around(
        'conv',
        { ...conv(), dynamic: true },
        null,
        { kernel: wide },
        { shape: [1, 1, 66_001], read: null },
      );
    },
  ],
  [
    'a rule that is none',
    "node \"y\" rule must be 'multiplier' or 'xnnpack', or left out",
    () => around('conv', { ...conv(), rule: 'shift' as never }, other, { kernel }),
  ],
  [
    'a rule of sums for a mean',
    'node "y" rule must be \'multiplier\', or left out',
    () => around('pool', { ...pool('average'), rule: 'xnnpack' as never }, from),
  ],
  [
    'a mean of codes in another format',
    'its format must be that of its input',
    () => around('pool', { ...pool('average'), rule: 'multiplier' }, other),
  ],
  [
    'a rule for the largest',
    'gives the largest, which no rule rounds',
    () => around('globalPool', { kind: 'max', rule: 'multiplier' }, from),
  ],
  [
    'a factor that has no multiplier',
    'scales must be below 2^30 when multiplied: shifts go up to 30',
    () => around('conv', { ...conv(), rule: 'multiplier' }, { scale: 2 ** -31, zeroPoint: 0 }, { kernel: ones }),
  ],
  [
    'a sum that int32 cannot hold',
    'the largest int32 sum of node "y", column 1,',
    () =>
      around('conv', conv(), null, {
        kernel: bytes([3, 3, 2, 2]),
        bias: sums(2 ** 31 - 1 - 255 * 18, 2 ** 31 - 255 * 18),
      }),
  ],
  [
    'too many terms',
    'the number of terms of node "y"',
    () => around('conv', conv(), null, { kernel: bytes([1, 1, 66_001, 1], 0) }, { shape: [1, 1, 66_001] }),
  ],
  [
    'scales that are infinite together',
    'scales must be finite when multiplied in float32',
    () =>
      around('conv', conv(), null, { kernel: bytes([3, 3, 2, 1], 1, 1e38) }, { read: { scale: 1e10, zeroPoint: 0 } }),
  ],
];

const allowed: [string, () => Network][] = [
  [
    'the largest factor of a multiplier',
    () => around('conv', { ...conv(), rule: 'multiplier' }, { scale: 2 ** -30, zeroPoint: 0 }, { kernel: ones }),
  ],
  ['the same factor without a rule', () => around('conv', conv(), { scale: 2 ** -31, zeroPoint: 0 }, { kernel: ones })],
  ['a relu of numbers below 0', () => around('activation', { activation: { name: 'relu' } }, from)],
  [
    'a relu6 of numbers above 6',
    () => around('activation', { activation: { name: 'relu6' } }, other, {}, { read: other }),
  ],
  ['a relu from one format to another', () => around('activation', { activation: { name: 'relu' } }, other)],
  ['tanh of int8', () => around('activation', { activation: { name: 'tanh' } }, other, {}, { read: other })],
  ['softmax of int8', () => around('activation', { activation: { name: 'softmax' } }, other)],
  ['a norm of int8', () => around('layerNorm', { epsilon: 1e-3 }, other, { gamma: reals([2]) })],
  ['a transposed convolution', () => around('convTranspose', transposed, null, { kernel: bytes([3, 3, 1, 2]) })],
  [
    'a dynamic convolution',
    () => around('conv', { ...conv('relu'), dynamic: true }, null, { kernel, bias: reals([1]) }, { read: null }),
  ],
  ['a convolution to another format', () => around('conv', conv('relu6'), other, { kernel, bias: sums(7) })],
  ['a convolution to real numbers', () => around('conv', conv('tanh'), null, { kernel })],
  [
    'the largest sum',
    () => around('conv', conv(), null, { kernel: bytes([3, 3, 2, 1]), bias: sums(2 ** 31 - 1 - 255 * 18) }),
  ],
  ['int8 weights of floats', () => around('conv', conv(), null, { kernel }, { read: null })],
  [
    'the same factor by the rule of XNNPACK',
    () => around('conv', { ...conv(), rule: 'xnnpack' }, { scale: 2 ** -31, zeroPoint: 0 }, { kernel: ones }),
  ],
  ['means of codes', () => around('pool', { ...pool('average'), rule: 'multiplier' }, from)],
  ['a mean of codes', () => around('globalPool', { kind: 'average', rule: 'multiplier' }, from)],
  ['means in another format', () => around('pool', pool('average'), other)],
  ['moves', () => around('channelShuffle', { groups: 2 }, from)],
  [
    'a relu that cuts nothing off',
    () => around('activation', { activation: { name: 'relu' } }, other, {}, { read: other }),
  ],
  [
    'a relu6 that cuts nothing off',
    () => {
      const format = { scale: Math.fround(6 / 255), zeroPoint: -128 };
      return around('activation', { activation: { name: 'relu6' } }, format, {}, { read: format });
    },
  ],
];

describe('int8 of images', () => {
  test.each(refused)('is refused, in memory and to a file: %s', (_, words, make) => {
    for (const use of [validateNetwork, encodeNetwork, (each: Network) => compileNetwork(each, 1, cpu)])
      expect(() => use(make())).toThrow(words);
  });

  test.each(allowed)('is the same after a file: %s', (_, make) => {
    const network = make();
    const back = decodeNetwork(encodeNetwork(network)).network;
    expect(back).toEqual(network);
    const x = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i));
    const [p, q] = [network, back].map((each) => [...compileNetwork(each, 1, cpu).run(x)]);
    expect(p).toEqual(q);
    expect(p!.every(Number.isFinite)).toBe(true);
  });

  test('is refused in files that say otherwise than they hold', () => {
    const file = encodeNetwork(around('pool', pool('max'), from));
    const { tensors, metadata } = decodeSafetensors(file);
    const changed = (was: RegExp, now: string): (() => unknown) => {
      const text = metadata.get('whittle')!;
      expect(text).toMatch(was);
      return () => decodeNetwork(encodeSafetensors(tensors, { whittle: text.replace(was, now) }));
    };
    expect(changed(/"kind":"max"/, '"kind":"average"')).not.toThrow();
    expect(changed(/"zeroPoint":3\}\},\{"op":"deq/, '"zeroPoint":4}},{"op":"deq')).toThrow('must be that of its input');
    expect(changed(/"scale":0.5/, '"scale":0')).toThrow('positive and finite');
    expect(changed(/"zeroPoint":3/, '"zeroPoint":128')).toThrow('an integer from -128 to 127');
  });
});
