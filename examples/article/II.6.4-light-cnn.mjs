// A convolutional network that is light: the usual one has 99.8 % of its weights in the first dense layer. Means of
// channels in the place of all pixels, and convolutions that are depthwise first, are two ways to do with far fewer.
// Numbers are those of images of 28×28; to be quick, the networks learn digits of 8×8, of which a fifth judges.
//
//   npm run build && node examples/article/II.6.4-light-cnn.mjs
//
// prints
//
//   as usual: 693962 parameters, 888192 multiply-adds, 98.6 % right of the small ones
//   means of channels: 5834 parameters, 200064 multiply-adds, 85.0 % right of the small ones
//   depthwise-separable: 3370 parameters, 477984 multiply-adds, 98.9 % right of the small ones
import { readFileSync } from 'node:fs';
import * as whittle from 'whittle-ml';
import { imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const { Adam, Conv2D, Dense, Dropout, Flatten, GlobalAvgPool2D, MaxPool2D, SeparableConv2D, Sequential } = whittle;
const relu = { activation: 'relu' };
const NETWORKS = {
  'as usual': (inputShape) => [
    new Conv2D(32, 3, { ...relu, inputShape }),
    new MaxPool2D(),
    new Flatten(),
    new Dense(128, relu),
    new Dropout(0.5),
    new Dense(10, { activation: 'softmax' }),
  ],
  'means of channels': (inputShape) => [
    new Conv2D(32, 3, { ...relu, inputShape }),
    new MaxPool2D(),
    new GlobalAvgPool2D(),
    new Dense(128, relu),
    new Dropout(0.5),
    new Dense(10, { activation: 'softmax' }),
  ],
  'depthwise-separable': (inputShape) => [
    new Conv2D(32, 3, { ...relu, inputShape }),
    new MaxPool2D(),
    new SeparableConv2D(64, 3, relu),
    new GlobalAvgPool2D(),
    new Dense(10, { activation: 'softmax' }),
  ],
};

const bytes = readFileSync(new URL('../../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const images = imagesOf(whittle.reshape(features, [-1, 8, 8, 1]), { white: 16 });
const [[x, xTest], [y, yTest]] = trainTestSplit([images, target], { stratify: target, testSize: 0.2, seed: 1 });
for (const [name, layersFor] of Object.entries(NETWORKS)) {
  const { parameters, macs } = whittle.networkCost(whittle.toNetwork(new Sequential(layersFor([28, 28, 1]))));
  const model = new Sequential(layersFor([8, 8, 1]), { seed: 1 });
  model.compile({
    optimizer: new Adam({ learningRate: 0.005 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  model.fit(x, y, { epochs: 20 });
  const right = (100 * model.evaluate(xTest, yTest).accuracy).toFixed(1);
  console.log(`${name}: ${parameters} parameters, ${macs} multiply-adds, ${right} % right of the small ones`);
}
