import { describe, expect, test } from 'vitest';
import {
  Activation,
  Add,
  AvgPool1D,
  AvgPool2D,
  ChannelShuffle,
  Concat,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  cloneModel,
  compare,
  cpu,
  Dense,
  DepthwiseConv2D,
  decodeNetwork,
  digest,
  encodeNetwork,
  Flatten,
  foldConstants,
  fromNetwork,
  GlobalAvgPool1D,
  GlobalAvgPool2D,
  GlobalMaxPool1D,
  GlobalMaxPool2D,
  input,
  Layer,
  l2,
  loadModel,
  MaxPool1D,
  MaxPool2D,
  Model,
  maxNorm,
  measure,
  mul,
  networkCost,
  nonNegative,
  Parameter,
  parameter,
  predictNetwork,
  prune,
  quantize,
  Random,
  Residual,
  reference,
  reshape,
  SeparableConv2D,
  Sequential,
  type SequentialOptions,
  Split,
  saveModel,
  setBackend,
  type Tensor,
  tensor,
  toNetwork,
  UpSampling1D,
  UpSampling2D,
  varianceScaling,
  wasm,
  ZeroPadding1D,
  ZeroPadding2D,
} from '../../src/index.ts';

const x = new Random(5).normal([24, 9, 8, 2]);
const labels = tensor(Int32Array.from({ length: 24 }, (_, i) => (i * 7) % 3));

/** Every layer on images, with rules on weights. */
const imageLayers = (): Layer[] => [
  new ZeroPadding2D(
    [
      [0, 1],
      [1, 0],
    ],
    { inputShape: [9, 8, 2] },
  ),
  new Conv2D(4, 3, {
    activation: 'relu6',
    padding: 'same',
    kernelRegularizer: l2(0.01),
    kernelConstraint: maxNorm(1, [0, 1, 2]),
    kernelInitializer: varianceScaling({ scale: 2, mode: 'fanOut' }),
    activityRegularizer: l2(0.001),
  }),
  new ChannelShuffle(2),
  new Residual([new DepthwiseConv2D(3, { padding: 'same', depthwiseConstraint: nonNegative() }), new Conv2D(4, 1)]),
  new MaxPool2D(),
  new Split([
    [
      new Conv2D(3, 2, {
        padding: [
          [1, 0],
          [0, 1],
        ],
        useBias: false,
      }),
    ],
    [new AvgPool2D({ poolSize: 2, strides: 1, padding: 'same' })],
  ]),
  new SeparableConv2D(6, 3, { strides: 2, padding: 'same', activation: 'elu', depthwiseInitializer: 'heNormal' }),
  new Conv2D(6, 2, { groups: 3, dilationRate: [1, 2], padding: 'same' }),
  new UpSampling2D([2, 1]),
  new Conv2DTranspose(5, 3, { strides: [1, 2], activation: 'tanh', biasInitializer: 'ones' }),
  new Concat([[new GlobalAvgPool2D()], [new GlobalMaxPool2D()]]),
  new Dense(3, { activation: 'softmax' }),
];

function images(options: SequentialOptions = {}): Sequential {
  const model = new Sequential(imageLayers(), { seed: 6, ...options });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

const sequences = (): Sequential =>
  new Sequential(
    [
      new ZeroPadding1D(2, { inputShape: [12, 3] }),
      new Conv1D(6, 3, { activation: 'relu', strides: 2 }),
      new MaxPool1D({ poolSize: 2, strides: 1 }),
      new Conv1D(6, 2, { groups: 6, padding: 'same' }),
      new UpSampling1D(2),
      new AvgPool1D(),
      new Concat([[new GlobalAvgPool1D()], [new GlobalMaxPool1D()]]),
      new Dense(1),
    ],
    { seed: 7 },
  );

const fitted = (model: Sequential, epochs = 2): Sequential => {
  model.fit(x, labels, { epochs, batchSize: 8 });
  return model;
};

describe('a model of convolutions', () => {
  test('learns, by recorded steps with the bits of eager ones, on every table', () => {
    const digests = [reference, cpu, wasm()].map((kernels) => {
      const before = setBackend(kernels);
      try {
        const eager = images();
        eager.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', replay: false });
        const replayed = fitted(images(), 4);
        expect(replayed.replayStatus.isReplaying, replayed.replayStatus.reason).toBe(true);
        expect(digest(replayed)).toBe(digest(fitted(eager, 4)));
        return digest(replayed);
      } finally {
        setBackend(before);
      }
    });
    expect(new Set(digests).size).toBe(1);
    const model = images();
    const first = model.evaluate(x, labels).loss!;
    fitted(model, 30);
    expect(model.evaluate(x, labels).loss).toBeLessThan(0.7 * first);
    const kernel = model.layer('conv2D').parameter('kernel').value;
    for (let unit = 0; unit < 4; unit++) {
      const norm = [...kernel.data].filter((_, i) => i % 4 === unit).reduce((sum, w) => sum + w * w, 0);
      expect(norm).toBeLessThan(1.0001);
    }
    const held = model.layer('residual/depthwiseConv2D').parameter('kernel').value.data;
    expect(Math.min(...held)).toBeGreaterThanOrEqual(0);
  });

  test('learns from sequences', () => {
    const model = sequences();
    model.compile({ optimizer: 'adam', loss: 'mse' });
    const rows = new Random(1).normal([32, 12, 3]);
    const sums = reshape(
      tensor(Array.from({ length: 32 }, (_, i) => rows.data[i * 36]! + rows.data[i * 36 + 3]!)),
      [32, 1],
    );
    const before = model.evaluate(rows, sums).loss!;
    model.fit(rows, sums, { epochs: 40, batchSize: 8 });
    expect(model.evaluate(rows, sums).loss).toBeLessThan(0.8 * before);
    const bytes = saveModel(model);
    expect(saveModel(loadModel(bytes))).toEqual(bytes);
    expect([...predictNetwork(toNetwork(model), rows).data]).toEqual([...model.predict(rows).data]);
  });

  test('takes samples as tensors, as nested arrays, and as numbers in a row', () => {
    const model = images();
    const wanted = [...model.predict(x).data];
    const nested = Array.from({ length: 24 }, (_, n) =>
      Array.from({ length: 9 }, (_, i) =>
        Array.from({ length: 8 }, (_, j) =>
          Array.from({ length: 2 }, (_, c) => x.data[((n * 9 + i) * 8 + j) * 2 + c]!),
        ),
      ),
    );
    expect([...model.predict(nested).data]).toEqual(wanted);
    expect([...model.predict(x.data as Float32Array).data]).toEqual(wanted);
    const other = images();
    other.fit(nested, [...labels.data], { epochs: 2, batchSize: 8 });
    expect(digest(other)).toBe(digest(fitted(model)));
    expect(() => model.predict(reshape(x, [24, 144]))).toThrow('do not have the shape the model was built for');
  });

  test('computes in float64 as in float32, but for rounding', () => {
    const double = images({ dtype: 'float64' });
    const single = images();
    single.setWeights(double.getWeights().map((w) => tensor(Float32Array.from(w.data), { shape: w.shape })));
    const x64 = tensor(Float64Array.from(x.data), { shape: x.shape });
    const close = [...single.predict(x).data];
    for (const [i, p] of [...double.predict(x64).data].entries()) expect(p).toBeCloseTo(close[i]!, 5);
    double.fit(x64, labels, { epochs: 1, batchSize: 8 });
    const bytes = saveModel(double);
    const back = loadModel(bytes);
    expect(back.dtype).toBe('float64');
    expect([...back.predict(x64).data]).toEqual([...double.predict(x64).data]);
    expect(saveModel(back)).toEqual(bytes);
  });

  test('adds penalties on what layers give to the loss', () => {
    const plain = new Sequential([new Conv2D(2, 3, { inputShape: [9, 8, 2] })], { seed: 1 });
    const held = new Sequential([new Conv2D(2, 3, { inputShape: [9, 8, 2], activityRegularizer: l2(0.5) })], {
      seed: 1,
    });
    for (const model of [plain, held]) model.compile({ optimizer: 'sgd', loss: 'mse' });
    const y = plain.predict(x);
    const squares = [...y.data].reduce((sum, v) => sum + v * v, 0);
    const wanted = new Random(2).normal(y.shape);
    const penalty = held.trainOnBatch(x, wanted).loss! - plain.trainOnBatch(x, wanted).loss!;
    expect(penalty).toBeCloseTo((0.5 * squares) / 24, 3);
    for (const layer of [
      new Conv1D(2, 2, { activityRegularizer: 'l1', inputShape: [5, 2] }),
      new Conv2DTranspose(2, 2, { activityRegularizer: 'l1', inputShape: [5, 5, 2] }),
      new DepthwiseConv2D(2, { activityRegularizer: 'l1', inputShape: [5, 5, 2] }),
    ]) {
      const network = toNetwork(new Sequential([layer]));
      expect(network.nodes.map(({ op }) => op).at(-1)).toBe('activityRegularization');
      const [back] = fromNetwork(network).layers as [typeof layer];
      expect(back.options.activityRegularizer).toEqual({ l1: 0.01, l2: 0 });
      expect(back.type).toBe(layer.type);
    }
  });
});

describe('a file of a model of convolutions', () => {
  test('goes on training to the bit, with layers of the same classes', () => {
    const model = fitted(images());
    model.layer('conv2DTranspose').trainable = false;
    model.layer('separableConv2D').inner[0]!.trainable = false;
    const bytes = saveModel(model);
    const back = loadModel(bytes) as Sequential;
    expect(saveModel(back)).toEqual(bytes);
    for (const layer of back.layers) {
      const original = model.layers.find(({ name }) => name === layer.name);
      if (original === undefined) continue; // a part that Split takes
      if (original.inner.length === 0) expect(layer.constructor, layer.name).toBe(original.constructor);
      if (!(original instanceof Conv2D || original instanceof DepthwiseConv2D)) continue;
      const { steps, kernelSize, rules } = layer as Conv2D | DepthwiseConv2D;
      expect({ steps, kernelSize }).toEqual({ steps: original.steps, kernelSize: original.kernelSize });
      expect(typeof rules.kernelInitializer).toBe(typeof original.rules.kernelInitializer);
    }
    expect(back.layer('conv2D').rules).toMatchObject({ kernelRegularizer: { l1: 0, l2: 0.01 } });
    fitted(model);
    fitted(back);
    expect(back.getWeights().map(({ data }) => [...data])).toEqual(model.getWeights().map(({ data }) => [...data]));
  });

  test('gives a Conv2D of each channel back as a DepthwiseConv2D that begins alike', () => {
    const model = new Sequential(
      [new Conv2D(6, 3, { groups: 3, kernelInitializer: 'heNormal', inputShape: [5, 5, 3] })],
      { seed: 4 },
    );
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const back = loadModel(saveModel(model));
    const [layer] = back.layers;
    expect(layer).toBeInstanceOf(DepthwiseConv2D);
    expect((layer as DepthwiseConv2D).depthMultiplier).toBe(2);
    const fresh = new Sequential([layer!.clone()], { seed: 4 });
    expect([...fresh.weights[0]!.value.data]).toEqual([...model.weights[0]!.value.data]);
    // A single channel is one group: nothing tells the two apart, and nothing differs
    const one = new Sequential([new DepthwiseConv2D(3, { depthMultiplier: 2, inputShape: [5, 5, 1] })]);
    expect(fromNetwork(toNetwork(one)).layers[0]).toBeInstanceOf(Conv2D);
  });

  test('knows how a DepthwiseConv2D begins and what its kernel is held to', () => {
    const rules = { depthwiseInitializer: 'heNormal', depthwiseRegularizer: l2(0.5), biasInitializer: 'ones' } as const;
    const layer = new DepthwiseConv2D(3, { ...rules, depthwiseConstraint: nonNegative(), inputShape: [5, 5, 3] });
    const model = new Sequential([layer], { seed: 4 });
    for (const back of [loadModel(saveModel(model)), cloneModel(model)]) {
      const [kernel, bias] = back.weights;
      expect([kernel!.regularizer, kernel!.constraint?.name]).toEqual([{ l1: 0, l2: 0.5 }, 'nonNegative']);
      expect([bias!.regularizer, bias!.constraint]).toEqual([null, null]);
      expect((back.layers[0] as DepthwiseConv2D).options).toMatchObject(rules);
      expect(digest(new Sequential([back.layers[0]!.clone()], { seed: 4 }))).toBe(digest(model));
    }
  });

  test('is shown as a table', () => {
    const model = new Sequential([
      new ZeroPadding2D(
        [
          [1, 0],
          [0, 2],
        ],
        { inputShape: [5, 5, 1] },
      ),
      new Conv2D(2, 3, { strides: 2, activation: 'relu' }),
      new MaxPool2D({ padding: 'same' }),
      new GlobalAvgPool2D(),
    ]);
    expect(String(toNetwork(model)).split('\n')).toEqual([
      'input            float32 [5, 5, 1]  input',
      'zeroPadding2D    float32 [6, 7, 1]  zeroPad(input, widths [[1, 0], [0, 2]])',
      'conv2D           float32 [2, 3, 2]  relu(conv(zeroPadding2D, conv2D/kernel [3, 3, 1, 2], conv2D/bias [2], strides [2, 2], dilations [1, 1], padding valid, groups 1))',
      'maxPool2D        float32 [1, 2, 2]  pool(conv2D, kind max, size [2, 2], strides [2, 2], padding same)',
      'globalAvgPool2D  float32 [2]        globalPool(maxPool2D, kind average)',
      'gives globalAvgPool2D: 20 parameters, 108 multiply-adds a sample',
    ]);
    expect(model.summary()).toContain('conv2D (conv2D)                    [batch, 2, 3, 2]');
  });
});

describe('around convolutions', () => {
  test('one layer is applied to two values: its gradients add up, its weights are one', () => {
    const build = (): Model => {
      const a = input([9, 8, 2]);
      const shared = new Conv2D(3, 3, { activation: 'relu', padding: 'same', name: 'shared' });
      const first = shared.apply(a);
      const second = new Add().apply([first, shared.apply(new Activation('tanh').apply(a))]);
      const y = new Dense(3, { activation: 'softmax' }).apply(new GlobalAvgPool2D().apply(second));
      const model = new Model(a, y, { seed: 3 });
      model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
      return model;
    };
    const model = build();
    model.fit(x, labels, { epochs: 3, batchSize: 8 });
    expect(model.replayStatus.isReplaying).toBe(true);
    expect(model.weights.map(({ name }) => name)).toEqual([
      'shared/kernel',
      'shared/bias',
      'dense/kernel',
      'dense/bias',
    ]);
    const bytes = saveModel(model);
    const back = loadModel(bytes);
    expect(saveModel(back)).toEqual(bytes);
    for (const each of [model, back]) each.fit(x, labels, { epochs: 2, batchSize: 8 });
    expect(digest(back)).toBe(digest(model));
    const network = toNetwork(model);
    expect([...predictNetwork(network, x).data]).toEqual([...model.predict(x).data]);
    expect(networkCost(network).parameters).toBe(57 + 12);
    expect(networkCost(network).macs).toBe(2 * 72 * 3 * 18 + 9);
  });

  test('a layer of the user’s own trains beside them and is refused by name where it has to be', () => {
    class Gain extends Layer {
      override readonly type = 'gain';
      override readonly replayable = true;
      override build(shape: readonly number[]): readonly number[] {
        this.weights = [new Parameter(`${this.name}/kernel`, parameter(tensor([0.5])))];
        return shape;
      }
      override call(of: Tensor): Tensor {
        return mul(of, this.parameter('kernel').value);
      }
      override clone(): Gain {
        return new Gain({ name: this.name });
      }
    }
    const model = new Sequential([
      new Conv2D(3, 3, { inputShape: [9, 8, 2] }),
      new Gain(),
      new Conv2D(2, 3),
      new Flatten(),
      new Dense(3, { activation: 'softmax' }),
    ]);
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    fitted(model);
    expect(model.replayStatus.isReplaying).toBe(true);
    expect([...cloneModel(model).predict(x).data]).toEqual([...model.predict(x).data]);
    const pruned = prune(model, { sparsity: 0.5 });
    expect(pruned.layer('conv2D').parameter('kernel').mask).not.toBeNull();
    expect(() => saveModel(model)).toThrow('layer gain of type gain');
  });

  test('pruned weights stay 0 through training, in files and figures', () => {
    const pruned = prune(fitted(images()), { sparsity: 0.7, scope: 'layer' });
    const layers = ['conv2D', 'residual/depthwiseConv2D', 'separableConv2D/pointwise', 'conv2DTranspose'];
    const shareOf = (name: string): number => {
      const { data } = pruned.layer(name).parameter('kernel').value;
      return data.filter((w) => w === 0).length / data.length;
    };
    fitted(pruned as Sequential);
    expect(pruned.replayStatus.isReplaying).toBe(true);
    for (const name of layers) {
      expect(shareOf(name), name).toBeGreaterThan(0.65);
      expect(pruned.layer(name).parameter('bias')?.mask ?? null).toBeNull();
    }
    const back = loadModel(saveModel(pruned));
    expect([...back.layer('conv2D').parameter('kernel').mask!.data]).toEqual([
      ...pruned.layer('conv2D').parameter('kernel').mask!.data,
    ]);
    const { before, after } = compare(images(), pruned, { latency: false });
    expect(after.nonZeroParameters).toBeLessThan(before.nonZeroParameters * 0.6);
    expect(after.macs).toBe(before.macs);
    expect(measure(pruned, { latency: false }).parameters).toBe(pruned.parameterCount);
  });

  test('a transposed convolution has an int8 form, near the real one', () => {
    const layers = [new Conv2DTranspose(2, 3, { inputShape: [4, 4, 1] }), new Flatten(), new Dense(1)];
    const transposed = new Sequential(layers, { seed: 2 });
    const samples = new Random(3).normal([50, 4, 4, 1]);
    const int8 = quantize(transposed, { calibration: samples });
    expect(int8.nodes.find(({ op }) => op === 'convTranspose')!.format).not.toBeNull();
    expect(int8.weights.get('conv2DTranspose/kernel')!.encoding.type).toBe('int8');
    const [real, near] = [transposed.predict(samples), predictNetwork(int8, samples)].map(({ data }) => data);
    const most = Math.max(...real!.map((y) => Math.abs(y)));
    for (const [i, y] of real!.entries()) expect(Math.abs(near![i]! - y)).toBeLessThan(0.03 * most);
  });

  test('constants are not folded through a convolution that reads zeros around them', () => {
    const model = new Sequential(
      [
        new Dense(3, { inputShape: [4, 4, 2], activation: 'sigmoid', kernelInitializer: 'zeros' }),
        new Conv2D(3, 3, { padding: 'same', biasInitializer: 'ones' }),
        new GlobalAvgPool2D(),
        new Dense(2),
      ],
      { seed: 2 },
    );
    const network = toNetwork(model);
    expect(encodeNetwork(foldConstants(network))).toEqual(encodeNetwork(network));
    expect(encodeNetwork(decodeNetwork(encodeNetwork(network)).network)).toEqual(encodeNetwork(network));
  });
});
