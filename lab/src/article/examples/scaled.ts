import { Dense, Sequential, SGD, type Tensor } from 'whittle-ml';
import { StandardScaler } from 'whittle-ml/data';

/** A logistic regression: a hundred steps of gradient descent on all samples. Its loss and accuracy on those. */
export function logistic(x: Tensor, y: Tensor, learningRate: number, seed: number) {
  const model = new Sequential([new Dense(1, { activation: 'sigmoid', kernelInitializer: 'zeros' })], { seed });
  model.compile({ optimizer: new SGD({ learningRate }), loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  model.fit(x, y, { epochs: 100, batchSize: x.shape[0]! });
  return model.evaluate(x, y);
}

/** The same with every feature at mean 0 and deviation 1. */
export const scaled = (x: Tensor): Tensor => new StandardScaler().fitTransform(x);
