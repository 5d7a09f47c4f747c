// Quantization of 100-64-10 with its activations as layers: in int8 after training, whose ranges come from samples, and
// in 2 bits, rounded after training and trained rounded. What is judged are networks of integers, not a simulation of
// them. The samples are handwritten digits with a border of a pixel; a fifth of them judges.
//
//   npm run build && node examples/article/II.6.2-quantization.mjs
//
// prints
//
//   float32: 29072 bytes, 96.1 % right
//   int8: 8472 bytes, 96.1 % right
//   2 bits, rounded afterwards: 3344 bytes, 88.1 % right
//   2 bits, trained rounded: 2918 bytes, 95.0 % right
import { readFileSync } from 'node:fs';
import { Activation, Adam, convert, Dense, measure, pad, prepareQAT, quantize, reshape, Sequential } from 'whittle-ml';
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

function trained(model, epochs) {
  model.compile({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy' });
  model.fit(x, y, { epochs });
  return model;
}
const layers = [new Dense(64), new Activation('relu'), new Dense(10), new Activation('softmax')];
const model = trained(new Sequential(layers, { seed: 1 }), 30);
const twoBits = prepareQAT(model, { calibration: x, bits: 2 });

const forms = {
  float32: model,
  int8: quantize(model, { calibration: x }),
  '2 bits, rounded afterwards': quantize(model, { calibration: x, format: { weights: 'ternary', values: 'static' } }),
  '2 bits, trained rounded': convert(trained(twoBits, 15)),
};
for (const [name, form] of Object.entries(forms)) {
  const { bytes, score } = measure(form, { samples: [xTest, yTest], latency: false });
  console.log(`${name}: ${bytes} bytes, ${(100 * score).toFixed(1)} % right`);
}
