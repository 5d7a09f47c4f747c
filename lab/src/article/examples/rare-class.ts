import { Adam, Dense, Sequential, type Tensor } from 'whittle-ml';

/** A logistic regression for a class that one sample in twenty has: its samples count as much as all the others. */
export function weighted(x: Tensor, y: Tensor, seed: number): Sequential {
  const model = new Sequential([new Dense(1, { activation: 'sigmoid' })], { seed });
  const metrics = ['accuracy', 'recall', 'precision', 'auc'] as const;
  model.compile({ optimizer: new Adam({ learningRate: 0.05 }), loss: 'binaryCrossentropy', metrics });
  model.fit(x, y, { epochs: 100, batchSize: x.shape[0]!, classWeight: { 0: 1, 1: 19 } });
  return model;
}
