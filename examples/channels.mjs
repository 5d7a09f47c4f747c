// Networks for images that lose half of the channels of each layer, on the 1,797 digits of data/digits.csv.gz (8×8 pixels). A
// fifth is held back. Each network learns the rest, loses half of its channels, and learns on for a third of the epochs, by
// the labels or by them and the whole network's answers (distillation). Times are those of programs in which BatchNorms
// are folded: the tenth-fastest of a hundred short runs, whole and half taken in turn.
//
//   npm run build && node examples/channels.mjs --seeds 3
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  Adam,
  compileInference,
  cosineDecay,
  distill,
  foldBatchNorm,
  mobileNetV2,
  networkCost,
  pruneNeurons,
  reshape,
  shuffleNetV2,
  smallCNN,
  toNetwork,
} from 'whittle-ml';
import { imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const BATCH = 32;
const image = { inputShape: [8, 8, 1], classes: 10 };
const light = { ...image, stemStride: 1, width: 0.5, features: 128, momentum: 0.9 };
const NETWORKS = {
  'convolution, dense layers': { make: (seed) => smallCNN({ ...image, seed }), epochs: 30, rate: 0.003 },
  'the same, means of channels': {
    make: (seed) => smallCNN({ ...image, head: 'average', dropout: 0.2, seed }),
    epochs: 60,
    rate: 0.01,
  },
  'MobileNetV2, 3 blocks': { make: (seed) => mobileNetV2({ ...light, blocks: 3, seed }), epochs: 20, rate: 0.01 },
  'ShuffleNetV2, 4 units': {
    make: (seed) => shuffleNetV2({ ...light, stemPool: false, blocks: 4, seed }),
    epochs: 20,
    rate: 0.01,
  },
};

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    epochs: { type: 'string' },
    criterion: { type: 'string', default: 'magnitude' },
    only: { type: 'string', default: '' },
  },
});
const bytes = readFileSync(new URL('../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const images = imagesOf(reshape(features, [features.shape[0], 8, 8, 1]), { white: 16 });

const optimizerFor = (rate, x, epochs) =>
  new Adam({ learningRate: cosineDecay(rate, epochs * Math.ceil(x.shape[0] / BATCH)) });

function trained(model, x, y, epochs, rate) {
  const loss = 'sparseCategoricalCrossentropy';
  model.compile({ optimizer: optimizerFor(rate, x, epochs), loss, metrics: ['accuracy'] });
  model.fit(x, y, { epochs, batchSize: BATCH });
  return model;
}

/** Accuracies: of the whole network, of a half, of one that learned on by the labels, by the whole network's answers. */
function scoresOf({ make, epochs: most, rate }, seed) {
  const [[x, judged], [y, right]] = trainTestSplit([images, target], { stratify: target, testSize: 0.2, seed });
  const epochs = Number(values.epochs ?? most);
  const teacher = trained(make(seed), x, y, epochs, rate);
  const { criterion } = values;
  const half = () => pruneNeurons(teacher, { amount: 0.5, scope: 'layer', criterion, samples: [x, y] });
  const more = Math.ceil(epochs / 3);
  const taught = distill({
    ...{ teacher, student: half(), x, y, epochs: more, batchSize: BATCH },
    optimizer: optimizerFor(rate, x, more),
  }).model;
  const before = half();
  before.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return [teacher, before, trained(half(), x, y, more, rate), taught].map(
    (model) => model.evaluate(judged, right).accuracy,
  );
}

/** How much faster the second program is than the first. */
function ratioOf(networks, batch) {
  const programs = networks.map((network) => compileInference(network, batch));
  const x = new Float32Array(batch * 64).fill(0.5);
  const timeOf = (program, runs) => {
    const start = performance.now();
    for (let i = 0; i < runs; i++) program.run(x, batch);
    return (performance.now() - start) / runs;
  };
  for (const program of programs) timeOf(program, 200);
  const runs = Math.max(1, Math.ceil(2 / timeOf(programs[0], 10)));
  const times = programs.map(() => []);
  for (let i = 0; i < 100; i++) for (const [j, program] of programs.entries()) times[j].push(timeOf(program, runs));
  const [whole, half] = times.map((list) => list.sort((p, q) => p - q)[9]);
  return whole / half;
}

const percent = (list) => `${((100 * list.reduce((p, q) => p + q, 0)) / list.length).toFixed(1)} %`;
const count = (n) => n.toLocaleString('en');
console.log('| network | parameters | multiply-adds | whole | half | learned on | distilled | faster at 1, 64 |');
console.log('|---|---|---|---|---|---|---|---|');
for (const [name, network] of Object.entries(NETWORKS)) {
  if (!name.includes(values.only)) continue;
  const scores = Array.from({ length: Number(values.seeds) }, (_, i) => scoresOf(network, i + 1));
  const model = network.make(1);
  const pair = [model, pruneNeurons(model, { amount: 0.5, scope: 'layer' })].map((one) =>
    foldBatchNorm(toNetwork(one)),
  );
  const costs = pair.map((one) => networkCost(one));
  const cells = [
    ...['parameters', 'macs'].map((field) => costs.map((cost) => count(cost[field])).join(' to ')),
    ...[0, 1, 2, 3].map((i) => percent(scores.map((row) => row[i]))),
    [1, 64].map((batch) => `${ratioOf(pair, batch).toFixed(1)}×`).join(', '),
  ];
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}
