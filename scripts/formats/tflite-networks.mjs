// Networks that are trained and quantized here, for files of them.
import {
  Activation,
  Add,
  AvgPool2D,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Flatten,
  GlobalAvgPool2D,
  input,
  MaxPool2D,
  Model,
  Random,
  Sequential,
  toNetwork,
} from '../../dist/src/index.js';
import { quantize } from '../../dist/src/quantize/index.js';

/** One epoch on noise: the weights are no longer those of the start, and what they are is of no matter here. */
async function trained(model, shape) {
  const x = new Random(1).normal([256, ...shape]);
  const y = new Random(2).normal([256, 4]);
  model.compile({ optimizer: 'adam', loss: 'mse' });
  await model.fit(x, y, { epochs: 1, verbose: 0 });
  return { model, x };
}

const mlp = () =>
  trained(
    new Sequential([
      new Dense(32, { activation: 'relu', inputShape: [16] }),
      new Dense(16, { activation: 'relu6' }),
      new Dense(4, { activation: 'softmax' }),
    ]),
    [16],
  );

const cnn = () =>
  trained(
    new Sequential([
      new Conv2D(8, 3, { strides: 2, padding: 'same', activation: 'relu', inputShape: [16, 16, 3] }),
      new DepthwiseConv2D(3, { depthMultiplier: 2, padding: 'same', activation: 'relu6' }),
      new Conv2D(16, 1, { activation: 'relu' }),
      new MaxPool2D(),
      new AvgPool2D(),
      new Flatten(),
      new Dense(4),
    ]),
    [16, 16, 3],
  );

function residual() {
  const x = input([8, 8, 4]);
  const a = new Conv2D(8, 3, { padding: 'same', activation: 'relu' }).apply(x);
  const b = new Conv2D(8, 3, { padding: 'same' }).apply(a);
  const sum = new Activation('relu').apply(new Add().apply([a, b]));
  return trained(new Model(x, new Dense(4).apply(new GlobalAvgPool2D().apply(sum))), [8, 8, 4]);
}

const REAL = { options: {}, limit: { unit: 1, most: 1e-5 } };
/** An LSB is a 255th of the range of the answers: LiteRT.js multiplies otherwise, and averages of int8 are rounded twice in the file. */
const WHOLE = { options: {}, limit: { most: 1 } };

/** Each with what limits its distance from LiteRT.js: of real numbers. */
export async function madeNetworks() {
  const list = [];
  for (const [name, make] of Object.entries({ mlp, cnn, residual })) {
    const { model, x } = await make();
    list.push({ name, network: toNetwork(model), ...REAL });
    for (const rule of ['float32', 'multiplier'])
      list.push({ name: `${name}, int8, ${rule}`, network: quantize(model, { calibration: x, rule }), ...WHOLE });
    list.push({ name: `${name}, float16`, network: quantize(model, { format: 'float16' }), ...REAL });
  }
  return list;
}
