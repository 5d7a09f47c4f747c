// Lottery tickets on the 1,797 digits of data/digits.csv.gz (8×8 pixels): a network is trained, the smallest of its weights are
// masked, the others return to where they began, and so on (`lotteryTicket`), until a half or a fifth of them is left. The
// ticket then learns beside the dense network, and beside one of the same mask whose weights are drawn anew. For each seed
// another fifth is held back, which is judged once. Behind each mean stands half of its 95 % interval, by Student's t over
// the seeds; differences are taken seed by seed. Layers, epochs and rates were set once, and no others tried.
//
//   npm run build && node examples/lottery.mjs
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Adam, cosineDecay, Dense, lotteryTicket, reshape, Sequential, smallCNN } from 'whittle-ml';
import { imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const BATCH = 32;
const image = { inputShape: [8, 8, 1], classes: 10 };

function plain(seed) {
  const hidden = { activation: 'relu' };
  const layers = [
    new Dense(64, { ...hidden, inputShape: [64] }),
    new Dense(64, hidden),
    new Dense(10, { activation: 'softmax' }),
  ];
  return new Sequential(layers, { seed });
}

const NETWORKS = {
  'dense layers': { make: plain, epochs: 20, rate: 0.003, shape: [64] },
  'convolution, dense layers': {
    make: (seed) => smallCNN({ ...image, seed }),
    epochs: 20,
    rate: 0.003,
    shape: image.inputShape,
  },
};

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    left: { type: 'string', default: '50 20' }, // percent of the weights
    epochs: { type: 'string' },
    rewind: { type: 'string', default: '0' }, // steps
    only: { type: 'string', default: '' },
  },
});
const bytes = readFileSync(new URL('../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const images = imagesOf(reshape(features, [features.shape[0], 8, 8, 1]), { white: 16 });

/** Accuracies of one seed: of the dense network, and of ticket and random network for each share that is left. */
function scoresOf({ make, rate, shape, ...network }, seed) {
  const x = reshape(images, [images.shape[0], ...shape]);
  const [[learned, judged], [labels, right]] = trainTestSplit([x, target], { stratify: target, testSize: 0.2, seed });
  const epochs = Number(values.epochs ?? network.epochs);
  const train = (model, callbacks = []) => {
    model.compile({
      optimizer: new Adam({ learningRate: cosineDecay(rate, epochs * Math.ceil(learned.shape[0] / BATCH)) }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    model.fit(learned, labels, { epochs, batchSize: BATCH, callbacks });
    return model.evaluate(judged, right).accuracy;
  };
  return values.left.split(' ').map((percent) => {
    const options = { sparsity: 1 - Number(percent) / 100, rewindTo: Number(values.rewind) };
    const { ticket, random, rounds } = lotteryTicket(make(seed), train, options);
    return { percent, dense: rounds[0].result, ticket: train(ticket), random: train(random), rounds: rounds.length };
  });
}

/** Student's t that 95 % lie within, by the number of seeds. */
const T = [NaN, NaN, 12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];
/** The same for more seeds, by its expansion about the normal distribution (Abramowitz & Stegun 1964, 26.7.5). */
function studentOf(n) {
  const z = 1.96;
  return T[n] ?? z + (z ** 3 + z) / (4 * (n - 1)) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * (n - 1) ** 2);
}
/** Mean and half of its interval, in percent or points; of one seed the mean alone. */
function withInterval(shares) {
  const n = shares.length;
  const mean = shares.reduce((p, q) => p + q, 0) / n;
  if (n === 1) return (100 * mean).toFixed(1);
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (n - 1);
  const half = studentOf(n) * Math.sqrt(variance / n);
  return `${(100 * mean).toFixed(1)} ± ${(100 * half).toFixed(1)}`;
}

const columns = ['network', 'left', 'rounds', 'dense', 'ticket', 'random', 'ticket - dense', 'ticket - random'];
console.log(`| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}`);
for (const [name, network] of Object.entries(NETWORKS)) {
  if (!name.startsWith(values.only)) continue;
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => scoresOf(network, i + 1));
  seeds[0].forEach(({ percent, rounds }, at) => {
    const of = (value) => withInterval(seeds.map((pairs) => value(pairs[at])));
    const cells = [of((s) => s.dense), of((s) => s.ticket), of((s) => s.random)];
    cells.push(
      of((s) => s.ticket - s.dense),
      of((s) => s.ticket - s.random),
    );
    console.log(`| ${[name, `${percent} %`, rounds, ...cells].join(' | ')} |`);
  });
}
