import { Dense, Dropout, pruneNeurons, Sequential } from 'whittle-ml';

/** 100-64-64-10: 11,274 parameters. */
export function network(seed: number): Sequential {
  const layers = [
    new Dense(64, { activation: 'relu', inputShape: [100], name: 'first' }),
    new Dropout(0.2),
    new Dense(64, { activation: 'relu' }),
    new Dropout(0.2),
    new Dense(10, { activation: 'softmax' }),
  ];
  const model = new Sequential(layers, { seed });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** Half of the first hidden layer goes, those that weigh least, with what the next layer reads of them: 5,994 parameters. */
export const halved = (model: Sequential) => pruneNeurons(model, { layer: 'first', amount: 0.5 });

/** The first 32 units stay, whatever they are worth. */
export function firstHalf(model: Sequential) {
  const scores = Float32Array.from({ length: 64 }, (_, unit) => (unit < 32 ? 1 : 0));
  return pruneNeurons(model, { layer: 'first', amount: 0.5, criterion: new Map([['first', scores]]) });
}
