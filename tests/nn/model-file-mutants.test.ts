import { describe, expect, test } from 'vitest';
import {
  Activation,
  Adagrad,
  Adam,
  AdamW,
  binaryCrossentropy,
  ChannelShuffle,
  Conv2D,
  Conv2DTranspose,
  calibrationError,
  categoricalCrossentropy,
  constant,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  GlobalAvgPool2D,
  huber,
  input,
  type Loss,
  type LossName,
  l1l2,
  loadModel,
  MaxPool2D,
  Model,
  maxNorm,
  type Optimizer,
  orthogonal,
  Random,
  Residual,
  RMSprop,
  randomNormal,
  Sequential,
  SGD,
  saveModel,
  softmax,
  topKAccuracy,
  truncatedNormal,
  UpSampling2D,
  varianceScaling,
  WhittleError,
  ZeroPadding2D,
} from '../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/index.ts';
import { mutants } from '../mutants.ts';

type Json = Record<string, unknown>;
type Key = 'training' | 'whittle';
const OTHERS = {
  training: /(vMax|velocity)\b.* for parameter|must be "top_/,
  whittle: /(node|weight|input|output) "|dimension|the tensor|must be a list of|belongs to no/,
};

const x = new Random(1).normal([8, 4]);
const y = softmax(new Random(2).uniform([8, 4]));

const textOf = (bytes: Uint8Array, key: Key): string => decodeSafetensors(bytes).metadata.get(key)!;

function withText(bytes: Uint8Array, key: Key, text: string): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(bytes);
  return encodeSafetensors(tensors, { ...Object.fromEntries(metadata), [key]: text });
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The record without what goes without saying. */
function short(key: Key, record: Json): unknown {
  if (key === 'training') {
    const { replay, lossWeights, dtype: _, layers, ...others } = record;
    const own = Object.entries(layers as Json).map(([name, layer]) => {
      const { trainable, ...rest } = layer as Json;
      return [name, { ...rest, ...(trainable === false && { trainable }) }] as const;
    });
    const isPlain = lossWeights === undefined || (lossWeights as number[]).every((weight) => weight === 1);
    return {
      epochs: 0, // older files do not count them
      ...others,
      ...(replay === false && { replay }),
      ...(!isPlain && { lossWeights }),
      layers: Object.fromEntries(own.filter(([, layer]) => Object.keys(layer).length > 0)),
    };
  }
  const inputs = (record.inputs as Json[]).map((each) => ({ name: 'input', dtype: 'float32', ...each }));
  let before = inputs.at(-1)!.name;
  const nodes = (record.nodes as Json[]).map((node) => {
    const read = [before];
    before = node.name as string;
    const { activation = 'linear', training = false, ...rest } = node;
    const { name = activation, alpha = name === 'elu' ? 1 : null } = isObject(activation) ? activation : {};
    const told = { name, alpha };
    const ends = { activation: told };
    const known = { dense: ends, conv: ends, convTranspose: ends, activation: ends, dropout: { training } };
    return { inputs: read, ...rest, ...known[node.op as 'dense'] };
  });
  const weights = ((record.weights ?? []) as Json[]).map(({ mask, ...rest }) => ({ ...rest, mask: mask === true }));
  return { outputs: [before], ...record, inputs, nodes, weights };
}

/** Every mutant is refused by the name of its field, or loads as what it says. Returns how many did what. */
function expectHonest(bytes: Uint8Array, key: Key, under: readonly string[] = ['']): [refused: number, loaded: number] {
  const record = JSON.parse(textOf(bytes, key)) as Json;
  expect(JSON.parse(textOf(saveModel(loadModel(bytes)), key))).toEqual(record);
  let refused = 0;
  let loaded = 0;
  for (const { path, fields, text } of mutants(record)) {
    if (!under.some((place) => path.startsWith(place)) || path === 'version') continue; // another version, other fields
    let model: Model;
    try {
      model = loadModel(withText(bytes, key, text));
    } catch (error) {
      if (!(error instanceof WhittleError)) throw new Error(`${path}: ${text}`, { cause: error });
      const names = fields.at(-1) === 'name' || key === 'whittle' ? fields.slice(-2) : fields.slice(-1);
      // What is not one field's fault: nodes that do not fit together, and an optimizer that its tensors do not fit.
      const isNamed = names.some((name) => error.message.includes(name)) || OTHERS[key].test(error.message);
      expect(isNamed, `${path}: ${error.message}\n${text}`).toBe(true);
      refused++;
      continue;
    }
    const again = short(key, JSON.parse(textOf(saveModel(model), key)) as Json);
    expect(again, `${path}: ${text}`).toEqual(short(key, JSON.parse(text) as Json));
    loaded++;
  }
  return [refused, loaded];
}

function trained(optimizer: Optimizer, loss: Loss | LossName = 'mse'): Model {
  const model = new Sequential(
    [
      new Dense(4, {
        inputShape: [4],
        activation: { name: 'elu', alpha: 0.5 },
        kernelRegularizer: l1l2({ l1: 0.125, l2: 0.25 }),
        activityRegularizer: 'l2',
        kernelInitializer: varianceScaling({ scale: 3, mode: 'fanOut' }),
        biasInitializer: constant(0.25),
      }),
      new Residual([new Dense(4, { kernelInitializer: orthogonal(0.5), biasInitializer: 'ones' })]),
      new Dropout(0.25, { training: true }),
      new Flatten(),
      new Activation('softmax'),
    ],
    { seed: 3 },
  );
  model.layer(0).trainable = false;
  model.compile({ optimizer, loss, metrics: ['mae', topKAccuracy(2), calibrationError(7)], replay: false });
  model.fit(x, y, { epochs: 2 });
  return model;
}

describe('a file with one field that was deleted, replaced or added is refused by its name, or means what it says:', () => {
  test('seed, steps, layers, metrics', () => {
    const [refused, loaded] = expectHonest(saveModel(trained(new Adam())), 'training');
    expect(refused).toBeGreaterThan(400);
    expect(loaded).toBeGreaterThan(50);
  });

  test('convolutions, pools and changes of size', () => {
    const model = new Sequential(
      [
        new ZeroPadding2D(
          [
            [1, 0],
            [0, 2],
          ],
          { inputShape: [5, 4, 2] },
        ),
        new Conv2D(4, [3, 2], {
          padding: [
            [1, 1],
            [0, 1],
          ],
          strides: 2,
          activation: 'relu',
          kernelConstraint: maxNorm(),
        }),
        new DepthwiseConv2D(2, { padding: 'same', dilationRate: 2, activityRegularizer: 'l2' }),
        new ChannelShuffle(2),
        new UpSampling2D([2, 1]),
        new Conv2DTranspose(2, 3, { strides: 2, useBias: false }),
        new MaxPool2D({ padding: 'same' }),
        new GlobalAvgPool2D(),
      ],
      { seed: 1 },
    );
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const [refused, loaded] = expectHonest(saveModel(model), 'whittle');
    expect(refused).toBeGreaterThan(1000);
    expect(loaded).toBeGreaterThan(30);
    expectHonest(saveModel(model), 'training', ['layers']);
  });

  test('weights alone', () => {
    expectHonest(saveModel(trained(new Adam()), { weightsOnly: true }), 'training');
  });

  test('the network', () => {
    const [refused, loaded] = expectHonest(saveModel(trained(new SGD())), 'whittle');
    expect(refused).toBeGreaterThan(300);
    expect(loaded).toBeGreaterThan(5);
  });

  test.each<[string, () => Optimizer]>([
    ['SGD', () => new SGD({ clipNorm: 0.5, clipValue: 2 })],
    ['SGD with nesterov', () => new SGD({ momentum: 0.5, nesterov: true })],
    ['Adam with amsgrad', () => new Adam({ amsgrad: true, epsilonMode: 'paper', globalClipNorm: 1 })],
    ['AdamW', () => new AdamW()],
    ['RMSprop', () => new RMSprop({ momentum: 0.5 })],
    ['Adagrad', () => new Adagrad()],
  ])('the optimizer %s', (_name, make) => {
    const [refused] = expectHonest(saveModel(trained(make())), 'training', ['optimizer']);
    expect(refused).toBeGreaterThan(60);
  });

  test.each([huber({ delta: 0.5 }), binaryCrossentropy({ labelSmoothing: 0.5 }), categoricalCrossentropy()])(
    'the loss $name',
    (loss) => {
      const [refused] = expectHonest(saveModel(trained(new SGD(), loss)), 'training', ['loss']);
      expect(refused).toBeGreaterThan(25);
    },
  );

  test('several outputs', () => {
    const [a, b] = [input([4]), input([4])];
    const model = new Model(
      [a, b],
      [
        new Dense(4, { kernelInitializer: randomNormal(0, 0.5) }).apply(a),
        new Dense(4, { biasInitializer: truncatedNormal(0, 0.5) }).apply(b),
      ],
    );
    model.compile({
      optimizer: 'sgd',
      loss: [huber(), 'mae'],
      lossWeights: [1, 2],
      metrics: [['mae'], [topKAccuracy(1)]],
    });
    const [refused, loaded] = expectHonest(saveModel(model), 'training');
    expect(refused).toBeGreaterThan(200);
    expect(loaded).toBeGreaterThan(10);
    expectHonest(saveModel(model), 'whittle');
  });
});
