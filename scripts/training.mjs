// Six small trainings on the wine data, and the digests of the weights they end with; those of two int8 forms too, and of what
// these answer. They are the same on every JavaScript engine, with every exact table, eager or replayed, with one thread or
// two. Runs in a browser as well: no node: here, and the data come in as text.
import { tableFromCSV } from '../dist/src/data/index.js';
import {
  Adam,
  BatchNorm,
  Conv2D,
  cosineDecay,
  cpu,
  Dense,
  Dropout,
  digest,
  encodeNetwork,
  Flatten,
  MaxPool2D,
  mobileNetV2,
  mul,
  PruningSchedule,
  pad,
  predictNetwork,
  quantize,
  reference,
  reshape,
  Sequential,
  SGD,
  setBackend,
  warmup,
  wasm,
} from '../dist/src/index.js';
import { sha256 } from '../dist/src/io/sha256.js';

const loss = 'sparseCategoricalCrossentropy';

/** Adam, dropout, a penalty. */
function classifier(x, target, replay) {
  const model = new Sequential(
    [
      new Dense(24, { activation: 'relu', inputShape: [13], kernelRegularizer: 'l2' }),
      new Dropout(0.2),
      new Dense(16, { activation: 'tanh', kernelInitializer: 'heNormal' }),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed: 7 },
  );
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss, replay });
  model.fit(x, target, { epochs: 20 });
  return model;
}

/** Activations built on exp and erf, Nesterov's momentum. */
function gated(x, target, replay) {
  const model = new Sequential(
    [
      new Dense(8, { activation: 'sigmoid', inputShape: [13] }),
      new Dense(8, { activation: 'gelu', kernelInitializer: 'orthogonal' }),
      new Dense(8, { activation: 'silu' }),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed: 11 },
  );
  const optimizer = new SGD({ learningRate: 0.05, momentum: 0.9, nesterov: true });
  model.compile({ optimizer, loss, replay });
  model.fit(x, target, { epochs: 5, batchSize: 20 });
  return model;
}

/** Products of 128×128×128, large enough to be split between threads. */
function wide(x, target, replay) {
  const model = new Sequential(
    [
      new Dense(128, { activation: 'relu', inputShape: [13] }),
      new Dense(128, { activation: 'relu' }),
      new Dense(128, { activation: 'tanh' }),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed: 13 },
  );
  model.compile({ optimizer: new Adam(), loss, replay });
  model.fit(x, target, { epochs: 8, batchSize: 128 });
  return model;
}

/** What changes between steps: masks that appear, layers that rest, the rate; class weights and a partial last batch. */
function eventful(x, target, replay) {
  const model = new Sequential(
    [
      new Dense(20, { activation: 'relu', inputShape: [13] }),
      new Dense(12, { activation: 'softplus' }),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed: 17 },
  );
  const learningRate = warmup(8, cosineDecay(0.1, 100, 0.1));
  const optimizer = new SGD({ learningRate, momentum: 0.9, globalClipNorm: 1 });
  model.compile({ optimizer, loss, metrics: ['accuracy'], replay });
  const rest = {
    onEpochBegin: (epoch) => {
      model.layer(0).trainable = epoch < 12 || epoch >= 15;
    },
  };
  const pruning = new PruningSchedule({ finalSparsity: 0.6, begin: 20, end: 60, frequency: 20 });
  // 178 samples: five batches of 32 and one of 18.
  model.fit(x, target, { epochs: 20, classWeight: { 0: 1, 1: 0.5, 2: 2 }, callbacks: [rest, pruning] });
  return model;
}

/** The measurements and three zeros as an image of one channel. */
const imagesOf = (x) =>
  reshape(
    pad(x, [
      [0, 0],
      [0, 3],
    ]),
    [x.shape[0], 4, 4, 1],
  );

/** Convolutions with few numbers a result and with many, the largest of windows, statistics of batches. */
function convolutional(x, target, replay) {
  const model = new Sequential(
    [
      new Conv2D(8, 3, { activation: 'relu', padding: 'same', inputShape: [4, 4, 1] }),
      new MaxPool2D({ poolSize: 3, strides: 1 }),
      new BatchNorm(),
      new Conv2D(20, 2, { activation: 'relu6', padding: 'same' }),
      new Flatten(),
      new Dropout(0.2),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed: 19 },
  );
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss, replay });
  model.fit(imagesOf(x), target, { epochs: 5 });
  return model;
}

/** Depthwise convolutions at strides 1 and 2, sums of blocks, the mean of each channel. */
function mobile(x, target, replay) {
  const options = { inputShape: [4, 4, 1], classes: 3, width: 0.35, stemStride: 1, blocks: 4, features: 16, seed: 23 };
  const model = mobileNetV2(options);
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss, replay });
  model.fit(imagesOf(x), target, { epochs: 3 });
  return model;
}

const trainings = { classifier, gated, wide, eventful, convolutional, mobile };
/** Those whose int8 form has a digest too. */
const inIntegers = ['convolutional', 'mobile'];

/** The digest of a model's int8 form, its file and its answers. */
function digestInt8(model, images) {
  const network = quantize(model, { calibration: images });
  const { data } = predictNetwork(network, images);
  const file = encodeNetwork(network);
  const all = new Uint8Array(file.length + data.byteLength);
  all.set(file);
  all.set(new Uint8Array(data.slice().buffer), file.length);
  return sha256(all);
}

const tables = { reference: () => reference, cpu: () => cpu, wasm };

/** Trains, and returns the digests by name. Throws if replay did not repeat most of the steps, or an eager one any. */
function trained(name, x, target, replay) {
  const model = trainings[name](x, target, replay);
  const { eager, replayed, reason } = model.replayStatus;
  if (replay ? replayed <= eager : replayed > 0)
    throw new Error(`${name}: ${replayed} of ${eager + replayed} steps were replayed; the last: ${reason}`);
  const found = { [name]: digest(model) };
  if (inIntegers.includes(name)) found[`${name}Int8`] = digestInt8(model, imagesOf(x));
  return found;
}

/**
 * The digests of all trainings by name. `table`: 'reference', 'cpu', 'wasm' or, for what the library chooses by itself,
 * 'chosen'. Which thread computes what is another matter each time: with several, every training is done five times,
 * and must end the same.
 */
export async function digests(text, { table, replay, threads }) {
  const several = threads > 1 ? await import('../dist/src/threads/index.js') : null;
  await several?.enableThreads(threads);
  if (table !== 'chosen') setBackend(tables[table]());
  const { features, target } = tableFromCSV(text, { target: 'class' });
  const x = mul(features, 1 / 64);
  const found = {};
  for (const name of Object.keys(trainings)) {
    Object.assign(found, trained(name, x, target, replay));
    for (let again = 1; again < 5 && several !== null; again++) {
      await several.repairThreads();
      for (const [which, other] of Object.entries(trained(name, x, target, replay)))
        if (other !== found[which])
          throw new Error(`${which}: run ${again + 1} is ${other}, run 1 was ${found[which]}`);
    }
  }
  return found;
}
