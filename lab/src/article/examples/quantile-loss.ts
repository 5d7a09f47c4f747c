import { Adam, Dense, type Loss, maximum, mean, mul, Sequential, sub, type Tensor } from 'whittle-ml';

/** Nine tenths of the numbers shall lie below the answer: being too low costs nine times as much as being too high. */
export const quantileLoss: Loss = {
  name: 'quantile',
  replayable: true,
  call(yTrue, yPred) {
    const error = sub(yTrue, yPred);
    return mean(maximum(mul(error, 0.9), mul(error, -0.1)));
  },
};

/** A loss is called with the truth first: (yTrue, yPred), as in Keras. */
export function fitted(loss: Loss, x: Tensor, y: Tensor, seed: number): Sequential {
  const model = new Sequential([new Dense(10, { activation: 'relu' }), new Dense(1)], { seed });
  model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss });
  model.fit(x, y, { epochs: 60 });
  return model;
}
