// What care after rounding brings back on the 1,797 digits of data/digits.csv.gz: accuracy of three networks of 64, 32 and 10
// units, each trained for 15 epochs on three quarters of them, which is what care is calibrated on too, and judged on the other
// 450. Nothing is chosen. Then the same networks with channels of unlike size, which `equalize` makes alike again, and by how
// much `fit: 'error'` lowers the squared error of the weights.
//
//   npm run build && node examples/after-care.mjs
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  adaRound,
  argmax,
  correctBias,
  Dense,
  decodeWeight,
  equalize,
  fromNetwork,
  gptq,
  predictNetwork,
  quantize,
  Sequential,
  toNetwork,
} from 'whittle-ml';
import { tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    epochs: { type: 'string', default: '15' },
    steps: { type: 'string', default: '1000' },
  },
});
const bytes = readFileSync(new URL('../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });

function trained(seed) {
  const [[x, judged], [y, right]] = trainTestSplit([features, target], { stratify: target, testSize: 0.25, seed });
  const layers = [
    new Dense(64, { activation: 'relu', inputShape: [features.shape[1]], name: 'first' }),
    new Dense(32, { activation: 'relu', name: 'second' }),
    new Dense(10, { activation: 'softmax', name: 'third' }),
  ];
  const model = new Sequential(layers, { seed });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  model.fit(x, y, { epochs: Number(values.epochs), batchSize: 32 });
  return { model, x, judged, right };
}

function accuracyOf(network, { judged, right }) {
  const named = argmax(predictNetwork(network, judged), -1).data;
  return right.data.reduce((sum, digit, i) => sum + (named[i] === digit), 0) / right.size;
}

const FORMATS = {
  int4: 'int4',
  ternary: 'ternary',
  'ternary, int8 values': { weights: 'ternary', values: 'static' },
};
const corrected = (model, network, calibration) => correctBias(model, network, { calibration });
const byGptq = (model, network, calibration) => gptq(model, network, { calibration });
const byAdaRound = (model, network, calibration) =>
  adaRound(model, network, { calibration, steps: Number(values.steps) });
const CARE = {
  nearest: (_, network) => network,
  biases: corrected,
  gptq: byGptq,
  'gptq, biases': (model, network, x) => corrected(model, byGptq(model, network, x), x),
  adaRound: byAdaRound,
  'adaRound, biases': (model, network, x) => corrected(model, byAdaRound(model, network, x), x),
};

/** The same function with channels from 1.7^-5 to 1.7^5 times as large. */
function unlike(model) {
  const network = toNetwork(model);
  const weights = new Map(network.weights);
  const size = (channel) => 1.7 ** ((channel % 11) - 5);
  const change = (key, f) => {
    const { shape } = weights.get(key);
    const numbers = decodeWeight(weights.get(key)).map((w, i) => f(w, i % shape.at(-1), Math.floor(i / shape.at(-1))));
    weights.set(key, { shape, encoding: { type: 'float32', values: numbers }, mask: null });
  };
  for (const [maker, reader] of [
    ['first', 'second'],
    ['second', 'third'],
  ]) {
    change(`${maker}/kernel`, (w, unit) => w * size(unit));
    change(`${maker}/bias`, (w, unit) => w * size(unit));
    change(`${reader}/kernel`, (w, _, row) => w / size(row));
  }
  return fromNetwork({ ...network, weights });
}

const runs = Array.from({ length: Number(values.seeds) }, (_, i) => trained(i + 1));
const mean = (of) => (runs.reduce((sum, each) => sum + of(each), 0) / runs.length) * 100;
const row = (cells) => console.log(`| ${cells.join(' | ')} |`);
const accuracy = (of) => mean((each) => accuracyOf(of(each), each)).toFixed(1);

console.log(`float32: ${accuracy(({ model }) => toNetwork(model))} %\n`);
row(['weights', ...Object.keys(CARE)]);
console.log(`|${'---|'.repeat(Object.keys(CARE).length + 1)}`);
for (const [name, format] of Object.entries(FORMATS)) {
  const cells = Object.values(CARE).map((care) =>
    accuracy(({ model, x }) => care(model, quantize(model, { calibration: x, format }), x)),
  );
  row([name, ...cells]);
}

console.log('');
row(['channels of unlike size', 'int4', 'int8, static']);
console.log('|---|---|---|');
for (const [name, before] of Object.entries({ 'as they are': (model) => model, equalize }))
  row([
    name,
    ...['int4', 'static'].map((format) =>
      accuracy(({ model, x }) => quantize(before(unlike(model)), { calibration: x, format })),
    ),
  ]);

/** Squared error of the kernels of a model in a format. */
function errorOf(model, format) {
  const [own, other] = [toNetwork(model), quantize(model, { format })];
  const kernels = [...own.weights.keys()].filter((key) => key.endsWith('/kernel'));
  return kernels.reduce((sum, key) => {
    const near = decodeWeight(other.weights.get(key));
    return decodeWeight(own.weights.get(key)).reduce((total, w, i) => total + (w - near[i]) ** 2, sum);
  }, 0);
}
const falls = ['int4', 'uint4'].flatMap((type) =>
  runs.map(({ model }) => 1 - errorOf(model, { weights: { type, fit: 'error' } }) / errorOf(model, type)),
);
const ends = [Math.min(...falls), Math.max(...falls)].map((share) => (100 * share).toFixed(0));
console.log(`\nfit: 'error' lowers the squared error of int4 and uint4 kernels by ${ends[0]} to ${ends[1]} %`);
