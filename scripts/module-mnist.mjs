// How few bytes 784-128-64-10 takes as a module, and what it still knows of MNIST: trained, pruned while it trains on, in int8.
// Usage: node scripts/module-mnist.mjs <folder of the four IDX files> [sparsity]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  Adam,
  cosineDecay,
  Dense,
  Dropout,
  PruningSchedule,
  prune,
  quantize,
  reshape,
  Sequential,
  slice,
} from 'whittle-ml';
import { gunzip, imagesFromIDX, isGzip, labelsFromIDX } from 'whittle-ml/data';
import { toModule } from 'whittle-ml/export';

const [folder, share = '0.87'] = process.argv.slice(2);
if (folder === undefined) {
  console.error('module-mnist: names no folder. Give it the one with the four IDX files of MNIST');
  process.exit(2);
}
const sparsity = Number(share);

async function read(name, parse) {
  const bytes = new Uint8Array(readFileSync(join(folder, `${name}-ubyte.gz`)));
  return parse(isGzip(bytes) ? await gunzip(bytes) : bytes);
}
const x = reshape(await read('train-images-idx3', imagesFromIDX), [-1, 784]);
const y = await read('train-labels-idx1', labelsFromIDX);
const xTest = reshape(await read('t10k-images-idx3', imagesFromIDX), [-1, 784]);
const yTest = (await read('t10k-labels-idx1', labelsFromIDX)).data;

const BATCH = 100;
const steps = x.shape[0] / BATCH;
const model = new Sequential(
  [
    new Dense(128, { activation: 'relu', inputShape: [784] }),
    new Dropout(0.1),
    new Dense(64, { activation: 'relu' }),
    new Dropout(0.1),
    new Dense(10, { activation: 'softmax' }),
  ],
  { seed: 1 },
);
const train = (epochs, learningRate, callbacks = []) => {
  const optimizer = new Adam({ learningRate: cosineDecay(learningRate, epochs * steps) });
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  model.fit(x, y, { epochs, batchSize: BATCH, callbacks, verbose: 0 });
};
train(10, 0.002);
train(20, 0.002, [new PruningSchedule({ finalSparsity: sparsity, end: 12 * steps })]);
const network = quantize(prune(model, { sparsity }), { calibration: slice(x, [[0, 1000]]) });

const cache = fileURLToPath(new URL('../.cache/modules', import.meta.url));
mkdirSync(cache, { recursive: true });
for (const minify of [false, true]) {
  const { source } = toModule(network, { name: 'MNIST', minify });
  const path = join(cache, `mnist${minify ? '-min' : ''}.mjs`);
  writeFileSync(path, source);
  const { run, selfTest } = await import(pathToFileURL(path).href);
  const answers = run(xTest.data);
  let right = 0;
  yTest.forEach((label, i) => {
    const own = answers.subarray(10 * i, 10 * i + 10);
    if (own.indexOf(Math.max(...own)) === label) right++;
  });
  const told = `${Buffer.byteLength(source)} bytes, ${((100 * right) / yTest.length).toFixed(2)} % right`;
  console.log(`${minify ? 'minified' : 'to read'}: ${told}, self-test ${selfTest()}`);
}
