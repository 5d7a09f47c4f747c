// Smaller step by step: 80 % of the weights go little by little while it trains on, the rest is rounded to int8, and the
// file holds what is left, coded. A program that runs the file later needs `whittle-ml/io` and `whittle-ml/infer` alone.
// Accuracies are those on digits that it has not seen.
//
//   npm run build && node examples/recipes/prune-quantize-save.mjs
//
// prints
//
//   trained: 19760 bytes, 97.2 % right
//   pruned: 5492 bytes, 96.4 % right
//   pruned, int8: 3275 bytes, 96.7 % right
//   pruned, int8, coded: 2245 bytes, 96.7 % right
//   read again: the first digit is a 9, truly 9
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Adam,
  argmax,
  Dense,
  div,
  encodeNetwork,
  measure,
  PruningSchedule,
  quantize,
  Sequential,
  tensor,
} from 'whittle-ml';
import { tableFromBytes, trainTestSplit } from 'whittle-ml/data';
import { compileNetwork } from 'whittle-ml/infer';
import { decodeNetwork } from 'whittle-ml/io';
import { wasm } from 'whittle-ml/kernels';
import { readBytes, writeFileAtomic } from 'whittle-ml/node';

const bytes = readFileSync(new URL('../../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const ink = div(features, 16); // from 0 to 1
const [[x, xTest], [y, yTest]] = trainTestSplit([ink, target], { stratify: target, testSize: 0.2, seed: 1 });

function show(name, form, coding) {
  const { bytes, score } = measure(form, { samples: [xTest, yTest], latency: false, ...(coding && { coding }) });
  console.log(`${name}: ${bytes} bytes, ${(100 * score).toFixed(1)} % right`);
}
const layers = [new Dense(64, { activation: 'relu' }), new Dense(10, { activation: 'softmax' })];
const model = new Sequential(layers, { seed: 1 });
model.compile({ optimizer: new Adam({ learningRate: 0.003 }), loss: 'sparseCategoricalCrossentropy' });
model.fit(x, y, { epochs: 20 });
show('trained', model);
const schedule = new PruningSchedule({ finalSparsity: 0.8, frequency: 20, end: 450 }); // an epoch has 45 steps
model.fit(x, y, { epochs: 20, callbacks: [schedule] });
show('pruned', model);
const small = quantize(model, { calibration: x });
show('pruned, int8', small);
show('pruned, int8, coded', small, 'range');

const folder = mkdtempSync(join(tmpdir(), 'whittle-'));
const file = join(folder, 'digits.safetensors');
writeFileAtomic(file, encodeNetwork(small, { coding: 'range' }));
const program = compileNetwork(decodeNetwork(readBytes(file)).network, 1, wasm()); // where it runs
console.log(
  `read again: the first digit is a ${argmax(tensor([...program.run(xTest.data.slice(0, 64))])).item()}, truly ${yTest.data[0]}`,
);
rmSync(folder, { recursive: true });
