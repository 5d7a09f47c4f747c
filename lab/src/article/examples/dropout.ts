import { Adam, Dense, Dropout, Sequential, type Tensor } from 'whittle-ml';

/** In training each hidden unit is left out of a step with the given probability; afterwards all of them answer. */
export function withDropout(x: Tensor, y: Tensor, rate: number, seed: number): Sequential {
  const layers = [new Dense(32, { activation: 'relu' }), new Dropout(rate), new Dense(1)];
  const model = new Sequential(layers, { seed });
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse', metrics: ['r2'] });
  model.fit(x, y, { epochs: 300, batchSize: x.shape[0]! });
  return model;
}
