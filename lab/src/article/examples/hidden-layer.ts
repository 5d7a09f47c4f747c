import { Adam, Dense, Sequential, SGD, type Tensor } from 'whittle-ml';

/** A linear regression: one layer of one unit, without an activation. */
export function line(x: Tensor, y: Tensor, seed: number): Sequential {
  const model = new Sequential([new Dense(1)], { seed });
  model.compile({ optimizer: new SGD({ learningRate: 0.3 }), loss: 'mse', metrics: ['r2'] });
  model.fit(x, y, { epochs: 300, batchSize: x.shape[0]! });
  return model;
}

/** A network with a hidden layer of ten units: what the sum of ten bent lines can be. */
export function network(x: Tensor, y: Tensor, seed: number): Sequential {
  const model = new Sequential([new Dense(10, { activation: 'relu' }), new Dense(1)], { seed });
  model.compile({ optimizer: new Adam({ learningRate: 0.03 }), loss: 'mse', metrics: ['r2'] });
  model.fit(x, y, { epochs: 300, batchSize: x.shape[0]! });
  return model;
}
