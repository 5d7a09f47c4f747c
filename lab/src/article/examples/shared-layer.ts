import { Dense, input, Model } from 'whittle-ml';

/** Two hidden layers of 48 neurons behind the first: two layers, or one that is applied twice. */
export function twoSteps(isShared: boolean, seed: number): Model {
  const relu = { activation: 'relu' } as const;
  const x = input([64]);
  const start = new Dense(48, { ...relu, name: 'start' }).apply(x);
  const first = new Dense(48, { ...relu, name: 'first' });
  const second = isShared ? first : new Dense(48, { ...relu, name: 'second' });
  const y = new Dense(10, { activation: 'softmax', name: 'digit' }).apply(second.apply(first.apply(start)));
  return new Model(x, y, { seed });
}
