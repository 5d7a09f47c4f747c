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

/** The model of a task, with the weights given, or its own by the seed. */
export function imageModelOf(
  { layers, shape }: Pick<ImageTask, 'layers' | 'shape'>,
  first: readonly Float32Array[] | null = null,
): Sequential {
  const model = new Sequential(
    layers.map((layer, i) => layerOf(layer, i === 0 ? shape : undefined, i === layers.length - 1)),
    { seed: SEED },
  );
  // A depthwise kernel has another shape than Keras's here, and the same memory.
  if (first !== null) model.setWeights(model.getWeights().map((weight, i) => fromData(first[i]!, weight.shape)));
  return model;
}

/** As a user writes it, on a table of kernels, from the weights given. Without `replay` every step builds its graph anew. */
export function imagesByLibrary(
  task: ImageTask,
  first: readonly Float32Array[],
  kernels: Kernels,
  replay = true,
): Learner {
  setBackend(kernels);
  const { shape, batch } = task;
  const model = imageModelOf(task, first);
  const weights = model.getWeights();
  const [x, y] = imagesOf(task);
  const inputs = fromData(x, [batch, ...shape]);
  const targets = fromData(y, [batch, CLASSES]);
  const reset = (): void => {
    setBackend(kernels);
    model.setWeights(weights);
    model.steps = 0;
    model.compile({ optimizer: new Adam(), loss: 'categoricalCrossentropy', replay });
  };
  reset();
  return { step: () => model.trainOnBatch(inputs, targets).loss!, reset, weights: () => weightsOf(model) };
}
