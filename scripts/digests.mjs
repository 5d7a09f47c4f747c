// Trains two small networks on the shipped data with a kernel table, and prints the digests of their weights: the same
// on every JavaScript engine and with every exact table. Usage: node scripts/digests.mjs [cpu|reference]
import { readFileSync } from 'node:fs';
import { tableFromCSV } from '../dist/src/data/index.js';
import { Adam, Dense, Dropout, digest, mul, reference, Sequential, SGD, setBackend } from '../dist/src/index.js';

export function digests() {
  const text = readFileSync(new URL('../data/wine.csv', import.meta.url), 'utf8');
  const { features, target } = tableFromCSV(text, { target: 'class' });
  const x = mul(features, 1 / 64);
  const classifier = new Sequential(
    [
      new Dense(24, { activation: 'relu', inputShape: [13], kernelRegularizer: 'l2' }),
      new Dropout(0.2),
      new Dense(16, { activation: 'tanh', kernelInitializer: 'heNormal' }),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed: 7 },
  );
  classifier.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy' });
  classifier.fit(x, target, { epochs: 20 });
  const gated = new Sequential(
    [
      new Dense(8, { activation: 'sigmoid', inputShape: [13] }),
      new Dense(8, { activation: 'gelu', kernelInitializer: 'orthogonal' }),
      new Dense(8, { activation: 'silu' }),
      new Dense(3, { activation: 'softmax' }),
    ],
    { seed: 11 },
  );
  gated.compile({
    optimizer: new SGD({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
    loss: 'sparseCategoricalCrossentropy',
  });
  gated.fit(x, target, { epochs: 5, batchSize: 20 });
  return [digest(classifier), digest(gated)];
}

if (process.argv[2] === 'reference') setBackend(reference);
console.log(digests().join('\n'));
