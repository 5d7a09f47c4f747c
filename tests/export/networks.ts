import { reference } from '../../kernels/reference/reference.ts';
import { operatorNetworks } from '../../scripts/formats/tflite-operators.mjs';
import {
  Activation,
  Add,
  AvgPool2D,
  BatchNorm,
  ChannelShuffle,
  Concat,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  Embedding,
  Flatten,
  GlobalAvgPool2D,
  GlobalMaxPool2D,
  type Graph,
  input,
  LayerNorm,
  MaxPool1D,
  MaxPool2D,
  Model,
  mobileNetV2,
  prune,
  quantize,
  Random,
  Residual,
  Sequential,
  type Stored,
  type Tensor,
  toNetwork,
  toSparse,
  UpSampling2D,
  ZeroPadding2D,
} from '../../src/index.ts';
import { ACTIVATIONS, type ActivationName, compileNetwork } from '../../src/infer/index.ts';
import { everyEncoding, productOf } from '../encodings.ts';

/** Networks of every kind that leave: each operation, real, in int8 and between, weights in every encoding. */

const random = new Random(5, 'exported');

/** Samples of each input: real numbers, or below `entries` for one that a table is looked up in. */
export function samplesFor({ inputs }: Pick<Graph<Stored>, 'inputs'>, count: number, entries = 6): Float32Array[] {
  return inputs.map(({ shape, dtype, name }) => {
    const numbers = new Random(count, name).normal([count, ...shape]).data;
    return Float32Array.from(numbers, (x) =>
      dtype === 'int32' ? Math.floor(Math.abs(x) * (entries + 1)) % entries : 2 * x,
    );
  });
}

/** Weights and statistics that no initializer gives: biases other than 0 too. */
function stirred<M extends Model>(model: M): M {
  for (const { value } of model.weights)
    value.data.forEach((x, i, data) => {
      data[i] = x + 0.2 * Math.sin(i + 1) * (x === 1 ? 0.5 : 1);
    });
  return model;
}

const built = (layers: ConstructorParameters<typeof Sequential>[0]): Sequential =>
  stirred(new Sequential(layers, { seed: 3 }));

function activated(name: ActivationName): Sequential {
  const activation = { name };
  const branches = new Concat([[new Dense(4, { activation })], [new Dense(3), new Activation(activation)]]);
  return built([new Dense(5, { inputShape: [4] }), branches, new Dense(3)]);
}

function twoInputs(): Model {
  const [a, b] = [input([4]), input([4])];
  const sum = new Add().apply([a, b]) as ReturnType<typeof input>;
  return stirred(new Model([a, b], [new Dense(3).apply(sum), new Dense(2, { activation: 'sigmoid' }).apply(a)]));
}

const MODELS: Readonly<Record<string, () => Model>> = {
  'a line': () => built([new Dense(1, { inputShape: [3] })]),
  'a dense network': () =>
    built([
      new Dense(9, { activation: 'relu', inputShape: [6] }),
      new Dense(17, { activation: 'relu6' }),
      new Dense(4, { activation: 'softmax' }),
    ]),
  'rows of dense layers': () =>
    built([new Dense(5, { activation: 'tanh', inputShape: [3, 4] }), new Flatten(), new Dense(2)]),
  'normalized rows': () =>
    built([new Dense(6, { inputShape: [5] }), new BatchNorm(), new Activation('relu'), new LayerNorm(), new Dense(3)]),
  convolutions: () =>
    built([
      new Conv2D(5, 3, { activation: 'relu', padding: 'same', inputShape: [7, 6, 2] }),
      new MaxPool2D(),
      new Conv2D(4, [2, 3], { strides: 1, useBias: false, activation: 'gelu' }),
      new Flatten(),
      new Dense(3, { activation: 'softmax' }),
    ]),
  'a sequence': () =>
    built([
      new Conv1D(4, 3, { dilationRate: 2, activation: 'relu', inputShape: [12, 3] }),
      new MaxPool1D(),
      new Flatten(),
      new Dense(2),
    ]),
  'groups and strides': () =>
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
  'an image with a frame': () =>
    built([new ZeroPadding2D([1, 2], { inputShape: [4, 5, 2] }), new AvgPool2D(), new Flatten(), new Dense(2)]),
  'a transposed convolution': () =>
    built([
      new Conv2DTranspose(3, 3, { strides: 2, padding: 'same', activation: 'relu', inputShape: [4, 3, 2] }),
      new Conv2DTranspose(2, 2, { strides: 3 }),
      new GlobalMaxPool2D(),
      new Dense(2),
    ]),
  'branches that meet': () =>
    built([
      new Conv2D(4, 1, { inputShape: [5, 5, 2] }),
      new Concat([[new Conv2D(3, 3, { padding: 'same' })], [new Conv2D(2, 1, { activation: 'relu' })]]),
      new Residual([new Conv2D(5, 1, { activation: 'relu' })]),
      new GlobalAvgPool2D(),
      new Dense(2, { activation: 'logSoftmax' }),
    ]),
  'a table': () =>
    built([new Embedding(6, 3, { inputShape: [4] }), new Flatten(), new Dense(2, { activation: 'sigmoid' })]),
  MobileNetV2: () =>
    stirred(
      mobileNetV2({
        inputShape: [8, 8, 3],
        classes: 3,
        width: 0.25,
        stemStride: 1,
        blocks: 4,
        features: 16,
      }),
    ),
  'two inputs and outputs': twoInputs,
  ...Object.fromEntries(
    ACTIVATIONS.map((name) => [`activation ${name}`, () => activated(name)] as [string, () => Model]),
  ),
};

const calibrated = (model: Model): Tensor[] =>
  toNetwork(model).inputs.map(({ shape }) => random.normal([20, ...shape], 0, 2));

/** Each model as it is, in int8 by either rule, and with integer products between real numbers. */
export function* everyNetwork(): Generator<[name: string, network: Graph<Stored>]> {
  for (const [name, make] of Object.entries(MODELS)) {
    const model = make();
    yield [name, toNetwork(model)];
    if (name === 'a table') continue;
    const calibration = calibrated(model);
    const given = calibration.length === 1 ? calibration[0]! : calibration;
    yield [`${name}, int8`, quantize(model, { calibration: given })];
    yield [`${name}, int8 in whole numbers`, quantize(model, { calibration: given, rule: 'multiplier' })];
    if (name !== 'a transposed convolution') yield [`${name}, dynamic`, quantize(model, { format: 'dynamic' })];
    else
      for (const format of ['int8', 'fixed16', { type: 'int4', group: 4 }] as const)
        yield [`${name}, weights in ${JSON.stringify(format)}`, quantize(model, { format })];
  }
  const ruled = 'sums and means of int8, the rules of XNNPACK';
  yield [ruled, operatorNetworks[ruled]!];
  const pruned = prune(MODELS['a dense network']!(), { sparsity: 0.7 });
  yield ['pruned', toNetwork(pruned)];
  yield ['sparse', toSparse(pruned)];
  yield ['sparse int8', toSparse(quantize(pruned, { calibration: random.normal([20, 6]) }))];
  for (const [name, weight] of everyEncoding({ shape: [11, 19], share: 0.5 }))
    yield [`encoding ${name}`, productOf(weight)];
}

const SAMPLES = 5;

/** Inputs and outputs of a sample, each as a list of arrays. */
export interface Answer {
  readonly inputs: readonly Float32Array[];
  readonly outputs: readonly (readonly number[])[];
}

/** What the engine gives for some samples, by the kernels that define it. */
export function answersOf(network: Graph<Stored>, entries?: number): Answer[] {
  const samples = samplesFor(network, SAMPLES, entries);
  const program = compileNetwork(network, SAMPLES, reference);
  const given = program.inputTypes.map((type, i) => (type === 'int32' ? Int32Array.from(samples[i]!) : samples[i]!));
  const results = program.run(given, SAMPLES).map((y) => Float32Array.from(y));
  program.dispose();
  const part = (all: Float32Array, i: number): Float32Array =>
    all.subarray((i * all.length) / SAMPLES, ((i + 1) * all.length) / SAMPLES);
  return Array.from({ length: SAMPLES }, (_, i) => ({
    inputs: samples.map((x) => part(x, i)),
    outputs: results.map((y) => [...part(y, i)]),
  }));
}
