import { checkCount, checkOneOf, checkRange, ValueError } from '../../base/errors.ts';
import { checkOptions } from '../../base/options.ts';
import { Conv2D } from '../convolutions.ts';
import { Dense, Dropout, Flatten } from '../layers.ts';
import { AvgPool2D, GlobalAvgPool2D, MaxPool2D } from '../pools.ts';
import { Sequential } from '../sequential.ts';
import { checkImages, IMAGE_OPTIONS, type ImageNetworkOptions, modelOf } from './parts.ts';

/** Sides of images from which LeNet-5 has room for its second convolution, and from which its first needs no padding. */
const LEAST = 12;
const PUBLISHED = 32;

/**
 * LeNet-5 as it is taught today (after LeCun, Bottou, Bengio & Haffner 1998, fig. 2): two convolutions of 5×5 with tanh and
 * means of 2×2, then 120 and 84 neurons and a softmax. The published one has weights in its means, a second convolution
 * that sees some channels only, and radial basis functions at its end. Images below 32×32 are padded in the first
 * convolution, to which MNIST's 28×28 were enlarged. 61,706 parameters for 28×28 or 32×32, one channel and 10 classes.
 *
 * @example
 * lenet5({ inputShape: [28, 28, 1], classes: 10 }).parameterCount; // 61706
 * lenet5({ inputShape: [8, 8, 1], classes: 10 }); // throws ValueError
 */
export function lenet5(options: ImageNetworkOptions): Sequential {
  checkOptions('lenet5', options, IMAGE_OPTIONS);
  checkImages('lenet5', options);
  const { inputShape, classes } = options;
  const side = Math.min(inputShape[0]!, inputShape[1]!);
  if (side < LEAST) throw new ValueError('lenet5', 'inputShape', `of at least ${LEAST}×${LEAST} pixels`, inputShape);
  const padding = side < PUBLISHED ? 'same' : 'valid';
  const layers = [
    new Conv2D(6, 5, { padding, activation: 'tanh', inputShape }),
    new AvgPool2D(),
    new Conv2D(16, 5, { activation: 'tanh' }),
    new AvgPool2D(),
    new Flatten(),
    new Dense(120, { activation: 'tanh' }),
    new Dense(84, { activation: 'tanh' }),
    new Dense(classes, { activation: 'softmax' }),
  ];
  return new Sequential(layers, modelOf(options));
}

export interface SmallCNNOptions extends ImageNetworkOptions {
  /** Channels of the convolution. Default 32. */
  readonly filters?: number;
  /** Default 3. */
  readonly kernelSize?: number;
  /** Neurons of the layer behind. Default 128. */
  readonly units?: number;
  /** Rate of dropout before the classes. Default 0.5. */
  readonly dropout?: number;
  /** What that layer sees: every pixel of every channel, or the mean of each channel, with far fewer weights. Default `flatten`. */
  readonly head?: 'flatten' | 'average';
}

/**
 * The first network for images of many introductions: a convolution with relu, the largest of each 2×2, a dense layer,
 * dropout, a softmax. Nearly all of its weights are in the dense layer: for 28×28, one channel and 10 classes 692,352 of
 * 693,962; with `head: 'average'` it has 5,834 in all.
 *
 * @example
 * const network = smallCNN({ inputShape: [8, 8, 1], classes: 3, filters: 8, head: 'average' });
 * network.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
 * network.fit(images, classes, { epochs: 2 });
 * network.predict(images).shape; // [ 40, 3 ]
 */
export function smallCNN(options: SmallCNNOptions): Sequential {
  checkOptions('smallCNN', options, `${IMAGE_OPTIONS} filters kernelSize units dropout head`);
  checkImages('smallCNN', options);
  const { inputShape, classes, filters = 32, kernelSize = 3, units = 128, dropout = 0.5, head = 'flatten' } = options;
  for (const [field, count] of Object.entries({ filters, kernelSize, units })) checkCount('smallCNN', field, count);
  checkRange('smallCNN', 'dropout', dropout, 'in [0, 1)');
  checkOneOf('smallCNN', 'head', head, ['flatten', 'average']);
  if (Math.min(inputShape[0]!, inputShape[1]!) < kernelSize + 1)
    throw new ValueError('smallCNN', 'inputShape', `of at least ${kernelSize + 1} pixels a side`, inputShape);
  const layers = [
    new Conv2D(filters, kernelSize, { activation: 'relu', inputShape }),
    new MaxPool2D(),
    head === 'flatten' ? new Flatten() : new GlobalAvgPool2D(),
    new Dense(units, { activation: 'relu' }),
    new Dropout(dropout),
    new Dense(classes, { activation: 'softmax' }),
  ];
  return new Sequential(layers, modelOf(options));
}
