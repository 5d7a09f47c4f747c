// Which layer loses the accuracy: two networks for the 1,797 digits of data/digits.csv.gz (8×8 pixels), in every format, and
// one of them with a layer that is hard to quantize, which the ledger finds and repair mends. For each seed another fifth is
// held back, and all that is printed is of that; a fifth of the rest, which the network does not learn from, is what repairs are
// chosen on. Intervals are half of those of 95 %, by Student's t.
//
//   npm run build && node examples/ledger.mjs --seeds 5
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  Adam,
  Conv2D,
  Dense,
  encodeNetwork,
  Flatten,
  fromNetwork,
  ledger,
  MaxPool2D,
  measure,
  quantize,
  repair,
  reshape,
  Sequential,
  toNetwork,
} from 'whittle-ml';
import { imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '5' }, epochs: { type: 'string', default: '12' } },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const bytes = readFileSync(new URL('../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const images = imagesOf(reshape(features, [features.shape[0], 8, 8, 1]), { white: 16 });

const NETWORKS = {
  'dense layers': () => [
    new Flatten({ inputShape: [8, 8, 1] }),
    new Dense(48, { activation: 'relu', name: 'first' }),
    new Dense(32, { activation: 'relu', name: 'second' }),
    new Dense(10, { activation: 'softmax', name: 'third' }),
  ],
  convolutions: () => [
    new Conv2D(12, 3, { activation: 'relu', padding: 'same', inputShape: [8, 8, 1] }),
    new MaxPool2D(),
    new Conv2D(24, 3, { activation: 'relu', padding: 'same' }),
    new MaxPool2D(),
    new Flatten(),
    new Dense(10, { activation: 'softmax' }),
  ],
};

const FORMATS = {
  float16: 'float16',
  'int8, weights alone': 'int8',
  'int4, weights alone': 'int4',
  'ternary, weights alone': 'ternary',
  'binary, weights alone': 'binary',
  'int8, dynamic': 'dynamic',
  'int8, static': 'static',
  'int8, fixed point': 'fixed',
};

function compiled(model) {
  model.compile({ optimizer: new Adam({ learningRate: 0.003 }), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

/** A network that learned, with what it learned from, what is chosen on, and what it is judged on. */
function trained(layers, seed) {
  const [[rest, judged], [known, right]] = trainTestSplit([images, target], { stratify: target, testSize: 0.2, seed });
  const [[x, chosen], [y, choice]] = trainTestSplit([rest, known], { stratify: known, testSize: 0.2, seed });
  const model = compiled(new Sequential(layers, { seed }));
  model.fit(x, y, { epochs: Number(values.epochs), batchSize: 32 });
  return { model, x, validation: [chosen, choice], samples: [judged, right] };
}

const scoreOf = (network, samples) => measure(network, { samples, latency: false }).score;

/**
 * The same network but for rounding, with a last layer that is hard to quantize: a number that it reads is a fortieth, and the
 * row for it forty times as large, which one scale for it and for all other rows of a column does not suit.
 */
function sharpened(model) {
  const network = toNetwork(model);
  const weights = new Map(network.weights);
  const [inputs, units] = weights.get('third/kernel').shape;
  const change = (key, f) => {
    const { shape, encoding } = weights.get(key);
    weights.set(key, { shape, encoding: { type: 'float32', values: encoding.values.map(f) }, mask: null });
  };
  const isSmall = (neuron) => neuron === 0;
  change('second/kernel', (w, i) => (isSmall(i % inputs) ? w / 40 : w));
  change('second/bias', (w, i) => (isSmall(i) ? w / 40 : w));
  change('third/kernel', (w, i) => (isSmall(Math.floor(i / units)) ? w * 40 : w));
  return compiled(fromNetwork({ ...network, weights }));
}

/** Student's t of 95 %, for up to ten numbers. */
const STUDENT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];

const mean = (list) => list.reduce((p, q) => p + q, 0) / list.length;
function withInterval(list, digits = 1) {
  const middle = mean(list);
  if (list.length < 2) return middle.toFixed(digits);
  const variance = list.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (list.length - 1);
  const t = STUDENT[list.length - 2] ?? 1.96;
  return `${middle.toFixed(digits)} ± ${(t * Math.sqrt(variance / list.length)).toFixed(digits)}`;
}
const row = (cells) => `| ${cells.join(' | ')} |`;
const head = (cells) => `${row(cells)}\n|${'---|'.repeat(cells.length)}`;

const runs = Object.fromEntries(
  Object.entries(NETWORKS).map(([name, layers]) => [name, seeds.map((seed) => trained(layers(), seed))]),
);

console.log(head(['accuracy in %', ...Object.keys(NETWORKS), 'bytes of the first']));
const [[, first]] = Object.entries(runs);
const line = (name, form) =>
  row([
    name,
    ...Object.values(runs).map((all) => withInterval(all.map((run) => 100 * scoreOf(form(run), run.samples)))),
    encodeNetwork(form(first[0])).length.toLocaleString('en'),
  ]);
console.log(line('float32', ({ model }) => toNetwork(model)));
for (const [name, format] of Object.entries(FORMATS))
  console.log(line(name, ({ model, x }) => quantize(model, { calibration: x, format })));

console.log(`\n${head(['seed', 'points that static int8 loses', ...Object.keys(NETWORKS).slice(1)])}`);
for (const [i, seed] of seeds.entries()) {
  const lost = Object.values(runs).map((all) => {
    const { model, x, samples } = all[i];
    return 100 * (scoreOf(model, samples) - scoreOf(quantize(model, { calibration: x }), samples));
  });
  console.log(row([seed, ...lost.map((points) => points.toFixed(2))]));
}

console.log(`\n${head(['seed', 'worst by loss', 'by noise', 'float32', 'int4', 'repaired', 'bytes more', 'steps'])}`);
let shown;
for (const [i, seed] of seeds.entries()) {
  const { model, x, validation, samples } = first[i];
  const hard = sharpened(model);
  const int4 = quantize(hard, { calibration: x, format: 'int4' });
  const { layers, worst } = ledger(hard, int4, { samples });
  const noisiest = layers.reduce((p, q) => (q.alone.sqnr < p.alone.sqnr ? q : p));
  const mended = repair(hard, int4, { samples: validation });
  const percents = [hard, int4, mended.network].map((network) => (100 * scoreOf(network, samples)).toFixed(1));
  const more = (100 * (mended.bytes.after / mended.bytes.before - 1)).toFixed(1);
  console.log(row([seed, worst.name, noisiest.name, ...percents, `${more} %`, mended.steps.length]));
  shown ??= `\nSeed ${seed}\n${ledger(hard, int4, { samples })}\n\n${mended}`;
}
console.log(shown);
