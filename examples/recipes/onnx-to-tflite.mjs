// Through the files of other programs: a network is written as ONNX and read again, as one of another program would be. What is
// read is a network like any other: here it is pruned, trained on and rounded to int8, and goes on as a .tflite file.
// Accuracies are those on digits that it has not seen.
//
//   npm run build && node examples/recipes/onnx-to-tflite.mjs
//
// prints
//
//   ONNX: 11735 bytes, [any, 8, 8, 1] to [any, 10], 96.1 % right
//   pruned: 97.2 % right
//   TFLite: 5212 bytes, 97.2 % right
import { readFileSync } from 'node:fs';
import {
  Adam,
  Conv2D,
  Dense,
  div,
  Flatten,
  fromNetwork,
  MaxPool2D,
  measure,
  prune,
  quantize,
  reshape,
  Sequential,
  toNetwork,
} from 'whittle-ml';
import { tableFromBytes, trainTestSplit } from 'whittle-ml/data';
import { fromOnnx, fromTflite, toOnnx, toTflite } from 'whittle-ml/formats';

const bytes = readFileSync(new URL('../../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const images = reshape(div(features, 16), [features.shape[0], 8, 8, 1]);
const [[x, xTest], [y, yTest]] = trainTestSplit([images, target], { stratify: target, testSize: 0.2, seed: 1 });

const percent = (form) => {
  const { score } = measure(form, { samples: [xTest, yTest], latency: false });
  return `${(100 * score).toFixed(1)} % right`;
};
function train(model, epochs) {
  model.compile({ optimizer: new Adam({ learningRate: 0.003 }), loss: 'sparseCategoricalCrossentropy' });
  model.fit(x, y, { epochs });
  return model;
}
const image = new Conv2D(16, 3, { padding: 'same', activation: 'relu', inputShape: [8, 8, 1] });
const layers = [image, new MaxPool2D(), new Flatten(), new Dense(10, { activation: 'softmax' })];
const onnx = toOnnx(toNetwork(train(new Sequential(layers, { seed: 1 }), 10)));

const { network, inputs, outputs } = fromOnnx(onnx);
const [from, to] = [...inputs, ...outputs].map(({ shape }) => `[${shape.map((n) => n ?? 'any').join(', ')}]`);
console.log(`ONNX: ${onnx.length} bytes, ${from} to ${to}, ${percent(network)}`);
const pruned = toNetwork(train(prune(fromNetwork(network), { sparsity: 0.7 }), 10));
console.log(`pruned: ${percent(pruned)}`);
const tflite = toTflite(quantize(pruned, { calibration: x, rule: 'multiplier' })); // rounded as TensorFlow Lite rounds
console.log(`TFLite: ${tflite.length} bytes, ${percent(fromTflite(tflite).network)}`);
