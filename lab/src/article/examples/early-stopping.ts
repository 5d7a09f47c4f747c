import { Adam, Dense, EarlyStopping, Sequential, type Tensor } from 'whittle-ml';

type Samples = readonly [x: Tensor, y: Tensor];

/** Three sets: one to train on, one to choose the epoch by, and one that had a say in nothing, to report on. */
export function stoppedEarly([x, y]: Samples, validation: Samples, [xTest, yTest]: Samples, seed: number) {
  const model = new Sequential([new Dense(32, { activation: 'relu' }), new Dense(1)], { seed });
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse', metrics: ['r2'] });
  const stop = new EarlyStopping({ monitor: 'val_loss', patience: 20, restoreBestWeights: true });
  model.fit(x, y, { epochs: 300, batchSize: x.shape[0]!, validationData: validation, callbacks: [stop] });
  return { model, chosenBy: model.evaluate(...validation).loss!, test: model.evaluate(xTest, yTest).loss! };
}
