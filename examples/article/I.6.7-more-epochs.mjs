// More epochs: the loss on the training samples goes on falling whatever happens, so it tells nothing about when to end.
// The loss on samples that are only watched falls and then rises again. `diagnose` reads both curves.
//
//   npm run build && node examples/article/I.6.7-more-epochs.mjs
//
// prints
//
//   epoch 10: loss 11.85, on others 11.53
//   epoch 30: loss 7.15, on others 9.36
//   epoch 100: loss 1.14, on others 6.47
//   epoch 300: loss 0.01, on others 6.72
//   epoch 1000: loss 0.00, on others 6.79
//   lowest on others after epoch 135: overfit
import { add, Dense, diagnose, matmul, Random, Sequential, tensor } from 'whittle-ml';

const truth = tensor(Array.from({ length: 20 }, (_, i) => [[2, -1.5, 1][i] ?? 0]));
function samples(stream, count) {
  const random = new Random(2, stream);
  const x = random.normal([count, 20]);
  return [x, add(matmul(x, truth), random.normal([count, 1], 0, 2))];
}

const model = new Sequential([new Dense(64, { activation: 'relu' }), new Dense(1)], { seed: 1 });
model.compile({ optimizer: 'adam', loss: 'mse' });
const history = model.fit(...samples('train', 60), { epochs: 1000, validationData: samples('validation', 1000) });
const { loss, val_loss: watched } = history.history;
for (const epoch of [10, 30, 100, 300, 1000])
  console.log(`epoch ${epoch}: loss ${loss[epoch - 1].toFixed(2)}, on others ${watched[epoch - 1].toFixed(2)}`);
console.log(`lowest on others after epoch ${watched.indexOf(Math.min(...watched)) + 1}: ${diagnose(history).verdict}`);
