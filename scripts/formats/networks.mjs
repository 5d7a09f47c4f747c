// Networks that other formats are held to: each operation with drawn shapes and attributes, chains of them, models of every
// kind that are trained a little, in real numbers and in int8. For npm test by the sources, for onnx.mjs by what was built.

const ACTIVATIONS = [
  'linear',
  'relu',
  'relu6',
  'leakyRelu',
  'elu',
  'gelu',
  'geluTanh',
  'sigmoid',
  'tanh',
  'softplus',
  'silu',
  'hardSwish',
  'exponential',
  'softmax',
  'logSoftmax',
];

/** Numbers in [0, 1) that depend on the seed alone (Lehmer's generator). */
function randoms(seed) {
  let state = ((seed * 7919) % 2147483646) + 1;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  for (let i = 0; i < 8; i++) next();
  return next;
}

const sizeOf = (shape) => shape.reduce((product, n) => product * n, 1);

/** Nodes and weights as they come. */
class Build {
  constructor(seed) {
    this.next = randoms(seed);
    this.nodes = [];
    this.weights = new Map();
    this.shapes = new Map();
  }

  /** A whole number from low to high. */
  whole = (low, high) => low + Math.floor(this.next() * (high - low + 1));
  pick = (list) => list[this.whole(0, list.length - 1)];
  real = (n, scale = 1, shift = 0) => Float32Array.from({ length: n }, () => (this.next() * 2 - 1) * scale + shift);

  activation() {
    const name = this.pick(ACTIVATIONS);
    if (name === 'leakyRelu') return { name, alpha: 0.2 };
    return name === 'elu' ? { name, alpha: 0.7 } : { name };
  }

  store(key, shape, values, encoding = { type: 'float32', values }) {
    this.weights.set(key, { shape, encoding, mask: null });
    return key;
  }

  node(op, name, inputs, attrs, weights = {}, format = null) {
    this.nodes.push({ name, op, inputs, weights, attrs, format });
    return name;
  }
}

/** Zeros around windows: by a rule, or numbers below their reach. */
const paddingOf = (b, taps, dilations) =>
  b.pick(['same', 'valid', taps.map((n, i) => [0, 0].map(() => b.whole(0, Math.min(2, (n - 1) * dilations[i]))))]);

/** One row an operation: adds it behind a value, gives its shape; null where the shape does not suit it. */
const ROWS = {
  dense(b, name, x, shape, activation = b.activation()) {
    if (shape.length === 0) return null;
    const units = b.whole(1, 7);
    const inputs = shape.at(-1);
    const weights = {
      kernel: b.store(`${name}/kernel`, [inputs, units], b.real(inputs * units, 1 / Math.sqrt(inputs))),
    };
    if (b.next() < 0.7) weights.bias = b.store(`${name}/bias`, [units], b.real(units, 0.3));
    b.node('dense', name, [x], { activation }, weights);
    return [...shape.slice(0, -1), units];
  },
  activation(b, name, x, shape, activation = b.activation()) {
    if (shape.length === 0) return null;
    b.node('activation', name, [x], { activation });
    return shape;
  },
  flatten(b, name, x, shape) {
    b.node('flatten', name, [x], {});
    return [sizeOf(shape)];
  },
  dropout(b, name, x, shape) {
    b.node('dropout', name, [x], { rate: 0.5, training: false });
    return shape;
  },
  activityRegularization(b, name, x, shape) {
    b.node('activityRegularization', name, [x], { l1: 0.1, l2: 0 });
    return shape;
  },
  add(b, name, x, shape) {
    b.node('activation', `${name}/other`, [x], { activation: { name: 'tanh' } });
    b.node('add', name, b.next() < 0.5 ? [x, `${name}/other`] : [x, `${name}/other`, x, x], {});
    return shape;
  },
  concat(b, name, x, shape) {
    if (shape.length === 0) return null;
    b.node('activation', `${name}/other`, [x], { activation: { name: 'sigmoid' } });
    b.node('concat', name, [x, `${name}/other`], {});
    return [...shape.slice(0, -1), 2 * shape.at(-1)];
  },
  split(b, name, x, shape) {
    if (shape.length === 0) return null;
    const n = shape.at(-1);
    const from = b.whole(0, n - 1);
    const to = b.whole(from + 1, n);
    b.node('split', name, [x], { from, to });
    return [...shape.slice(0, -1), to - from];
  },
  conv(b, name, x, shape, activation = b.activation()) {
    if (shape.length !== 2 && shape.length !== 3) return null;
    const places = shape.slice(0, -1);
    const channels = shape.at(-1);
    const dilations = places.map(() => b.whole(1, 2));
    const taps = places.map((n, i) => b.whole(1, Math.max(1, Math.min(3, Math.floor((n - 1) / dilations[i]) + 1))));
    const strides = places.map(() => b.whole(1, 2));
    const groups = b.pick([1, channels, channels % 2 === 0 ? 2 : 1]);
    const units = groups * b.whole(1, 3);
    const kernel = [...taps, channels / groups, units];
    const terms = sizeOf(kernel) / units;
    const weights = { kernel: b.store(`${name}/kernel`, kernel, b.real(sizeOf(kernel), 1 / Math.sqrt(terms))) };
    if (b.next() < 0.7) weights.bias = b.store(`${name}/bias`, [units], b.real(units, 0.3));
    const padding = paddingOf(b, taps, dilations);
    b.node('conv', name, [x], { activation, strides, dilations, padding, groups }, weights);
    return undefined;
  },
  convTranspose(b, name, x, shape, activation = b.activation()) {
    if (shape.length !== 3) return null;
    const taps = [b.whole(1, 3), b.whole(1, 3)];
    const units = b.whole(1, 4);
    const kernel = [...taps, units, shape[2]];
    const weights = { kernel: b.store(`${name}/kernel`, kernel, b.real(sizeOf(kernel), 1 / Math.sqrt(shape[2]))) };
    if (b.next() < 0.7) weights.bias = b.store(`${name}/bias`, [units], b.real(units, 0.3));
    const strides = [b.whole(1, 4), b.whole(1, 3)];
    const isFit = taps.every((n, i) => (shape[i] - 1) * strides[i] + n > 2 * (n - 1));
    const padding = isFit ? paddingOf(b, taps, [1, 1]) : 'same';
    b.node('convTranspose', name, [x], { activation, strides, padding }, weights);
    return undefined;
  },
  pool(b, name, x, shape) {
    if (shape.length !== 2 && shape.length !== 3) return null;
    const places = shape.slice(0, -1);
    const size = places.map((n) => b.whole(1, Math.min(3, n)));
    const strides = places.map(() => b.whole(1, 3));
    const padding = paddingOf(
      b,
      size,
      places.map(() => 1),
    );
    b.node('pool', name, [x], { kind: b.pick(['max', 'average']), size, strides, padding });
    return undefined;
  },
  globalPool(b, name, x, shape) {
    if (shape.length !== 2 && shape.length !== 3) return null;
    b.node('globalPool', name, [x], { kind: b.pick(['max', 'average']) });
    return [shape.at(-1)];
  },
  zeroPad(b, name, x, shape) {
    if (shape.length !== 2 && shape.length !== 3) return null;
    const widths = shape.slice(0, -1).map(() => [b.whole(0, 2), b.whole(0, 2)]);
    b.node('zeroPad', name, [x], { widths });
    return undefined;
  },
  upsample(b, name, x, shape) {
    if (shape.length !== 2 && shape.length !== 3) return null;
    b.node('upsample', name, [x], { factors: shape.slice(0, -1).map(() => b.whole(1, 3)) });
    return undefined;
  },
  channelShuffle(b, name, x, shape) {
    const n = shape.at(-1);
    if (n === undefined) return null;
    const groups = b.pick([1, 2, 3, 4, n].filter((each) => n % each === 0));
    b.node('channelShuffle', name, [x], { groups });
    return shape;
  },
  batchNorm(b, name, x, shape) {
    const n = shape.at(-1);
    if (n === undefined) return null;
    const weights = {
      mean: b.store(`${name}/mean`, [n], b.real(n)),
      variance: b.store(`${name}/variance`, [n], b.real(n, 0.5, 1)),
    };
    if (b.next() < 0.6) weights.gamma = b.store(`${name}/gamma`, [n], b.real(n, 0.5, 1));
    if (b.next() < 0.6) weights.beta = b.store(`${name}/beta`, [n], b.real(n));
    b.node('batchNorm', name, [x], { epsilon: 1e-3, momentum: 0.9, isUnbiased: false }, weights);
    return shape;
  },
  layerNorm(b, name, x, shape) {
    const n = shape.at(-1);
    if (n === undefined || n === 1) return null;
    const weights = {};
    if (b.next() < 0.6) weights.gamma = b.store(`${name}/gamma`, [n], b.real(n, 0.5, 1));
    if (b.next() < 0.6) weights.beta = b.store(`${name}/beta`, [n], b.real(n));
    b.node('layerNorm', name, [x], { epsilon: 1e-3 }, weights);
    return shape;
  },
};

const embeddings = (b, name, x) =>
  b.node('embedding', name, [x], {}, { embeddings: b.store(`${name}/table`, [6, 2], b.real(12)) });

/** Operations that `drawn` draws from, by name. */
export const DRAWN = Object.keys(ROWS);
const FORMAT = { scale: Math.fround(0.031), zeroPoint: -9 };
const IMAGES = [
  [7, 6, 4],
  [5, 8, 3],
  [9, 4],
];

/** The networks, made by a copy of the library. */
export function formatNetworksBy(library) {
  const { Network, Random, Sequential, Model, input, quantize, toNetwork, valuesOf } = library;

  /** The graph of what was built, its last value the output; shapes come from the library. */
  const networkOf = (b, shape, outputs = [b.nodes.at(-1)?.name ?? 'x']) =>
    new Network({ inputs: [{ name: 'x', shape, dtype: 'float32' }], nodes: b.nodes, outputs, weights: b.weights });
  const shapeNow = (b, shape) => valuesOf(networkOf(b, shape)).at(-1).shape;

  /** One operation behind the input. */
  function single(op, seed) {
    const b = new Build(seed);
    const shape = b.pick(IMAGES.filter((each) => op !== 'convTranspose' || each.length === 3));
    const found = ROWS[op](b, 'y', 'x', shape);
    return found === null ? null : networkOf(b, shape);
  }

  /** Several, one behind the other, with a branch now and then. */
  function drawn(seed, length = 6) {
    const b = new Build(seed);
    const first = b.pick([...IMAGES, [6], [3, 4, 2]]);
    let x = 'x';
    let shape = first;
    for (let i = 0; i < length; ) {
      const op = b.pick(DRAWN);
      const found = ROWS[op](b, `v${i}`, x, shape);
      if (found === null) continue;
      x = `v${i++}`;
      shape = shapeNow(b, first);
      if (sizeOf(shape) > 3000) break;
    }
    return networkOf(b, first);
  }

  /** Biases other than 0, as training leaves them. */
  const stirred = (model) => {
    for (const { value } of model.weights)
      value.data.forEach((x, i, data) => {
        data[i] = x + 0.2 * Math.sin(i + 1) * (x === 1 ? 0.5 : 1);
      });
    return model;
  };
  /** After a few steps on numbers that say nothing. */
  const trained = (model, classes, epochs = 2) => {
    const [{ shape }] = toNetwork(model).inputs;
    const x = new Random(4, 'formats').normal([32, ...shape]);
    const y = Int32Array.from({ length: 32 }, (_, i) => i % classes);
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    model.fit(x, library.tensor(y), { epochs, batchSize: 8 });
    return model;
  };
  const calibrated = (model, options = {}) => {
    const calibration = toNetwork(model).inputs.map(({ shape }) => new Random(8, 'formats').normal([64, ...shape]));
    return quantize(model, { calibration: calibration.length === 1 ? calibration[0] : calibration, ...options });
  };

  const { Activation, Add, AvgPool2D, BatchNorm, ChannelShuffle, Concat, Conv1D, Conv2D, Conv2DTranspose, Dense } =
    library;
  const { DepthwiseConv2D, Dropout, Embedding, Flatten, GlobalAvgPool2D, GlobalMaxPool2D, LayerNorm } = library;
  const { MaxPool1D, MaxPool2D, Residual, UpSampling2D, ZeroPadding2D, mobileNetV2, shuffleNetV2 } = library;

  const built = (layers, seed = 3) => stirred(new Sequential(layers, { seed }));
  const MODELS = {
    mlp: () =>
      trained(
        new Sequential(
          [
            new Dense(64, { activation: 'relu', inputShape: [100] }),
            new Dense(64, { activation: 'relu' }),
            new Dense(10, { activation: 'softmax' }),
          ],
          { seed: 4 },
        ),
        10,
      ),
    cnn: () =>
      trained(
        new Sequential(
          [
            new Conv2D(8, 3, { activation: 'relu', padding: 'same', inputShape: [12, 12, 1] }),
            new MaxPool2D(),
            new Conv2D(12, 3, { useBias: false }),
            new BatchNorm(),
            new Activation('relu6'),
            new Dropout(0.3),
            new Flatten(),
            new Dense(5, { activation: 'softmax' }),
          ],
          { seed: 2 },
        ),
        5,
      ),
    rows: () => built([new Dense(5, { activation: 'tanh', inputShape: [3, 4] }), new Flatten(), new Dense(2)]),
    normalized: () =>
      built([
        new Dense(6, { inputShape: [5] }),
        new BatchNorm(),
        new Activation('relu'),
        new LayerNorm(),
        new Dense(3),
      ]),
    sequence: () =>
      built([
        new Conv1D(4, 3, { dilationRate: 2, activation: 'relu', inputShape: [12, 3] }),
        new MaxPool1D(),
        new Flatten(),
        new Dense(2),
      ]),
    groups: () =>
      built([
        new ZeroPadding2D([1, 1], { inputShape: [6, 5, 4] }),
        new Conv2D(8, 3, { groups: 2, strides: 2, activation: 'relu' }),
        new ChannelShuffle(2),
        new DepthwiseConv2D(3, { padding: 'same', activation: 'relu6' }),
        new UpSampling2D([2, 2]),
        new AvgPool2D({ poolSize: 3, strides: 2, padding: 'same' }),
        new GlobalAvgPool2D(),
        new Dense(3),
      ]),
    transposed: () =>
      built([
        new Conv2DTranspose(3, 3, { strides: 2, padding: 'same', activation: 'relu', inputShape: [4, 3, 2] }),
        new Conv2DTranspose(2, 2, { strides: 3 }),
        new GlobalMaxPool2D(),
        new Dense(2),
      ]),
    branches: () =>
      built([
        new Conv2D(4, 1, { inputShape: [5, 5, 2] }),
        new Concat([[new Conv2D(3, 3, { padding: 'same' })], [new Conv2D(2, 1, { activation: 'relu' })]]),
        new Residual([new Conv2D(5, 1, { activation: 'relu' })]),
        new GlobalAvgPool2D(),
        new Dense(2, { activation: 'logSoftmax' }),
      ]),
    table: () =>
      built([new Embedding(6, 3, { inputShape: [4] }), new Flatten(), new Dense(2, { activation: 'sigmoid' })]),
    twoInputs: () => {
      const [a, b] = [input([4]), input([4])];
      const sum = new Add().apply([a, b]);
      return stirred(new Model([a, b], [new Dense(3).apply(sum), new Dense(2, { activation: 'sigmoid' }).apply(a)]));
    },
    mobileNetV2: () =>
      trained(
        mobileNetV2({
          inputShape: [16, 16, 3],
          classes: 4,
          width: 0.25,
          stemStride: 1,
          blocks: 5,
          features: 32,
          seed: 1,
        }),
        4,
      ),
    shuffleNetV2: () =>
      trained(shuffleNetV2({ inputShape: [16, 16, 3], classes: 4, width: 0.5, stemStride: 1, seed: 1 }), 4),
  };

  /** The network up to its last int8 value. */
  function toLastInteger(network) {
    const last = network.nodes.findLast(({ format }) => format !== null);
    const nodes = network.nodes.slice(0, network.nodes.indexOf(last) + 1);
    const end = { name: 'end', op: 'dequantize', inputs: [last.name], weights: {}, attrs: {}, format: null };
    const keys = new Set(nodes.flatMap(({ weights }) => Object.values(weights)));
    const weights = new Map([...network.weights].filter(([key]) => keys.has(key)));
    return new Network({ ...network, nodes: [...nodes, end], outputs: ['end'], weights });
  }

  /** One operation from int8 to int8, where quantize() makes real numbers of it too. */
  const between = (op, attrs, shape, weights = {}, keys = {}, format = FORMAT) => {
    const b = new Build(1);
    b.node('quantize', 'q', ['x'], {}, {}, FORMAT);
    for (const [key, weight] of Object.entries(weights)) b.weights.set(key, weight);
    b.node(op, 'y', ['q'], attrs, keys, format);
    b.node('dequantize', 'end', ['y'], {});
    return networkOf(b, shape);
  };
  function* integers() {
    const wide = { scale: 0.0517, zeroPoint: 3 }; // no float32
    for (const name of ACTIVATIONS) {
      const alpha = { leakyRelu: 0.2, elu: 1 }[name];
      const activation = alpha === undefined ? { name } : { name, alpha };
      yield [`int8 activation ${name}`, between('activation', { activation }, [3, 5], {}, {}, wide)];
    }
    yield [
      'int8 zeroPad',
      between(
        'zeroPad',
        {
          widths: [
            [1, 0],
            [2, 1],
          ],
        },
        [3, 4, 2],
      ),
    ];
    yield ['int8 upsample', between('upsample', { factors: [2, 3] }, [3, 4, 2])];
    yield ['int8 channelShuffle', between('channelShuffle', { groups: 3 }, [4, 6])];
    yield ['int8 split', between('split', { from: 1, to: 4 }, [4, 6])];
    yield ['int8 requantized', between('quantize', {}, [4, 6], {}, {}, wide)];
    for (const kind of ['max', 'average']) {
      const format = kind === 'max' ? FORMAT : wide;
      const pool = { kind, size: [2, 3], strides: [2, 1], padding: 'same' };
      yield [`int8 pool ${kind}`, between('pool', pool, [5, 6, 3], {}, {}, format)];
      yield [`int8 globalPool ${kind}`, between('globalPool', { kind }, [5, 6, 3], {}, {}, format)];
    }
    const numbers = (n, scale, shift = 0) => new Build(2).real(n, scale, shift);
    const norm = {
      mean: { shape: [3], encoding: { type: 'float32', values: numbers(3, 0.3) }, mask: null },
      variance: { shape: [3], encoding: { type: 'float32', values: numbers(3, 0.3, 1) }, mask: null },
    };
    const keys = { mean: 'mean', variance: 'variance' };
    const attrs = { epsilon: 1e-3, momentum: 0.9, isUnbiased: false };
    yield ['int8 batchNorm', between('batchNorm', attrs, [4, 5, 3], norm, keys, wide)];
    yield ['int8 layerNorm', between('layerNorm', { epsilon: 1e-3 }, [4, 5], {}, {}, wide)];
    const table = {
      type: 'int8',
      values: Int8Array.from({ length: 12 }, (_, i) => 7 * i - 40),
      scales: new Float32Array(2).fill(0.5),
    };
    yield [
      'int8 embedding',
      new Network({
        inputs: [{ name: 'x', shape: [4], dtype: 'int32' }],
        nodes: [
          {
            name: 'y',
            op: 'embedding',
            inputs: ['x'],
            weights: { embeddings: 'table' },
            attrs: {},
            format: { scale: 0.5, zeroPoint: 0 },
          },
          { name: 'end', op: 'dequantize', inputs: ['y'], weights: {}, attrs: {}, format: null },
        ],
        outputs: ['end'],
        weights: new Map([['table', { shape: [6, 2], encoding: table, mask: null }]]),
      }),
    ];
  }

  /** Each operation by itself, and chains of them, in real numbers. */
  function* operations(seeds = 12, chains = 60) {
    for (const op of DRAWN)
      for (let seed = 1; seed <= seeds; seed++) {
        const network = single(op, seed);
        if (network !== null) yield [`${op} ${seed}`, network];
      }
    for (const name of ACTIVATIONS) {
      const b = new Build(9);
      const alpha = { leakyRelu: 0.3, elu: 1.3 }[name];
      ROWS.activation(b, 'y', 'x', [4, 3, 5], alpha === undefined ? { name } : { name, alpha });
      yield [`activation ${name}`, networkOf(b, [4, 3, 5])];
      const c = new Build(9);
      ROWS.conv(c, 'y', 'x', [5, 6, 4], alpha === undefined ? { name } : { name, alpha });
      yield [`conv ${name}`, networkOf(c, [5, 6, 4])];
    }
    for (let seed = 1; seed <= chains; seed++) yield [`chain ${seed}`, drawn(seed)];
  }

  /** What is read and given in other ways: an input as output, a value twice, weights that are shared. */
  function* odd() {
    const b = new Build(3);
    ROWS.conv(b, 'c', 'x', [5, 6, 4], { name: 'relu' });
    b.node('dropout', 'd', ['c'], { rate: 0.2, training: false });
    yield ['outputs of every kind', networkOf(b, [5, 6, 4], ['c', 'd', 'x', 'c'])];
    const shared = new Build(4);
    const key = shared.store('k', [4, 4], shared.real(16));
    shared.node('dense', 'a', ['x'], { activation: { name: 'tanh' } }, { kernel: key });
    shared.node('dense', 'b', ['a'], { activation: { name: 'tanh' } }, { kernel: key });
    yield ['a shared kernel', networkOf(shared, [4])];
    const mixed = new Build(5);
    ROWS.conv(mixed, 'c', 'x', [4, 4, 3], { name: 'relu' });
    const at = shapeNow(mixed, [4, 4, 3]);
    ROWS.dense(mixed, 'rows', 'c', at, { name: 'tanh' });
    mixed.node('concat', 'joined', ['c', 'rows', 'c'], {});
    mixed.node('split', 'part', ['joined'], { from: 0, to: at.at(-1) });
    mixed.node('add', 'sum', ['part', 'c'], {});
    mixed.node('layerNorm', 'norm', ['sum'], { epsilon: 1e-3 });
    mixed.node('add', 'end', ['norm', 'sum', 'part'], {});
    yield ['layouts that meet', networkOf(mixed, [4, 4, 3], ['end', 'joined'])];
    const single = new Build(6);
    ROWS.activation(single, 'a', 'x', [1], { name: 'tanh' });
    single.node('flatten', 'f', ['a'], {});
    ROWS.dense(single, 'y', 'f', [1], { name: 'linear' });
    yield ['a number', networkOf(single, [], ['y', 'a'])];
    const table = new Build(7);
    embeddings(table, 'e', 'x');
    const named = networkOf(table, [3], ['e', 'x']);
    yield ['numbers of entries', new Network({ ...named, inputs: [{ name: 'x', shape: [3], dtype: 'int32' }] })];
  }

  /** Models, in real numbers and in int8 of every kind. */
  function* models() {
    for (const [name, make] of Object.entries(MODELS)) yield [name, toNetwork(make())];
    yield ['mlp float16', quantize(MODELS.mlp(), { format: 'float16' })];
    yield ['mlp bfloat16', quantize(MODELS.mlp(), { format: 'bfloat16' })];
    for (const name of ['mlp', 'cnn', 'transposed', 'table'])
      for (const format of ['int8', 'fixed8', 'int4', 'uint8'])
        yield [`${name} weights ${format}`, quantize(MODELS[name](), { format })];
  }

  function* integerModels() {
    for (const [name, make] of Object.entries(MODELS)) {
      if (name === 'table') continue;
      const network = calibrated(make());
      yield [`${name} int8`, network];
      yield [`${name} int8 to its last integers`, toLastInteger(network)];
      yield [`${name} int8 multiplier`, toLastInteger(calibrated(make(), { rule: 'multiplier' }))];
      yield [`${name} fixed`, toLastInteger(calibrated(make(), { format: 'fixed' }))];
    }
  }

  /** The same in real numbers: what a file says of a network with dynamic products. */
  function* dynamicModels() {
    for (const name of ['mlp', 'cnn', 'sequence', 'mobileNetV2']) {
      const network = quantize(MODELS[name](), { format: 'dynamic' });
      const nodes = network.nodes.map((node) => {
        const { dynamic, ...attrs } = node.attrs;
        return { ...node, attrs };
      });
      yield [`${name} dynamic`, network, new Network({ ...network, nodes })];
    }
  }

  return {
    operations,
    odd,
    models,
    integers,
    integerModels,
    dynamicModels,
    single,
    drawn,
    MODELS,
    calibrated,
    toLastInteger,
  };
}
