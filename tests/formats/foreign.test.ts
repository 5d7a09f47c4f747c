import { describe, expect, test } from 'vitest';
import { StateError, ValueError, WhittleError } from '../../src/base/errors.ts';
import { type ForeignOptions, fromKeras, withForeignWeights } from '../../src/formats/index.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { toBfloat16, toFloat16 } from '../../src/graph/halves.ts';
import type { Network } from '../../src/graph/network.ts';
import {
  Activation,
  Add,
  BatchNorm,
  Concat,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  Embedding,
  Flatten,
  input,
  type Layer,
  LayerNorm,
  MaxPool2D,
  Model,
  quantize,
  SeparableConv2D,
  Sequential,
  tensor,
  toNetwork,
} from '../../src/index.ts';
import type { SafeArray, SafeDType, SafeTensor } from '../../src/io/safetensors.ts';
import { caseOf, cases, floatsOf, shardsOf } from './keras-models.ts';
import { answers, apart } from './running.ts';
import { chooser } from './spoiled.ts';

type Tensors = Map<string, SafeTensor>;
const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
/** Numbers from -1 to 1. */
const drawn = (seed: number, n: number): Float32Array => {
  const below = chooser(seed);
  return Float32Array.from({ length: n }, () => below(20001) / 10000 - 1);
};
const f32 = (shape: readonly number[], seed = 1, shift = 0): SafeTensor => ({
  dtype: 'F32',
  shape,
  data: drawn(seed, elements(shape)).map((x) => x + shift),
});
const tensorsOf = (shapes: Readonly<Record<string, readonly number[]>>): Tensors =>
  new Map(Object.entries(shapes).map(([name, shape], i) => [name, f32(shape, i + 1, name.endsWith('var') ? 2 : 0)]));

/** PyTorch's layers as their documentation defines them, of one sample with channels first. */
interface Image {
  readonly size: readonly [channels: number, height: number, width: number];
  readonly values: Float64Array;
}
const at = ({ size: [, h, w], values }: Image, c: number, y: number, x: number): number => values[(c * h + y) * w + x]!;
const image = (size: Image['size'], f: (c: number, y: number, x: number) => number): Image => {
  const [, h, w] = size;
  return {
    size,
    values: Float64Array.from({ length: elements(size) }, (_, i) =>
      f(Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w),
    ),
  };
};
const numbersOf = (tensors: Tensors, name: string): Float32Array => tensors.get(name)!.data as Float32Array;

function conv2d(x: Image, tensors: Tensors, name: string, stride = 1, groups = 1): Image {
  const [units, each, kh, kw] = tensors.get(`${name}.weight`)!.shape as [number, number, number, number];
  const w = numbersOf(tensors, `${name}.weight`);
  const bias = tensors.has(`${name}.bias`) ? numbersOf(tensors, `${name}.bias`) : null;
  const [, h, width] = x.size;
  return image([units, Math.floor((h - kh) / stride) + 1, Math.floor((width - kw) / stride) + 1], (u, y0, x0) => {
    let sum = bias?.[u] ?? 0;
    const group = Math.floor(u / (units / groups));
    for (let c = 0; c < each; c++)
      for (let i = 0; i < kh; i++)
        for (let j = 0; j < kw; j++)
          sum += at(x, group * each + c, y0 * stride + i, x0 * stride + j) * w[((u * each + c) * kh + i) * kw + j]!;
    return sum;
  });
}
function convTranspose2d(x: Image, tensors: Tensors, name: string, stride: number): Image {
  const [channels, units, kh, kw] = tensors.get(`${name}.weight`)!.shape as [number, number, number, number];
  const w = numbersOf(tensors, `${name}.weight`);
  const [, h, width] = x.size;
  const out = image(
    [units, (h - 1) * stride + kh, (width - 1) * stride + kw],
    (u) => numbersOf(tensors, `${name}.bias`)[u]!,
  );
  const [, oh, ow] = out.size;
  for (let c = 0; c < channels; c++)
    for (let u = 0; u < units; u++)
      for (let y = 0; y < h; y++)
        for (let z = 0; z < width; z++)
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++)
              out.values[(u * oh + y * stride + i) * ow + z * stride + j]! +=
                at(x, c, y, z) * w[((c * units + u) * kh + i) * kw + j]!;
  return out;
}
const normed = (x: number, tensors: Tensors, name: string, c: number, epsilon: number): number => {
  const [weight, bias, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (last) => numbersOf(tensors, `${name}.${last}`)[c]!,
  );
  return ((x - mean!) / Math.sqrt(variance! + epsilon)) * weight! + bias!;
};
const batchNorm2d = (x: Image, tensors: Tensors, name: string): Image =>
  image(x.size, (c, i, j) => normed(at(x, c, i, j), tensors, name, c, 1e-5));
const relu = <T extends Float64Array>(values: T): Float64Array => values.map((x) => Math.max(0, x));
const maxPool2d = (x: Image): Image =>
  image([x.size[0], x.size[1] >> 1, x.size[2] >> 1], (c, i, j) =>
    Math.max(
      at(x, c, 2 * i, 2 * j),
      at(x, c, 2 * i + 1, 2 * j),
      at(x, c, 2 * i, 2 * j + 1),
      at(x, c, 2 * i + 1, 2 * j + 1),
    ),
  );
function linear(x: ArrayLike<number>, tensors: Tensors, name: string): Float64Array {
  const [units, inputs] = tensors.get(`${name}.weight`)!.shape as [number, number];
  const w = numbersOf(tensors, `${name}.weight`);
  const bias = tensors.has(`${name}.bias`) ? numbersOf(tensors, `${name}.bias`) : null;
  return Float64Array.from({ length: units }, (_, u) => {
    let sum = bias?.[u] ?? 0;
    for (let i = 0; i < inputs; i++) sum += x[i]! * w[u * inputs + i]!;
    return sum;
  });
}
/** With channels last, as networks read it. */
const channelsLast = (x: Image): Float32Array => {
  const [c, h, w] = x.size;
  return Float32Array.from({ length: elements(x.size) }, (_, i) =>
    at(x, i % c, Math.floor(i / c / w) % h, Math.floor(i / c) % w),
  );
};
const imageOf = (size: Image['size'], seed = 9): Image => ({
  size,
  values: Float64Array.from(drawn(seed, elements(size))),
});

const networkOf = (...layers: Layer[]): Network => {
  const net = new Sequential(layers, { seed: 1 });
  return toNetwork(net);
};
const torch = { from: 'pytorch' } as const;
const answer = (network: Network, x: Float32Array): Float32Array => answers(network, [x], 1)[0]!;

const EPSILON = { epsilon: 1e-5 };
const small = (): Network =>
  networkOf(
    new Conv2D(4, 3, { inputShape: [9, 11, 2], useBias: false }),
    new BatchNorm(EPSILON),
    new Activation('relu'),
    new MaxPool2D(),
    new DepthwiseConv2D(2, { depthMultiplier: 2 }),
    new Conv2D(4, 1, { groups: 2 }),
    new Flatten(),
    new BatchNorm(EPSILON),
    new Dense(5, { activation: 'relu' }),
    new Dense(3),
  );
const SMALL = {
  'features.0.weight': [4, 2, 3, 3],
  'features.1.weight': [4],
  'features.1.bias': [4],
  'features.1.running_mean': [4],
  'features.1.running_var': [4],
  'features.1.num_batches_tracked': [],
  'features.4.weight': [8, 1, 2, 2],
  'features.4.bias': [8],
  'features.5.weight': [4, 4, 1, 1],
  'features.5.bias': [4],
  'head.norm.weight': [24],
  'head.norm.bias': [24],
  'head.norm.running_mean': [24],
  'head.norm.running_var': [24],
  'head.fc1.weight': [5, 24],
  'head.fc1.bias': [5],
  'head.fc2.weight': [3, 5],
  'head.fc2.bias': [3],
} as const;
function smallAnswer(x: Image, tensors: Tensors): Float64Array {
  const first = batchNorm2d(conv2d(x, tensors, 'features.0'), tensors, 'features.1');
  const pooled = maxPool2d({ ...first, values: relu(first.values) });
  const { values } = conv2d(conv2d(pooled, tensors, 'features.4', 1, 4), tensors, 'features.5', 1, 2);
  const features = values.map((each, c) => normed(each, tensors, 'head.norm', c, 1e-5));
  return linear(relu(linear(features, tensors, 'head.fc1')), tensors, 'head.fc2');
}

describe('weights of PyTorch', () => {
  test('of convolutions, normalizations and layers behind a flattened image', () => {
    const tensors = tensorsOf(SMALL);
    const network = withForeignWeights(small(), tensors, torch);
    for (let seed = 0; seed < 5; seed++) {
      const x = imageOf([2, 9, 11], seed);
      expect(apart(answer(network, channelsLast(x)), smallAnswer(x, tensors))).toBeLessThan(1e-5);
    }
  });

  test('whatever the order of the file', () => {
    const tensors = tensorsOf(SMALL);
    const sorted = new Map([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)));
    const x = imageOf([2, 9, 11]);
    expect(
      apart(answer(withForeignWeights(small(), sorted, torch), channelsLast(x)), smallAnswer(x, tensors)),
    ).toBeLessThan(1e-5);
  });

  test('of transposed convolutions', () => {
    const tensors = tensorsOf({ 'up.weight': [2, 3, 3, 2], 'up.bias': [3] });
    const network = withForeignWeights(
      networkOf(new Conv2DTranspose(3, [3, 2], { strides: 2, inputShape: [4, 5, 2] })),
      tensors,
      torch,
    );
    const x = imageOf([2, 4, 5]);
    const wanted = convTranspose2d(x, tensors, 'up', 2);
    const given = answer(network, channelsLast(x));
    // Strides that are wider than the window leave no rest here and there alike
    expect(given.length).toBe(wanted.values.length);
    expect(apart(given, channelsLast(wanted))).toBeLessThan(1e-6);
  });

  test('of sequences, which are flattened with channels first too', () => {
    const tensors = tensorsOf({ '0.weight': [3, 2, 4], '0.bias': [3], '2.weight': [2, 15], '2.bias': [2] });
    const network = withForeignWeights(
      networkOf(new Conv1D(3, 4, { inputShape: [8, 2] }), new Flatten(), new Dense(2)),
      tensors,
      torch,
    );
    const x = imageOf([2, 1, 8]);
    const as2d = new Map(tensors).set('0.weight', { ...tensors.get('0.weight')!, shape: [3, 2, 1, 4] });
    expect(apart(answer(network, channelsLast(x)), linear(conv2d(x, as2d, '0').values, tensors, '2'))).toBeLessThan(
      1e-6,
    );
  });

  test('of tables and of normalizations of rows', () => {
    const table = f32([6, 3]);
    const tensors: Tensors = new Map([
      ['emb.weight', table],
      ['ln.weight', f32([3], 2)],
      ['ln.bias', f32([3], 3)],
    ]);
    const network = withForeignWeights(
      networkOf(new Embedding(6, 3, { inputShape: [2] }), new LayerNorm(EPSILON)),
      tensors,
      torch,
    );
    const [rows] = answers(network, [Float32Array.of(4, 1)], 1);
    const wanted = [4, 1].flatMap((row) => {
      const x = [...(table.data as Float32Array).subarray(3 * row, 3 * row + 3)];
      const mean = x.reduce((a, b) => a + b) / 3;
      const variance = x.reduce((sum, each) => sum + (each - mean) * (each - mean), 0) / 3;
      return x.map(
        (each, c) =>
          ((each - mean) / Math.sqrt(variance + 1e-5)) * numbersOf(tensors, 'ln.weight')[c]! +
          numbersOf(tensors, 'ln.bias')[c]!,
      );
    });
    expect(apart(rows!, wanted)).toBeLessThan(1e-5);
  });

  test('that are halves, bfloat16 or float64, or bytes', () => {
    const numbers = [0.5, -1.25, 3, 1e-3];
    const data: Readonly<Record<string, SafeArray>> = {
      F16: Uint16Array.from(numbers, toFloat16),
      BF16: Uint16Array.from(numbers, toBfloat16),
      F64: Float64Array.from(numbers),
      F32: new Uint8Array(Float32Array.from(numbers).buffer),
    };
    for (const [dtype, values] of Object.entries(data)) {
      const tensors: Tensors = new Map([['w.weight', { dtype: dtype as SafeDType, shape: [1, 4], data: values }]]);
      const network = withForeignWeights(networkOf(new Dense(1, { useBias: false, inputShape: [4] })), tensors, torch);
      expect(apart(decodeWeight([...network.weights.values()][0]!)!, numbers)).toBeLessThan(
        dtype === 'BF16' ? 0.004 : 1e-6,
      );
    }
    const whole: Tensors = new Map([['w.weight', { dtype: 'I32', shape: [1, 4], data: Int32Array.of(1, 2, 3, 4) }]]);
    expect(() =>
      withForeignWeights(networkOf(new Dense(1, { useBias: false, inputShape: [4] })), whole, torch),
    ).toThrow(/"w.weight" dtype must be F32, F16/);
  });

  const two = (): Network =>
    networkOf(new Dense(3, { inputShape: [3], useBias: false }), new Dense(3, { useBias: false }));
  const firstOf = (network: Network): Float32Array =>
    decodeWeight(network.weights.get('dense/kernel')!) as Float32Array;
  const transposed = ({ data }: SafeTensor): number[] => [0, 3, 6, 1, 4, 7, 2, 5, 8].map((i) => Number(data[i]));

  test('layers that fit in the same places go by the order of the Map, or of the numbers in sorted names', () => {
    for (const [names, first] of [
      [['b.weight', 'a.weight'], 'b.weight'],
      [['l.10.weight', 'l.2.weight'], 'l.2.weight'], // sorted as texts
      [['l.2.weight', 'l.10.weight'], 'l.2.weight'],
    ] as const) {
      const tensors = tensorsOf(Object.fromEntries(names.map((name) => [name, [3, 3]])));
      expect([...firstOf(withForeignWeights(two(), tensors, torch))]).toEqual(transposed(tensors.get(first)!));
    }
  });

  test('names say which', () => {
    const tensors = tensorsOf({ 'a.weight': [3, 3], 'b.weight': [3, 3] });
    for (const names of [{ dense: 'b' }, { dense_1: 'a' }, new Map([['dense', 'b']])])
      expect([...firstOf(withForeignWeights(two(), tensors, { ...torch, names }))]).toEqual(
        transposed(tensors.get('b.weight')!),
      );
    for (const [names, told] of [
      [{ nobody: 'a' }, /names must be of nodes with weights: dense, dense_1, got "nobody"/],
      [{ __proto__: null, constructor: 'a' }, /got "constructor"/],
      [{ dense: 'c' }, /names of "dense" must be one of "a", "b", got "c"/],
      [{ dense: 3 }, /got 3/],
      ['a', /an object of texts/],
      [null, /an object of texts/],
    ] as const)
      expect(() =>
        withForeignWeights(two(), tensors, { ...torch, names: names as unknown as Record<string, string> }),
      ).toThrow(told);
    const odd = tensorsOf({ 'a.weight': [3, 2], 'b.weight': [3, 3] });
    expect(() => withForeignWeights(two(), odd, { ...torch, names: { dense: 'a' } })).toThrow(
      /the tensors of "a" for "dense" must be weight \[3, 3\]/,
    );
  });

  test('a layer that is shared has its tensors once, or twice alike', () => {
    const x = input([3]);
    const layer = new Dense(3, { useBias: false });
    const shared = toNetwork(new Model(x, new Add().apply([layer.apply(x), layer.apply(layer.apply(x))])));
    const once = tensorsOf({ 'a.weight': [3, 3] });
    const twice = new Map(once).set('b.weight', once.get('a.weight')!);
    const [key] = shared.weights.keys();
    for (const tensors of [once, twice])
      expect([
        ...(decodeWeight(withForeignWeights(shared, tensors, torch).weights.get(key!)!) as Float32Array),
      ]).toEqual(transposed(once.get('a.weight')!));
    const names = { [shared.nodes[0]!.name]: 'a', [shared.nodes[1]!.name]: 'b' };
    expect(withForeignWeights(shared, twice, { ...torch, names }).weights.size).toBe(1);
    const other = new Map(once).set('b.weight', f32([3, 3], 77));
    expect(() => withForeignWeights(shared, other, { ...torch, names })).toThrow(/tensors of the same numbers as "a"/);
    expect(() => withForeignWeights(shared, other, torch)).toThrow(/no layer takes "b.weight" \[3, 3\]/);
    expect(() => withForeignWeights(two(), twice, torch)).not.toThrow();
  });

  test('what does not fit is named, all of it', () => {
    const tensors = tensorsOf(SMALL);
    tensors.delete('features.5.bias');
    tensors.set('head.fc2.weight', f32([4, 5]));
    tensors.set('__proto__.weight', f32([1]));
    let told = '';
    try {
      withForeignWeights(small(), tensors, torch);
    } catch (error) {
      told = (error as StateError).message;
    }
    for (const part of [
      'no tensors for "conv2D_1"',
      'weight [4, 4, 1, 1]',
      '"dense_1"',
      '"features.5.weight"',
      '"head.fc2.weight" [4, 5]',
      '"__proto__.weight" [1]',
      'say in names',
    ])
      expect(told.toLowerCase()).toContain(part.toLowerCase());
  });

  test('features of joined images are moved each in its place', () => {
    const branches = new Concat([[new Flatten()], [new Conv2D(2, 2, { useBias: false }), new Flatten()]]);
    const network = networkOf(new Conv2D(3, 1, { useBias: false, inputShape: [3, 3, 2] }), branches, new Dense(2));
    const tensors = tensorsOf({
      'a.weight': [3, 2, 1, 1],
      'b.weight': [2, 3, 2, 2],
      'c.weight': [2, 35],
      'c.bias': [2],
    });
    const x = imageOf([2, 3, 3]);
    const a = conv2d(x, tensors, 'a');
    const wanted = linear([...a.values, ...conv2d(a, tensors, 'b').values], tensors, 'c');
    expect(apart(answer(withForeignWeights(network, tensors, torch), channelsLast(x)), wanted)).toBeLessThan(1e-6);
  });

  test('features in two orders at once are refused', () => {
    const x = input([2, 2, 2]);
    const flat = new Flatten().apply(x);
    const network = toNetwork(new Model(x, new Dense(1).apply(new Add().apply([flat, new Dense(8).apply(flat)]))));
    const tensors = tensorsOf({ 'a.weight': [8, 8], 'a.bias': [8], 'b.weight': [1, 8], 'b.bias': [1] });
    expect(() => withForeignWeights(network, tensors, torch)).toThrow(/in an order that PyTorch has not/);
    expect(
      withForeignWeights(network, tensorsOf({ 'a/kernel': [8, 8], 'a/bias': [8], 'b/kernel': [8, 1], 'b/bias': [1] }), {
        from: 'keras',
      }).weights.size,
    ).toBe(4);
  });

  test('networks of integers, and arguments of another kind, are refused', () => {
    const net = new Sequential([new Dense(2, { inputShape: [3] })]);
    const network = quantize(net, { calibration: tensor([[1, 2, 3]]) });
    const tensors = tensorsOf({ 'a.weight': [2, 3], 'a.bias': [2] });
    expect(() => withForeignWeights(network, tensors, torch)).toThrow(StateError);
    const plain = toNetwork(net);
    expect(() => withForeignWeights(plain, Object.fromEntries(tensors) as unknown as Tensors, torch)).toThrow(
      /a Map of names/,
    );
    expect(() => withForeignWeights(plain, tensors, { from: 'jax' } as unknown as ForeignOptions)).toThrow(ValueError);
    expect(() => withForeignWeights(plain, tensors, { ...torch, strict: true } as ForeignOptions)).toThrow(
      /one of the options from, names/,
    );
    for (const wrong of [
      null,
      3,
      { dtype: 'F32' },
      { ...f32([2, 3]), data: new Float32Array(5) },
      { ...f32([2, 3]), shape: [-2, -3] },
    ])
      expect(() => withForeignWeights(plain, new Map(tensors).set('a.weight', wrong as SafeTensor), torch)).toThrow(
        WhittleError,
      );
  });
});

describe('weights of Keras', () => {
  const golden = [
    'a small image network',
    'separable conv2d',
    'depthwise conv2d',
    'conv2d transposed',
    'conv1d',
    'embedding',
    'layer normalization',
    'batch normalization without scale',
    'dense',
    'a layer three times',
  ];

  test.each(golden)('by their own names: %s', (name) => {
    const each = caseOf(name);
    const { network } = fromKeras(JSON.stringify(each.model), shardsOf(each));
    const [{ weights }] = each.model.weightsManifest as unknown as [{ weights: { name: string; shape: number[] }[] }];
    const bytes = Buffer.concat([...shardsOf(each).values()]);
    let at = 0;
    const tensors: Tensors = new Map(
      weights.map(({ name, shape }) => {
        const own = bytes.subarray(at, at + 4 * elements(shape));
        at += own.length;
        return [name, { dtype: 'F32', shape, data: new Uint8Array(own) }];
      }),
    );
    const empty = new Map(
      [...network.weights].map(([key, weight]) => [
        key,
        { ...weight, encoding: { type: 'float32', values: new Float32Array(elements(weight.shape)) } as const },
      ]),
    );
    for (const style of [
      (key: string) => key,
      (key: string) => `model/${key}:0`,
      (key: string) => key.replace('/', '.'),
    ]) {
      const named = new Map([...tensors].map(([key, value]) => [style(key), value]));
      const filled = withForeignWeights({ ...network, weights: empty }, named, { from: 'keras' });
      const given = answers(filled, each.inputs.map(floatsOf), 3);
      expect(Math.max(...each.outputs.map((output, i) => apart(given[i]!, floatsOf(output))))).toBeLessThan(2e-6);
    }
    expect(cases).toContain(each);
  });

  test('depthwise kernels with their units as an axis of their own', () => {
    const network = networkOf(new DepthwiseConv2D(2, { depthMultiplier: 3, useBias: false, inputShape: [2, 2, 2] }));
    for (const [name, shape] of [
      ['d/depthwise_kernel', [2, 2, 2, 3]],
      ['d/kernel', [2, 2, 2, 3]],
      ['d/kernel', [2, 2, 1, 6]],
    ] as const) {
      const tensors = tensorsOf({ [name]: shape });
      const [weight] = withForeignWeights(network, tensors, { from: 'keras' }).weights.values();
      expect(decodeWeight(weight!)).toEqual(tensors.get(name)!.data);
    }
    const separable = networkOf(new SeparableConv2D(3, 2, { inputShape: [3, 3, 2] }));
    const tensors = tensorsOf({
      's/depthwise_kernel': [2, 2, 2, 1],
      's/pointwise_kernel': [1, 1, 2, 3],
      's/bias': [3],
      's/seed_generator_state': [2],
    });
    expect(withForeignWeights(separable, tensors, { from: 'keras' }).weights.size).toBe(3);
  });
});

test('spoiled maps of tensors give a WhittleError or a network', () => {
  const network = small();
  const whole = tensorsOf(SMALL);
  const names = [...whole.keys()];
  const strange = [
    '',
    '.',
    '..',
    '__proto__',
    '__proto__.weight',
    'a.b.c.weight',
    'weight',
    'head.fc1.weight.weight',
    '\0',
    'x/kernel',
  ];
  let refused = 0;
  for (let seed = 0; seed < 1200; seed++) {
    const below = chooser(seed);
    const tensors: Tensors = new Map(whole);
    const pick = (): string => names[below(names.length)]!;
    const other = (): SafeTensor => whole.get(pick())!;
    const WAYS: (() => unknown)[] = [
      () => tensors.delete(pick()),
      () => tensors.set(pick(), other()),
      () => tensors.set(strange[below(strange.length)]!, other()),
      () => tensors.set(pick(), { ...other(), dtype: (['F16', 'I8', 'BOOL', 'F99'] as SafeDType[])[below(4)]! }),
      () =>
        tensors.set(pick(), {
          ...other(),
          shape: [[], [-1], [1e9, 1e9], [0], [2 ** 53], Array(40).fill(1)][below(6)]!,
        }),
      () => tensors.set(pick(), { ...other(), shape: [...other().shape].reverse() }),
      () => tensors.set(pick(), { ...other(), data: [new Float32Array(0), [1], null, 'x'][below(4)] as SafeArray }),
      () => tensors.set(pick(), [null, 0, 'x', {}, []][below(5)] as SafeTensor),
    ];
    for (let i = below(3); i >= 0; i--) WAYS[below(WAYS.length)]!();
    const from = below(8) === 0 ? 'keras' : 'pytorch';
    const named: Record<string, string> =
      below(3) === 0 ? { [network.nodes[below(network.nodes.length)]!.name]: pick().replace(/\.[^.]*$/, '') } : {};
    try {
      validateNetwork(withForeignWeights(network, tensors, { from, names: named }));
    } catch (error) {
      if (!(error instanceof WhittleError)) throw error;
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(800);
  expect(refused).toBeLessThan(1200);
});
