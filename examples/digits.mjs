// Six networks for images on the 1,797 digits of data/digits.csv.gz (8×8 pixels). For each seed another fifth is held back,
// which is judged once. The learning rate is chosen on a fifth of the rest, then the network learns all of the rest. Layers,
// widths and numbers of epochs were settled before, in runs that also printed the accuracy on what seeds 1, 3 and 5 hold back.
//
// With --int8 each network is quantized as well, calibrated on what it learned from, and judged on the same images; the last line
// says the most that any of them loses in any seed.
//
//   npm run build && node examples/digits.mjs --seeds 5 --int8
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  Adam,
  Add,
  argmax,
  Conv2D,
  cosineDecay,
  Dense,
  Flatten,
  GlobalAvgPool2D,
  input,
  MaxPool2D,
  Model,
  mobileNetV2,
  networkCost,
  predictNetwork,
  quantize,
  reshape,
  Sequential,
  shuffleNetV2,
  smallCNN,
  toNetwork,
} from 'whittle-ml';
import { imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const BATCH = 32;
const RATES = [0.001, 0.003, 0.01];
const image = { inputShape: [8, 8, 1], classes: 10 };

/** The last convolution says how much there is of 64 things, wherever they are. */
function averaged(seed) {
  const layers = [
    new Conv2D(32, 3, { activation: 'relu', padding: 'same', inputShape: image.inputShape }),
    new Conv2D(64, 3, { activation: 'relu' }),
    new MaxPool2D(),
    new Conv2D(64, 3, { activation: 'relu', padding: 'same' }),
    new GlobalAvgPool2D(),
    new Dense(image.classes, { activation: 'softmax' }),
  ];
  return new Sequential(layers, { seed });
}

/** Dense layers alone. */
function dense(seed) {
  const layers = [
    new Flatten({ inputShape: image.inputShape }),
    new Dense(64, { activation: 'relu' }),
    new Dense(32, { activation: 'relu' }),
    new Dense(image.classes, { activation: 'softmax' }),
  ];
  return new Sequential(layers, { seed });
}

/** Two residual blocks that share one convolution, whose int8 values have to suit both. */
function shared(seed) {
  const convolution = (options) => new Conv2D(16, 3, { padding: 'same', activation: 'relu', ...options });
  const x = input(image.inputShape);
  const block = convolution({ name: 'shared' });
  const stem = convolution({ name: 'stem' }).apply(x);
  const first = new Add().apply([stem, block.apply(stem)]);
  const second = new Add().apply([first, block.apply(first)]);
  const y = new Dense(image.classes, { activation: 'softmax' }).apply(new GlobalAvgPool2D().apply(second));
  return new Model(x, y, { seed });
}

/** What networks for large photographs are told of an image of 8×8: to halve it once, not five times. */
const small = { ...image, stemStride: 1, width: 0.5, features: 128, momentum: 0.9 };

const NETWORKS = {
  'dense layers alone': { make: dense, epochs: 30 },
  'convolution, dense layers': { make: (seed) => smallCNN({ ...image, seed }), epochs: 30 },
  'convolutions, means of channels': { make: averaged, epochs: 20 },
  'MobileNetV2, 3 blocks': { make: (seed) => mobileNetV2({ ...small, blocks: 3, seed }), epochs: 20 },
  'ShuffleNetV2, 4 units': {
    make: (seed) => shuffleNetV2({ ...small, stemPool: false, blocks: 4, seed }),
    epochs: 20,
  },
  'residual blocks, one shared layer': { make: shared, epochs: 30 },
};

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    epochs: { type: 'string' },
    only: { type: 'string', default: '' },
    rate: { type: 'string' },
    int8: { type: 'boolean', default: false },
  },
});
const bytes = readFileSync(new URL('../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const images = imagesOf(reshape(features, [features.shape[0], 8, 8, 1]), { white: 16 });

const splitOf = (x, y, seed) => trainTestSplit([x, y], { stratify: y, testSize: 0.2, seed });

/** The network after learning what is not to be judged at this rate. */
function trained(network, seed, [[x], [y]], rate) {
  const epochs = Number(values.epochs ?? network.epochs);
  const steps = epochs * Math.ceil(x.shape[0] / BATCH);
  const model = network.make(seed);
  model.compile({
    optimizer: new Adam({ learningRate: cosineDecay(rate, steps) }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  model.fit(x, y, { epochs, batchSize: BATCH });
  return model;
}

/** The share of the images to judge that a model names right. */
const accuracyOf = (model, [[, judged], [, right]]) => model.evaluate(judged, right).accuracy;

/** The same of its int8 form. */
function accuracyInt8(model, [[x, judged], [, right]]) {
  const named = argmax(predictNetwork(quantize(model, { calibration: x }), judged), -1);
  return right.data.reduce((sum, digit, i) => sum + (named.data[i] === digit), 0) / right.size;
}

/** The rate that is best on a part of what is not held back, the lowest of several, and the accuracies on what is. */
function scoreOf(network, seed) {
  const whole = splitOf(images, target, seed);
  const part = splitOf(whole[0][0], whole[1][0], seed);
  const rates = values.rate === undefined ? RATES : [Number(values.rate)];
  const scores = rates.map((rate) => (rates.length === 1 ? 0 : accuracyOf(trained(network, seed, part, rate), part)));
  const rate = rates[scores.indexOf(Math.max(...scores))];
  const model = trained(network, seed, whole, rate);
  return { rate, accuracy: accuracyOf(model, whole), int8: values.int8 ? accuracyInt8(model, whole) : undefined };
}

const percent = (share) => (100 * share).toFixed(1);
const points = (share) => (100 * share).toFixed(2);
const mean = (list) => list.reduce((p, q) => p + q, 0) / list.length;
const rangeOf = (shares) =>
  `${percent(mean(shares))} % (${percent(Math.min(...shares))} to ${percent(Math.max(...shares))})`;
const columns = ['network', 'parameters', 'multiply-adds', 'rates', 'accuracy', 'seconds a seed'];
if (values.int8) columns.push('in int8', 'points apart');
let most = { lost: Number.NEGATIVE_INFINITY };
console.log(`| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}`);
for (const [name, network] of Object.entries(NETWORKS)) {
  if (!name.includes(values.only)) continue;
  const start = performance.now();
  const runs = Array.from({ length: Number(values.seeds) }, (_, i) => scoreOf(network, i + 1));
  const seconds = (performance.now() - start) / 1000 / runs.length;
  const { macs, parameters } = networkCost(toNetwork(network.make(0)));
  const accuracies = rangeOf(runs.map(({ accuracy }) => accuracy));
  const cells = [name, parameters, macs, runs.map(({ rate }) => rate).join(' '), accuracies, seconds.toFixed(1)];
  if (values.int8) {
    const lost = runs.map(({ accuracy, int8 }) => accuracy - int8);
    cells.push(rangeOf(runs.map(({ int8 }) => int8)), lost.map((share) => points(-share)).join(' '));
    for (const [i, share] of lost.entries()) if (share > most.lost) most = { lost: share, name, seed: i + 1 };
  }
  console.log(`| ${cells.map((cell) => cell.toLocaleString('en')).join(' | ')} |`);
}
if (values.int8) {
  const found =
    most.lost > 0 ? `${points(most.lost)} points, ${most.name} with seed ${most.seed}` : 'nothing, in any seed';
  console.log(`\nThe most that int8 loses: ${found}`);
}
