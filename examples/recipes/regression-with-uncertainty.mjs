// How sure is a prediction? With dropout left on, the network answers a hundred times, each time with other units
// missing. It learned a sine between -1 and 1 alone, and the spread of its answers grows away from there. It ranks what
// is more and less known, and is no interval: at 1.5 the network is wrong by ten times the spread. Nor does it tell of
// the noise of the samples, here 0.1.
//
//   npm run build && node examples/recipes/regression-with-uncertainty.mjs
//
// prints
//
//   x 0, inside: -0.05 ± 0.03, truly 0.00
//   x 0.5, inside: 0.99 ± 0.05, truly 1.00
//   x 1, inside: 0.25 ± 0.04, truly 0.14
//   x 1.5, outside: -0.19 ± 0.06, truly -0.98
//   x 2, outside: -0.42 ± 0.07, truly -0.28
//   x 3, outside: -0.83 ± 0.12, truly 0.41
import { Adam, add, Dense, Dropout, monteCarlo, mul, Random, Sequential, sin, tensor } from 'whittle-ml';

const random = new Random(1, 'samples');
const x = random.uniform([300, 1], -1, 1);
const y = add(sin(mul(x, 3)), random.normal([300, 1], 0, 0.1));

const hidden = () => [new Dense(64, { activation: 'relu' }), new Dropout(0.05)];
const model = new Sequential([...hidden(), ...hidden(), new Dense(1)], { seed: 1 });
model.compile({ optimizer: new Adam({ learningRate: 0.003 }), loss: 'mse' });
model.fit(x, y, { epochs: 400 });

const places = [0, 0.5, 1, 1.5, 2, 3];
const { mean, deviation } = monteCarlo(model, tensor(places.map((place) => [place])), { passes: 100 });
for (const [i, place] of places.entries()) {
  const where = place > 1 ? 'outside' : 'inside';
  const truth = Math.sin(3 * place).toFixed(2);
  console.log(`x ${place}, ${where}: ${mean.data[i].toFixed(2)} ± ${deviation.data[i].toFixed(2)}, truly ${truth}`);
}
