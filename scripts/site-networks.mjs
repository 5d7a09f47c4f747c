// The networks that the page answers drawn digits with: trained here on data/digits.csv.gz and on lines as people draw them
// (strokes.mjs), a little changed each epoch, and written to site/src/digits/networks/ as files of networks, with networks.json
// beside them, which says what each is, how many bytes it takes, how many of the digits that were held back and of other drawn
// ones it answers rightly, and how it was made. Fixed seeds: the same bytes again.
//
//   npm run build:lab && node scripts/site-networks.mjs [folder]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import {
  Adam,
  Conv2D,
  concat,
  cosineDecay,
  Dense,
  deepCompression,
  encodeNetwork,
  Flatten,
  fromData,
  MaxPool2D,
  measure,
  quantize,
  reshape,
  Sequential,
  toNetwork,
} from 'whittle-ml';
import { augment, imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';
import { drawnDigits } from './strokes.mjs';

const SEED = 1;
const BATCH = 32;
const EPOCHS = 40;
/** Drawings of each digit to learn from, and to judge by. */
const DRAWN = 150;
/** What an image is changed by at most each epoch. */
const CHANGES = { rotate: 8, zoom: 0.1, noise: 0.03 };
const RATE = 0.003;
/** Weights that are pruned, and numbers that the others share, where a network is made as small as it goes. */
const SPARSITY = 0.8;
const CLUSTERS = 16;

const folder = process.argv[2] ?? fileURLToPath(new URL('../site/src/digits/networks/', import.meta.url));
const bytes = readFileSync(new URL('../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
/** Images [8, 8, 1] from 0 to 1: what is drawn, from 0 to 16, divided by 16. */
const images = imagesOf(reshape(features, [features.shape[0], 8, 8, 1]), { white: 16 });
const [[xScanned, xTest], [yScanned, yTest]] = trainTestSplit([images, target], {
  testSize: 0.25,
  seed: SEED,
  stratify: target,
});
function drawn(count, seed) {
  const { pixels, digits } = drawnDigits(count, seed);
  return [fromData(pixels, [digits.length, 8, 8, 1]), fromData(digits, [digits.length])];
}
const [xDrawn, yDrawn] = drawn(DRAWN, SEED);
const xTrain = concat([xScanned, xDrawn]);
const yTrain = concat([yScanned, yDrawn]);
const test = [xTest, yTest];
const testDrawn = drawn(50, SEED + 1);

/** A model that has learned from the training part. */
function trained(layers, epochs = EPOCHS) {
  const model = new Sequential(layers, { seed: SEED });
  const steps = epochs * Math.ceil(xTrain.shape[0] / BATCH);
  const learningRate = cosineDecay(RATE, steps);
  model.compile({
    optimizer: new Adam({ learningRate }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const changed = ([x, y], epoch) => [augment(x, { ...CHANGES, seed: SEED, epoch }), y];
  model.fit(xTrain, yTrain, { epochs, batchSize: BATCH, augment: changed });
  return model;
}

const dense = trained([
  new Flatten({ inputShape: [8, 8, 1], name: 'pixels' }),
  new Dense(48, { activation: 'relu', name: 'hidden' }),
  new Dense(10, { activation: 'softmax', name: 'digits' }),
]);
const cnn = trained([
  new Conv2D(8, 3, { padding: 'same', activation: 'relu', inputShape: [8, 8, 1], name: 'strokes' }),
  new MaxPool2D({ name: 'half' }),
  new Conv2D(16, 3, { padding: 'same', activation: 'relu', name: 'shapes' }),
  new MaxPool2D({ name: 'quarter' }),
  new Flatten({ name: 'row' }),
  new Dense(10, { activation: 'softmax', name: 'digits' }),
]);
const whittled = deepCompression(dense, {
  ...{ x: xTrain, y: yTrain, batchSize: BATCH, sparsity: SPARSITY, clusters: CLUSTERS, coding: 'range' },
  epochs: { prune: 15, retrain: 5, centroids: 5 },
  biases: 'float16',
  optimizer: (_, steps) => new Adam({ learningRate: cosineDecay(RATE, steps) }),
});

/** What each is, in steps that the page has words for. */
const networks = [
  { name: 'dense', steps: ['trained'], file: encodeNetwork(toNetwork(dense)) },
  { name: 'denseInt8', steps: ['trained', 'int8'], file: encodeNetwork(quantize(dense, { calibration: xTrain })) },
  { name: 'denseWhittled', steps: ['trained', 'pruned', 'shared', 'coded'], file: whittled.file },
  { name: 'cnn', steps: ['trained'], file: encodeNetwork(toNetwork(cnn)) },
  { name: 'cnnInt8', steps: ['trained', 'int8'], file: encodeNetwork(quantize(cnn, { calibration: xTrain })) },
];

mkdirSync(folder, { recursive: true });
const { decodeNetwork } = await import('whittle-ml');
const rows = networks.map(({ name, steps, file }) => {
  writeFileSync(join(folder, `${name}.safetensors`), file);
  const { network } = decodeNetwork(file);
  const on = (samples) => measure(network, { samples, latency: false });
  const { score, parameters, nonZeroParameters, macs } = on(test);
  const samples = yTest.shape[0];
  return {
    name,
    bytes: file.length,
    score,
    samples,
    drawn: on(testDrawn).score,
    parameters,
    nonZeroParameters,
    macs,
    steps,
  };
});
const facts = {
  by: 'scripts/site-networks.mjs',
  data: 'data/digits.csv.gz',
  ...{ seed: SEED, held: 0.25, drawn: DRAWN, epochs: EPOCHS, sparsity: SPARSITY, clusters: CLUSTERS },
  networks: rows,
};
/** As the formatter writes it: short lists on one line. */
const json = JSON.stringify(facts, null, 2).replace(
  /\[\s+("[^\]{]*")\s+\]/g,
  (_, list) => `[${list.replace(/\s+/g, ' ')}]`,
);
writeFileSync(join(folder, 'networks.json'), `${json}\n`);
for (const { name, bytes: size, score, drawn: onDrawn } of rows)
  console.log(
    `${name}: ${size} bytes, ${(100 * score).toFixed(1)} % right, ${(100 * onDrawn).toFixed(1)} % of drawn ones`,
  );
