// Kernels of 4 and of 2 bits on the 1,797 digits of data/digits.csv.gz: rounded after training, and trained rounded. For each
// seed another fifth is held back and judged. A convolutional network learns the rest in float32; `quantize` then rounds its
// kernels, calibrated on what it learned from, and `prepareQAT` trains it on with its kernels rounded, by the largest weight or
// with learned steps, for the same number of epochs each. Values are int8 throughout, and it is the integer networks that are
// judged. Rates and numbers of epochs were settled before, on what seeds 11 and 12 hold back.
//
//   npm run build && node examples/qat.mjs --seeds 5
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  Adam,
  argmax,
  convert,
  cosineDecay,
  predictNetwork,
  prepareQAT,
  QATSchedule,
  quantize,
  reshape,
  smallCNN,
} from 'whittle-ml';
import { imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    first: { type: 'string', default: '1' },
    epochs: { type: 'string', default: '12' },
    more: { type: 'string', default: '6' },
  },
});
const BATCH = 32;
const bytes = readFileSync(new URL('../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const images = imagesOf(reshape(features, [features.shape[0], 8, 8, 1]), { white: 16 });

/** Trains for so many epochs with a falling rate. */
function trainedOn(model, x, y, rate, epochs, callbacks = []) {
  const steps = epochs * Math.ceil(x.shape[0] / BATCH);
  const optimizer = new Adam({ learningRate: cosineDecay(rate, steps) });
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
  model.fit(x, y, { epochs, batchSize: BATCH, callbacks });
  return model;
}

function accuracyOf(network, x, y) {
  const named = argmax(predictNetwork(network, x), -1).data;
  return y.data.reduce((sum, digit, i) => sum + (named[i] === digit), 0) / y.size;
}

/** Accuracies of the integer networks of one seed, by what was done. */
function scoresOf(seed) {
  const [[x, judged], [y, right]] = trainTestSplit([images, target], { stratify: target, testSize: 0.2, seed });
  const model = trainedOn(smallCNN({ inputShape: [8, 8, 1], classes: 10, seed }), x, y, 0.003, Number(values.epochs));
  const rounded = (weights) =>
    accuracyOf(quantize(model, { calibration: x, format: { weights, values: 'static' } }), judged, right);
  const trained = (bits, learnedStep) => {
    const more = Number(values.more);
    const schedule = new QATSchedule({ freezeObserversAt: Math.ceil(more / 2) });
    const prepared = prepareQAT(model, { calibration: x, bits, learnedStep });
    return accuracyOf(convert(trainedOn(prepared, x, y, 0.001, more, [schedule])), judged, right);
  };
  return {
    'int8, rounded afterwards': rounded('int8'),
    '4 bits, rounded afterwards': rounded('int4'),
    '4 bits, trained rounded': trained(4, false),
    '4 bits, trained with learned steps': trained(4, true),
    '2 bits, rounded afterwards': rounded('ternary'),
    '2 bits, trained rounded': trained(2, false),
    '2 bits, trained with learned steps': trained(2, true),
  };
}

/** Student's t that 95 % lie within, by the number of seeds. */
const T = [NaN, NaN, 12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];
/** Mean and half of its interval, in percent; of one seed, or of more than ten, the mean alone. */
function withInterval(shares) {
  const n = shares.length;
  const mean = shares.reduce((p, q) => p + q, 0) / n;
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (n - 1);
  const half = T[n] > 0 ? ` ± ${(100 * T[n] * Math.sqrt(variance / n)).toFixed(1)}` : '';
  return `${(100 * mean).toFixed(1)}${half}`;
}

const runs = Array.from({ length: Number(values.seeds) }, (_, i) => scoresOf(Number(values.first) + i));
console.log('| kernels | accuracy, % | against rounding afterwards, points |\n|---|---|---|');
for (const name of Object.keys(runs[0])) {
  const before = `${name.split(',')[0]}, rounded afterwards`;
  const gain = name === before ? '' : withInterval(runs.map((run) => run[name] - run[before]));
  console.log(`| ${name} | ${withInterval(runs.map((run) => run[name]))} | ${gain} |`);
}
