// A search that kills its own process after so many new lines of its journal, or within the line after them.
// node killed.mjs <journal> <lines, -1 for none> <whether within a line> [workers]
import { appendFileSync, writeFileSync } from 'node:fs';
import { compress, Dense, fromData, Random, Sequential } from '../../dist/bundle/index.js';
import { journalFile } from '../../dist/bundle/node.js';

const [path, lines, isWithin, workers = '0'] = process.argv.slice(2);
const [x, validX, testX] = [1, 2, 3].map((seed) => new Random(seed).normal([48, 4]));
const y = fromData(Int32Array.from({ length: 48 }, (_, i) => i % 2));
const model = new Sequential([
  new Dense(8, { activation: 'relu', inputShape: [4] }),
  new Dense(2, { activation: 'softmax' }),
]);
model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
model.fit(x, y, { epochs: 5 });

const journal = journalFile(path);
let left = Number(lines);
const mortal = {
  entries: journal.entries,
  append(entry) {
    if (left === 0) {
      if (isWithin === 'true') appendFileSync(path, entry.slice(0, Math.floor(entry.length / 2)));
      process.kill(process.pid, 'SIGKILL');
      for (;;); // until it is over
    }
    left--;
    journal.append(entry);
  },
};
const space = {
  student: [null, { width: 0.5, epochs: 1 }],
  distil: [null, { temperature: 2, alpha: 0.5 }],
  prune: [null, { structure: 'weights', amount: 0.5, criterion: 'magnitude', epochs: 1 }],
  share: [null],
  quantize: [null, { method: 'rounded', format: 'static' }, { method: 'rounded', format: 'int4' }],
  code: ['none', 'range'],
};
const found = await compress(
  model,
  { x, y, validation: [validX, y], test: [testX, y] },
  {
    recipes: space,
    maxDamage: { accuracy: 1 },
    journal: mortal,
    workers: Number(workers),
  },
);
writeFileSync(`${path}.json`, JSON.stringify([found, found.points.map((point) => [...point.file])]));
