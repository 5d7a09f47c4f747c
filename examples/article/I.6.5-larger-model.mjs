// A larger model is a remedy for underfitting: two hidden units cannot follow two waves, 64-128-256 can. It is judged on
// samples that neither has seen. With ten features the large one has 42,305 parameters; here it has one feature.
//
//   npm run build && node examples/article/I.6.5-larger-model.mjs
//
// prints
//
//   2-1, 7 parameters: R² -0.00 on its samples, -0.00 on others
//   16-1, 49 parameters: R² 0.73 on its samples, 0.73 on others
//   64-128-256-1, 41729 parameters: R² 0.97 on its samples, 0.97 on others
import { add, Dense, mul, Random, Sequential, sin } from 'whittle-ml';

function samples(stream, count) {
  const random = new Random(1, stream);
  const x = random.uniform([count, 1], -1, 1);
  return [x, add(sin(mul(x, 6)), random.normal([count, 1], 0, 0.1))];
}

const train = samples('train', 400);
const test = samples('test', 400);
for (const hidden of [[2], [16], [64, 128, 256]]) {
  const layers = hidden.map((units) => new Dense(units, { activation: 'relu' }));
  const model = new Sequential([...layers, new Dense(1)], { seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'mse', metrics: ['r2'] });
  model.fit(...train, { epochs: 100, batchSize: 32 });
  const [own, others] = [train, test].map((pair) => model.evaluate(...pair).r2.toFixed(2));
  console.log(
    `${hidden.join('-')}-1, ${model.parameterCount} parameters: R² ${own} on its samples, ${others} on others`,
  );
}
