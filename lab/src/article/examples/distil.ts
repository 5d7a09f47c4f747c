import { Adam, Dense, distill, type Model, type Samples, Sequential } from 'whittle-ml';

const network = (hidden: number, seed: number): Sequential =>
  new Sequential(
    [new Dense(hidden, { activation: 'relu', inputShape: [64] }), new Dense(10, { activation: 'softmax' })],
    { seed },
  );
const adam = (): Adam => new Adam({ learningRate: 0.005 });

export function trained(hidden: number, [x, y]: Samples, seed: number, epochs: number): Model {
  const model = network(hidden, seed);
  model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy' });
  model.fit(x, y, { epochs });
  return model;
}

/** A student that begins as `trained` does, and learns from the labels and from what its teacher says, softened. */
export function taught(hidden: number, teacher: Model, [x, y]: Samples, seed: number, epochs: number): Model {
  const student = network(hidden, seed);
  return distill({ teacher, student, x, y, temperature: 4, alpha: 0.9, optimizer: adam(), epochs }).model;
}
