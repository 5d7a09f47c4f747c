/** The five networks that every way of pruning is held to, small enough for tests. */
import {
  Add,
  Conv2D,
  Dense,
  fromData,
  GlobalAvgPool2D,
  input,
  Model,
  mobileNetV2,
  shuffleNetV2,
  smallCNN,
  type Tensor,
} from '../../src/index.ts';
import { articleModel, normal } from './tools.ts';

const image = { inputShape: [8, 8, 1] as const, classes: 10, seed: 3 };
const small = { ...image, stemStride: 1, width: 0.5, features: 64, blocks: 3 } as const;

/** A residual network whose two blocks share one convolution. */
function residual(): Model {
  const x = input([8, 8, 1]);
  const shared = new Conv2D(6, 3, { padding: 'same', activation: 'relu', name: 'shared' });
  const stem = new Conv2D(6, 3, { padding: 'same', activation: 'relu', name: 'stem' }).apply(x);
  const first = new Add().apply([stem, shared.apply(stem)]);
  const second = new Add().apply([first, shared.apply(first)]);
  const y = new Dense(10, { activation: 'softmax' }).apply(new GlobalAvgPool2D().apply(second));
  return new Model(x, y, { seed: 3 });
}

export const FIVE: Readonly<Record<string, () => Model>> = {
  MLP: () => articleModel(3),
  'article CNN': () => smallCNN(image),
  MobileNetV2: () => mobileNetV2(small),
  ShuffleNetV2: () => shuffleNetV2({ ...small, stemPool: false }),
  'residual with a shared layer': residual,
};

/** Samples of ten classes that a network of the five may learn. */
export function tenClasses(model: Model, n = 20, seed = 1): [x: Tensor, y: Tensor] {
  const [shape] = model.inputShapes;
  return [normal([n, ...shape!], seed), fromData(Int32Array.from({ length: n }, (_, i) => i % 10))];
}

/** One of the five after some steps, so that no statistic and no bias is what it was at first. */
export function trained(name: string): Model {
  const model = FIVE[name]!();
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  model.fit(...tenClasses(model), { epochs: 2 });
  return model;
}
