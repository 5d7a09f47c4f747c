// Early stopping with three sets: one to learn from, one to choose the epoch by, and one that had a say in nothing. The
// error on the set that chose is the lowest of many, so it is the third set whose error is reported.
//
//   npm run build && node examples/article/I.6.4-early-stopping.mjs
//
// prints
//
//   weights of epoch 300:
//     error 0.00 on its samples, 2.54 on those that chose, 2.54 on the test samples
//   weights of epoch 31:
//     error 0.16 on its samples, 2.27 on those that chose, 2.38 on the test samples
import { Adam, add, Dense, EarlyStopping, matmul, Random, Sequential, tensor } from 'whittle-ml';

const truth = tensor(Array.from({ length: 20 }, (_, i) => [[2, -1.5, 1][i] ?? 0]));
function samples(stream, count) {
  const random = new Random(2, stream);
  const x = random.normal([count, 20]);
  return [x, add(matmul(x, truth), random.normal([count, 1], 0, 1))];
}

const [x, y] = samples('train', 60);
const validation = samples('validation', 40);
const test = samples('test', 1000);
const EPOCHS = 300;
for (const stops of [false, true]) {
  const model = new Sequential([new Dense(64, { activation: 'relu' }), new Dense(1)], { seed: 1 });
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse' });
  const stop = new EarlyStopping({ monitor: 'val_loss', patience: 20, restoreBestWeights: true });
  const callbacks = stops ? [stop] : [];
  model.fit(x, y, { epochs: EPOCHS, batchSize: 60, validationData: validation, callbacks });
  const [own, chose, judged] = [[x, y], validation, test].map((pair) => model.evaluate(...pair).loss.toFixed(2));
  console.log(`${stops ? `weights of epoch ${stop.bestEpoch + 1}` : `weights of epoch ${EPOCHS}`}:`);
  console.log(`  error ${own} on its samples, ${chose} on those that chose, ${judged} on the test samples`);
}
