import {
  Adam,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  fromData,
  GlobalAvgPool2D,
  type Layer,
  MaxPool2D,
  Sequential,
  setBackend,
} from 'whittle-ml';
import type { Kernels } from 'whittle-ml/kernels';
import { weightsOf } from './by-library.ts';
import { CLASSES, type ImageLayer, type ImageTask, imagesOf } from './image-tasks.ts';
import type { Learner } from './learner.ts';
import { dropoutName, SEED } from './tasks.ts';

function layerOf(layer: ImageLayer, inputShape: readonly number[] | undefined, isLast: boolean): Layer {
  const first = inputShape === undefined ? {} : { inputShape };
  switch (layer.kind) {
    case 'conv2d':
      return new Conv2D(layer.units, layer.size, { ...first, activation: 'relu' });
    case 'depthwise':
      return new DepthwiseConv2D(layer.size, { ...first, strides: layer.stride, activation: 'relu' });
    case 'maxPool':
      return new MaxPool2D({ poolSize: layer.size });
    case 'globalAverage':
      return new GlobalAvgPool2D();
    case 'flatten':
      return new Flatten();
    case 'dropout':
      return new Dropout(layer.rate, { name: dropoutName(0) });
    case 'dense':
      return new Dense(layer.units, { activation: isLast ? 'softmax' : 'relu' });
  }
}

/** The model of a task, its weights decided by the seed. */
export const imageModelOf = ({ layers, shape }: Pick<ImageTask, 'layers' | 'shape'>): Sequential =>
  new Sequential(
    layers.map((layer, i) => layerOf(layer, i === 0 ? shape : undefined, i === layers.length - 1)),
    { seed: SEED },
  );

/** As a user writes it, on a table of kernels, from the weights given. Without `replay` every step builds its graph anew. */
export function imagesByLibrary(
  task: ImageTask,
  first: readonly Float32Array[],
  kernels: Kernels,
  replay = true,
): Learner {
  setBackend(kernels);
  const { shape, batch } = task;
  const model = imageModelOf(task);
  const [x, y] = imagesOf(task);
  const inputs = fromData(x, [batch, ...shape]);
  const targets = fromData(y, [batch, CLASSES]);
  // A depthwise kernel has another shape than Keras's here, and the same memory.
  const weights = model.getWeights().map((weight, i) => fromData(first[i]!, weight.shape));
  const reset = (): void => {
    setBackend(kernels);
    model.setWeights(weights);
    model.steps = 0;
    model.compile({ optimizer: new Adam(), loss: 'categoricalCrossentropy', replay });
  };
  reset();
  return { step: () => model.trainOnBatch(inputs, targets).loss!, reset, weights: () => weightsOf(model) };
}
