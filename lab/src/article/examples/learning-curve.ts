import { Adam, Dense, Sequential, type Tensor } from 'whittle-ml';
import { takeRows } from 'whittle-ml/data';

type Samples = readonly [x: Tensor, y: Tensor];

/** The same network with more and more of the samples, for as many steps: accuracy on those and on others. */
export function learningCurve([x, y]: Samples, [xTest, yTest]: Samples, sizes: readonly number[], seed: number) {
  return sizes.map((size) => {
    const rows = Array.from({ length: size }, (_, i) => i);
    const [xSome, ySome] = [takeRows(x, rows), takeRows(y, rows)];
    const model = new Sequential([new Dense(32, { activation: 'relu' }), new Dense(10, { activation: 'softmax' })], {
      seed,
    });
    const optimizer = new Adam({ learningRate: 0.01 });
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
    model.fit(xSome, ySome, { epochs: 200, batchSize: size });
    return {
      train: model.evaluate(xSome, ySome).accuracy!,
      test: model.evaluate(xTest, yTest).accuracy!,
    };
  });
}
