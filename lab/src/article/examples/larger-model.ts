import { Dense, Sequential, type Tensor } from 'whittle-ml';

/** Hidden layers of the given widths: [2] is a small network, [64, 128, 256] a large one. */
export function fitted(x: Tensor, y: Tensor, hidden: readonly number[], epochs: number, seed: number): Sequential {
  const layers = hidden.map((units) => new Dense(units, { activation: 'relu' }));
  const model = new Sequential([...layers, new Dense(1)], { seed });
  model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['r2'] });
  model.fit(x, y, { epochs, batchSize: 32 });
  return model;
}
