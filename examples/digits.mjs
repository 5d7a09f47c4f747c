// Four networks for images on the 1,797 digits of data/digits.csv.gz (8×8 pixels). Another fifth is held back for each seed,
// which none of them sees before it is judged; the settings were chosen on parts of the rest.
//
//   npm run build && node examples/digits.mjs --seeds 5
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  Adam,
  Conv2D,
  cosineDecay,
  Dense,
  GlobalAvgPool2D,
  MaxPool2D,
  mobileNetV2,
  networkCost,
  reshape,
  Sequential,
  shuffleNetV2,
  smallCNN,
  toNetwork,
} from 'whittle-ml';
import { imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const BATCH = 32;
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

/** What networks for large photographs are told of an image of 8×8: to halve it once, not five times. */
const small = { ...image, stemStride: 1, width: 0.5, features: 128, momentum: 0.9 };

const NETWORKS = {
  'convolution, dense layers': { make: (seed) => smallCNN({ ...image, seed }), epochs: 30, learningRate: 0.002 },
  'convolutions, means of channels': { make: averaged, epochs: 20, learningRate: 0.004 },
  'MobileNetV2, 3 blocks': {
    make: (seed) => mobileNetV2({ ...small, blocks: 3, seed }),
    epochs: 20,
    learningRate: 0.005,
  },
  'ShuffleNetV2, 4 units': {
    make: (seed) => shuffleNetV2({ ...small, stemPool: false, blocks: 4, seed }),
    epochs: 20,
    learningRate: 0.005,
  },
};

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    epochs: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const bytes = readFileSync(new URL('../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const images = imagesOf(reshape(features, [features.shape[0], 8, 8, 1]), { white: 16 });

/** The share of the held back images that are named right. */
function accuracyOf(network, seed) {
  const [[x, xNew], [y, yNew]] = trainTestSplit([images, target], { stratify: target, testSize: 0.2, seed });
  const epochs = Number(values.epochs ?? network.epochs);
  const steps = epochs * Math.ceil(x.shape[0] / BATCH);
  const optimizer = new Adam({ learningRate: cosineDecay(network.learningRate, steps) });
  const model = network.make(seed);
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  model.fit(x, y, { epochs, batchSize: BATCH });
  return model.evaluate(xNew, yNew).accuracy;
}

const percent = (share) => (100 * share).toFixed(1);
const mean = (list) => list.reduce((p, q) => p + q, 0) / list.length;
console.log('| network | parameters | multiply-adds | accuracy | seconds a seed |\n|---|---|---|---|---|');
for (const [name, network] of Object.entries(NETWORKS)) {
  if (!name.includes(values.only)) continue;
  const start = performance.now();
  const scores = Array.from({ length: Number(values.seeds) }, (_, i) => accuracyOf(network, i + 1));
  const seconds = (performance.now() - start) / 1000 / scores.length;
  const { macs, parameters } = networkCost(toNetwork(network.make(0)));
  const range = `${percent(Math.min(...scores))} to ${percent(Math.max(...scores))}`;
  const cells = [name, parameters, macs, `${percent(mean(scores))} % (${range})`, seconds.toFixed(1)];
  console.log(`| ${cells.map((cell) => cell.toLocaleString('en')).join(' | ')} |`);
}
