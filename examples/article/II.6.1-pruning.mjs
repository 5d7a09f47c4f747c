// Pruning of neurons: half of the first hidden layer of 100-64-64-10 goes, those that weigh least, with what the next
// layer reads of them, and the rest is trained on. 11,274 parameters become 5,994. The samples are handwritten digits
// with a border of a pixel, 10×10; a fifth of them judges.
//
//   npm run build && node examples/article/II.6.1-pruning.mjs
//
// prints
//
//   whole: 11274 parameters, 11136 multiply-adds, 96.7 % right
//   half of the first layer: 5994 parameters, 5888 multiply-adds, 94.7 % right
//   the same, trained on: 5994 parameters, 5888 multiply-adds, 96.7 % right
import { readFileSync } from 'node:fs';
import { Adam, Dense, Dropout, measure, pad, pruneNeurons, reshape, Sequential } from 'whittle-ml';
import { imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const bytes = readFileSync(new URL('../../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const images = imagesOf(reshape(features, [-1, 8, 8, 1]), { white: 16 });
const rows = reshape(
  pad(images, [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]),
  [-1, 100],
);
const [[x, xTest], [y, yTest]] = trainTestSplit([rows, target], { stratify: target, testSize: 0.2, seed: 1 });

const model = new Sequential(
  [
    new Dense(64, { activation: 'relu', name: 'first' }),
    new Dropout(0.2),
    new Dense(64, { activation: 'relu' }),
    new Dropout(0.2),
    new Dense(10, { activation: 'softmax' }),
  ],
  { seed: 1 },
);
model.compile({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy' });
model.fit(x, y, { epochs: 30 });

function show(name, form) {
  const { parameters, macs, score } = measure(form, { samples: [xTest, yTest], latency: false });
  console.log(`${name}: ${parameters} parameters, ${macs} multiply-adds, ${(100 * score).toFixed(1)} % right`);
}
show('whole', model);
const half = pruneNeurons(model, { layer: 'first', amount: 0.5 });
show('half of the first layer', half);
half.fit(x, y, { epochs: 10 });
show('the same, trained on', half);
