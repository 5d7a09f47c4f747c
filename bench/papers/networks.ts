import { Conv2D, Dense, Dropout, Flatten, type Layer, MaxPool2D, Sequential } from 'whittle-ml';
import { CLASSES, type Labelled } from './images.ts';

/** Dropout before each of a network's layers of weights, in order; what is left out is 0. */
export type Dropouts = readonly number[];

export type Make = (images: Labelled, seed: number, dropout: Dropouts) => Sequential;

const before = (layer: Layer, rate = 0): Layer[] => (rate === 0 ? [layer] : [new Dropout(rate), layer]);

const built = (layers: readonly Layer[], inputShape: readonly number[], seed: number): Sequential => {
  const model = new Sequential([...layers], { seed });
  model.build(inputShape);
  return model;
};

/** Layers of rectified units, all of the pixels in a row at first, and a softmax. */
export const dense =
  (...units: readonly number[]): Make =>
  ({ height, width }, seed, dropout) => {
    const hidden = units.map((n) => new Dense(n, { activation: 'relu' }));
    const layers = [...hidden, new Dense(CLASSES, { activation: 'softmax' })];
    return built(
      layers.flatMap((layer, i) => before(layer, dropout[i])),
      [height * width],
      seed,
    );
  };

/** LeNet-5 as Caffe has it, with rectified units behind its first dense layer alone: 431,080 parameters for 28x28. */
export const caffeLenet5: Make = ({ height, width }, seed, dropout) =>
  built(
    [
      ...before(new Conv2D(20, 5), dropout[0]),
      new MaxPool2D(),
      ...before(new Conv2D(50, 5), dropout[1]),
      new MaxPool2D(),
      new Flatten(),
      ...before(new Dense(500, { activation: 'relu' }), dropout[2]),
      ...before(new Dense(CLASSES, { activation: 'softmax' }), dropout[3]),
    ],
    [height, width, 1],
    seed,
  );
