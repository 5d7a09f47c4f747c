import { describe, expect, test } from 'vitest';
import {
  Activation,
  Add,
  AvgPool1D,
  AvgPool2D,
  BatchNorm,
  ChannelShuffle,
  Concat,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  convert,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  foldBatchNorm,
  fromData,
  GlobalAvgPool2D,
  GlobalMaxPool2D,
  input,
  type Layer,
  MaxPool2D,
  Model,
  type Node,
  Part,
  type PrepareOptions,
  prepareQAT,
  quantize,
  SeparableConv2D,
  Sequential,
  type SymbolicTensor,
  type Tensor,
  UpSampling2D,
  ZeroPadding2D,
} from '../../src/index.ts';
import { FIVE, tenClasses, trained } from '../compress/five-networks.ts';
import { normal } from '../compress/tools.ts';
import { aloneAgainst, chain, difference, shaken } from './qat-tools.ts';

const SAMPLES = 10_000;
const IMAGE = [5, 6, 4];

/** What makes a model around an operation: the samples' shape, and layers from its input to what the last product reads. */
interface Case {
  readonly shape: readonly number[];
  readonly layers: (x: SymbolicTensor) => SymbolicTensor;
  /** The operation, which gives int8 in the integer network. */
  readonly op: Node['op'];
}

const apply =
  (make: () => Layer[]): Case['layers'] =>
  (x) =>
    make().reduce((y, layer) => layer.apply(y), x);

const conv = (options = {}): Layer => new Conv2D(6, 3, options);
const CASES: Readonly<Record<string, Case>> = {
  dense: { shape: [9], layers: apply(() => [new Dense(7)]), op: 'dense' },
  'dense and relu': { shape: [9], layers: apply(() => [new Dense(7, { activation: 'relu' })]), op: 'dense' },
  'dense and relu6': { shape: [9], layers: apply(() => [new Dense(7), new Activation('relu6')]), op: 'dense' },
  'dense without a bias': { shape: [9], layers: apply(() => [new Dense(7, { useBias: false })]), op: 'dense' },
  'dense of rows': {
    shape: [3, 5],
    layers: apply(() => [new Dense(7, { activation: 'relu' }), new Flatten()]),
    op: 'dense',
  },
  convolution: { shape: IMAGE, layers: apply(() => [conv({ activation: 'relu' }), new Flatten()]), op: 'conv' },
  'convolution with zeros around, a stride and relu6': {
    shape: IMAGE,
    layers: apply(() => [conv({ padding: 'same', strides: 2 }), new Activation('relu6'), new Flatten()]),
    op: 'conv',
  },
  'convolution of sequences': {
    shape: [7, 3],
    layers: apply(() => [new Conv1D(5, 3, { padding: 'same', dilationRate: 2 }), new Flatten()]),
    op: 'conv',
  },
  'depthwise convolution': {
    shape: IMAGE,
    layers: apply(() => [new DepthwiseConv2D(3, { depthMultiplier: 2, activation: 'relu' }), new Flatten()]),
    op: 'conv',
  },
  'grouped convolution': { shape: IMAGE, layers: apply(() => [conv({ groups: 2 }), new Flatten()]), op: 'conv' },
  'separable convolution': {
    shape: IMAGE,
    layers: apply(() => [new SeparableConv2D(5, 3), new Flatten()]),
    op: 'conv',
  },
  'transposed convolution': {
    shape: [3, 3, 2],
    layers: apply(() => [new Conv2DTranspose(4, 3, { strides: 2, activation: 'relu' }), new Flatten()]),
    op: 'convTranspose',
  },
  sum: {
    shape: [9],
    layers: (x) => new Add().apply([new Dense(7).apply(x), new Dense(7, { activation: 'relu' }).apply(x)]),
    op: 'add',
  },
  'sum and relu': {
    shape: [9],
    layers: (x) => new Activation('relu').apply(new Add().apply([new Dense(7).apply(x), new Dense(7).apply(x)])),
    op: 'add',
  },
  'sum of three': {
    shape: [9],
    layers: (x) => new Add().apply([1, 2, 3].map(() => new Dense(7).apply(x))),
    op: 'add',
  },
  concatenation: {
    shape: [9],
    layers: (x) => new Concat().apply([new Dense(3).apply(x), new Dense(4, { activation: 'relu' }).apply(x)]),
    op: 'concat',
  },
  'concatenation of a value of another format': {
    shape: [9],
    layers: (x) => {
      const part = new Dense(4).apply(x);
      return new Concat().apply([part, new Dense(3).apply(part)]);
    },
    op: 'concat',
  },
  'largest of windows': {
    shape: IMAGE,
    layers: apply(() => [conv(), new MaxPool2D({ poolSize: 2, strides: 1 }), new Flatten()]),
    op: 'pool',
  },
  'mean of windows': {
    shape: IMAGE,
    layers: apply(() => [conv(), new AvgPool2D({ poolSize: 3, strides: 2, padding: 'same' }), new Flatten()]),
    op: 'pool',
  },
  'mean of windows of sequences': {
    shape: [7, 3],
    layers: apply(() => [new Conv1D(4, 2), new AvgPool1D(), new Flatten()]),
    op: 'pool',
  },
  'mean of channels': { shape: IMAGE, layers: apply(() => [conv(), new GlobalAvgPool2D()]), op: 'globalPool' },
  'largest of channels': { shape: IMAGE, layers: apply(() => [conv(), new GlobalMaxPool2D()]), op: 'globalPool' },
  'zeros around': { shape: IMAGE, layers: apply(() => [conv(), new ZeroPadding2D(1), new Flatten()]), op: 'zeroPad' },
  copies: {
    shape: [4, 4, 2],
    layers: apply(() => [new Conv2D(3, 2), new UpSampling2D(2), new Flatten()]),
    op: 'upsample',
  },
  shuffle: { shape: IMAGE, layers: apply(() => [conv(), new ChannelShuffle(3), new Flatten()]), op: 'channelShuffle' },
  part: { shape: [9], layers: apply(() => [new Dense(7), new Part(2, 6)]), op: 'split' },
};

/** The model around an operation; `y` is real, behind a product of what it gives. */
function modelOf({ shape, layers }: Case): Model {
  const x = input(shape);
  return shaken(new Model(x, new Dense(3).apply(layers(x)), { seed: 4 }));
}

/** The same, prepared. */
const preparedCase = (made: Case, options: PrepareOptions = {}): Model =>
  prepareQAT(modelOf(made), { calibration: normal([200, ...made.shape], 8), ...options });

describe('the integer network equals the prepared model', () => {
  test.each(Object.entries(CASES))('%s', (_, made) => {
    const x = normal([SAMPLES, ...made.shape], 9);
    const model = preparedCase(made);
    const network = convert(model);
    expect(network.nodes.filter(({ op, format }) => op === made.op && format !== null).length).toBeGreaterThan(0);
    expect(network.nodes.map(({ op }) => op)).not.toContain('fakeQuantize');
    expect(difference(model, network, x)).toMatchObject({ different: 0, of: 3 * SAMPLES });
  });

  test.each(Object.entries(CASES))('%s has the rules that quantize() gives it', (_, made) => {
    const x = input(made.shape);
    const model = shaken(new Model(x, new Dense(3).apply(made.layers(x)), { seed: 4 }));
    const calibration = normal([200, ...made.shape], 8);
    const rulesOf = ({ nodes }: Pick<ReturnType<typeof convert>, 'nodes'>) =>
      nodes.flatMap(({ name, attrs, format }) => (format !== null && 'rule' in attrs ? [`${name} ${attrs.rule}`] : []));
    const theirs = rulesOf(quantize(model, { calibration, rule: 'multiplier' }));
    expect(rulesOf(convert(prepareQAT(model, { calibration }), { rule: 'multiplier' }))).toEqual(theirs);
    expect(theirs.some((rule) => rule.startsWith('add '))).toBe(made.op === 'add' && made !== CASES['sum of three']);
  });

  const { 'sum of three': three, ...others } = CASES;
  test('a sum of three has no rule of whole numbers: it keeps the other, and a note names it', () => {
    const model = preparedCase(three!);
    const network = convert(model, { rule: 'multiplier' });
    const rules = network.nodes.flatMap(({ op, attrs }) => (op === 'add' || op === 'dense' ? [[op, attrs]] : []));
    expect(rules).toContainEqual(['add', {}]);
    expect(rules).toContainEqual(['dense', expect.objectContaining({ rule: 'multiplier' })]);
    const note =
      '"add" keeps the float32 rule: it adds more than two values, which the rule multiplier does not: add them one after another';
    expect(network.notes).toEqual([note]);
    expect(convert(model).notes).toEqual([]);
    const plain = modelOf(three!);
    const calibration = normal([200, ...three!.shape], 8);
    expect(quantize(plain, { calibration, rule: 'multiplier' }).notes).toContain(note);
    expect(quantize(plain, { calibration }).notes).not.toContain(note);
  });

  test.each(Object.entries(others))('%s, by whole numbers alone, within one integer of the model', (_, made) => {
    const x = normal([SAMPLES, ...made.shape], 9);
    const model = preparedCase(made);
    const network = convert(model, { rule: 'multiplier' });
    const nodes = network.nodes.filter(({ op, format }) => op !== 'quantize' && format !== null);
    expect(nodes.map(({ op }) => op)).toContain(made.op);
    // Each operation alone, on the integers that the model has: what reads integers that are one off may be more than one off
    for (const node of nodes) {
      const { own, model: wanted } = aloneAgainst(model, network, node, x);
      const most = own.reduce((far, y, i) => Math.max(far, Math.abs(y - wanted[i]!)), 0);
      expect(own.length % SAMPLES, node.name).toBe(0);
      expect(most / node.format!.scale, node.name).toBeLessThan(1.01);
    }
  });

  test.each([2, 3, 4, 6])('kernels of %i bits', (bits) => {
    for (const learnedStep of [false, true]) {
      const model = preparedCase(CASES.convolution!, { bits, learnedStep, layers: { conv2D: bits === 6 ? 5 : bits } });
      const network = convert(model);
      const { encoding } = network.weights.get('conv2D/kernel')!;
      expect(encoding.type).toBe(bits > 4 ? 'int8' : 'levels');
      expect(difference(model, network, normal([SAMPLES, ...IMAGE], 9)).different).toBe(0);
    }
  });

  test.each([false, true])('biases that are large beside their kernels (learned steps: %s)', (learnedStep) => {
    for (const name of ['dense', 'convolution', 'transposed convolution']) {
      const made = CASES[name]!;
      const x = input(made.shape);
      const model = shaken(new Model(x, new Dense(3).apply(made.layers(x)), { seed: 4 }));
      const [kernel, bias] = model.weights.map(({ value }) => value) as [Tensor, Tensor];
      const tiny = kernel.storage.array;
      for (let i = 0; i < tiny.length; i++)
        if (name === 'transposed convolution' || (i % bias.size) % 2 === 0) tiny[i]! *= 1e-8;
      bias.storage.array.set(Array.from(bias.data, (_, j) => 1 + j / 7));
      const prepared = prepareQAT(model, { calibration: normal([200, ...made.shape], 8), learnedStep });
      const network = convert(prepared);
      const whole = network.weights.get(model.weights[1]!.name)!.encoding.values;
      expect(Math.max(...whole), name).toBeGreaterThan(2 ** 23);
      expect(Math.max(...whole), name).toBeLessThanOrEqual(2 ** 24);
      expect(Math.min(...whole), name).toBeGreaterThan(0);
      expect(difference(prepared, network, normal([1000, ...made.shape], 9)).different, name).toBe(0);
    }
  });

  test.each(Object.keys(FIVE))('%s, with BatchNorms folded before', (name) => {
    const folded = foldBatchNorm(trained(name));
    const model = prepareQAT(folded, { calibration: normal([40, ...folded.inputShape], 3) });
    expect(difference(model, convert(model), normal([200, ...folded.inputShape], 4)).different).toBe(0);
  });

  const TRAININGS: readonly PrepareOptions[] = [{}, { bits: 4 }, { bits: 2 }, { bits: 2, learnedStep: true }];
  test.each(Object.keys(FIVE).flatMap((name) => TRAININGS.map((options) => [name, options] as const)))(
    '%s, trained on in between with %o',
    (name, options) => {
      const folded = foldBatchNorm(trained(name));
      const samples = options.learnedStep === true ? { calibration: normal([40, ...folded.inputShape], 3) } : {};
      const model = prepareQAT(folded, { ...options, ...samples });
      model.fit(...tenClasses(model, 20), { epochs: 3 });
      const network = convert(model);
      const kernels = network.nodes.flatMap(({ weights }) => weights.kernel ?? []);
      const encodings = kernels.map((key) => network.weights.get(key)!.encoding);
      for (const { type } of encodings) expect(type).toBe(options.bits === undefined ? 'int8' : 'levels');
      for (const encoding of encodings) if ('bits' in encoding) expect(encoding.bits).toBe(options.bits);
      expect(difference(model, network, normal([200, ...folded.inputShape], 4)).different).toBe(0);
    },
  );

  test('numbers far outside of ranges, infinite ones too', () => {
    const model = preparedCase(CASES.dense!);
    const x = normal([300, 9], 3);
    for (let i = 0; i < x.size; i++) x.storage.array[i]! *= [1, 1e3, -1e6, 0, 1e30][i % 5]!;
    x.storage.array[7] = Infinity;
    x.storage.array[8] = -Infinity;
    expect(difference(model, convert(model), x).different).toBe(0);
  });

  test('with what Dropout, penalties and activations lie between, and with values that real numbers read too', () => {
    const x = input([9]);
    const body = new Dense(7, { activityRegularizer: 'l2' }).apply(x);
    const relu = new Dropout(0.3).apply(new Activation('relu').apply(new Dropout(0.1).apply(body)));
    const y = new Dense(4).apply(relu);
    const model = shaken(new Model(x, [y, new Activation('tanh').apply(y), new Dense(2).apply(y)], { seed: 1 }));
    const prepared = prepareQAT(model, { calibration: normal([100, 9]) });
    expect(difference(prepared, convert(prepared), normal([1000, 9], 2)).different).toBe(0);
    const ops = convert(prepared).nodes.map(({ op, format }) => `${op} ${format === null ? 'real' : 'int8'}`);
    expect(ops).toEqual([
      'quantize int8',
      'dense int8',
      'dense real',
      'activation real',
      'quantize int8',
      'dense real',
    ]);
  });

  test('at the points that quantize() has, in its formats where these come from the same samples', () => {
    for (const name of ['MLP', 'article CNN', 'residual with a shared layer']) {
      const model = trained(name);
      const calibration = normal([40, ...model.inputShape], 3);
      const ours = convert(prepareQAT(model, { calibration, ranges: 'minMax' }));
      const theirs = quantize(model, { calibration, ranges: 'minMax' });
      const told = (graph: typeof ours) =>
        graph.nodes.map(({ op, format, inputs }) => [op, inputs.length, format !== null]);
      expect(told(ours), name).toEqual(told(theirs));
      ours.nodes.forEach(({ format }, i) => {
        expect(format?.zeroPoint, name).toBe(theirs.nodes[i]!.format?.zeroPoint);
        if (format !== null) expect(format.scale / theirs.nodes[i]!.format!.scale).toBeCloseTo(1, 5);
      });
    }
  });
});

describe('BatchNorm', () => {
  /** What a product reads, by an identity behind it: so many integers times their scale. */
  const identity = (n: number): Dense => {
    const kernelInitializer = (shape: readonly number[]) =>
      fromData(
        Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
        shape,
      );
    return new Dense(n, { useBias: false, kernelInitializer });
  };

  test.each(['convolution', 'dense'])('behind a %s goes into scales, its sign into the integers', (kind) => {
    const shape = kind === 'dense' ? [9] : IMAGE;
    const product = kind === 'dense' ? new Dense(8, { inputShape: shape }) : new Conv2D(2, 3, { inputShape: shape });
    const body = shaken(new Sequential([product, new BatchNorm(), new Activation('relu'), new Flatten()], { seed: 1 }));
    const gamma = body.layers[1]!.parameter('gamma').value.storage.array;
    gamma[0] = -0.7;
    gamma[1] = 0;
    const whole = new Sequential([...body.layers.map((layer) => layer.clone()), identity(body.outputShape[0]!)]);
    whole.build(shape);
    for (const [i, { value }] of body.weights.entries()) whole.weights[i]!.value.storage.array.set(value.data);
    const model = prepareQAT(whole, { calibration: normal([200, ...shape], 8) });
    const network = convert(model);
    expect(network.nodes.map(({ op }) => op)).not.toContain('batchNorm');
    const { format } = network.nodes.find(({ op, format }) => ['conv', 'dense'].includes(op) && format !== null)!;
    const { most, different, of } = difference(model, network, normal([SAMPLES, ...shape], 9));
    expect(most / format!.scale).toBeLessThan(1.01);
    expect(different / of).toBeLessThan(0.01);
  });

  test.each([
    [2, 20],
    [4, 60],
    [8, 1],
  ])('that leaves biases coarser than results is told, with how far these are off: %i bits', (bits, gamma) => {
    const body = [new Dense(8, { inputShape: [9] }), new BatchNorm(), new Activation('relu6')];
    const given = new Sequential([...body, identity(8)], { seed: 1 });
    given.layers[1]!.parameter('gamma').value.storage.array.fill(gamma);
    given.layers[1]!.parameter('beta').value.storage.array.set(normal([8], 6).data);
    const model = prepareQAT(given, { calibration: normal([200, 9], 8), layers: { dense: bits } });
    const network = convert(model);
    const { format } = network.nodes.find(({ name }) => name === 'dense')!;
    const off = difference(model, network, normal([SAMPLES / 4, 9], 9)).most / format!.scale;
    if (gamma === 1) {
      expect(network.notes).toEqual([]);
      expect(off).toBeLessThan(1.01);
      return;
    }
    expect(network.notes).toHaveLength(1);
    const found = /^the bias of "dense", into which .* may be (\d+) integers off/.exec(network.notes[0]!);
    expect(off).toBeGreaterThan(1.5);
    expect(off).toBeLessThan(Number(found![1]) + 0.01);
  });

  test.each(['MobileNetV2', 'ShuffleNetV2'])('in %s: answers are alike', (name) => {
    const own = trained(name);
    const model = prepareQAT(own, { calibration: normal([40, ...own.inputShape], 3) });
    model.fit(...tenClasses(model, 20), { epochs: 1 });
    const network = convert(model);
    expect(network.nodes.map(({ op }) => op)).not.toContain('batchNorm');
    expect(difference(model, network, normal([100, ...own.inputShape], 4)).most).toBeLessThan(0.02);
  });

  test('that alone reads no product, or is behind a transposed convolution, stays', () => {
    const model = chain([
      new BatchNorm({ inputShape: [9] }),
      new Dense(4, { activation: 'tanh' }),
      new BatchNorm(),
      new Dense(3),
    ]);
    const prepared = prepareQAT(model, { calibration: normal([100, 9]) });
    expect(convert(prepared).nodes.filter(({ op }) => op === 'batchNorm').length).toBe(2);
    expect(difference(prepared, convert(prepared), normal([1000, 9], 2)).different).toBe(0);
  });
});
