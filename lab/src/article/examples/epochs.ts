import { Dense, Sequential, type Tensor } from 'whittle-ml';

type Samples = readonly [x: Tensor, y: Tensor];

/** Losses epoch by epoch, on the training samples and on others that are only watched. */
export function losses([x, y]: Samples, watched: Samples, epochs: number, seed: number) {
  const model = new Sequential([new Dense(32, { activation: 'relu' }), new Dense(1)], { seed });
  model.compile({ optimizer: 'adam', loss: 'mse' });
  const { history } = model.fit(x, y, { epochs, batchSize: 20, validationData: watched });
  return { train: history.loss!, validation: history.val_loss! };
}
