// XOR, the smallest thing that a line cannot do: a layer of one unit gets no more than three of four right, one hidden
// layer all.
//
//   npm run build && node examples/recipes/xor.mjs
//
// prints
//
//   one layer: 1 of 4 right
//   with a hidden layer: 4 of 4 right
import { Adam, Dense, Sequential, tensor } from 'whittle-ml';

const x = tensor([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]);
const y = tensor([[0], [1], [1], [0]]);
const hidden = { 'one layer': [], 'with a hidden layer': [new Dense(8, { activation: 'tanh' })] };
for (const [name, layers] of Object.entries(hidden)) {
  const model = new Sequential([...layers, new Dense(1, { activation: 'sigmoid' })], { seed: 1 });
  model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'binaryCrossentropy' });
  model.fit(x, y, { epochs: 200 });
  const right = [...model.predict(x).data].filter((p, i) => Math.round(p) === y.data[i]).length;
  console.log(`${name}: ${right} of 4 right`);
}
