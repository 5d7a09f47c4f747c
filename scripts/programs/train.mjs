import { Dense, fromData, Sequential } from 'whittle-ml';

/** Trains a network on rows of two numbers and returns what it then says of them. */
export function run(x, y) {
  const layers = [new Dense(8, { activation: 'relu', inputShape: [2] }), new Dense(1, { activation: 'sigmoid' })];
  const model = new Sequential(layers, { seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const inputs = fromData(x, [y.length, 2]);
  model.fit(inputs, fromData(y, [y.length, 1]), { epochs: 2 });
  return model.predict(inputs).data;
}
