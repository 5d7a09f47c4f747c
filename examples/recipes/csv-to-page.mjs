// From a CSV file to a network in a page: the encoder learns columns, fills and scales from the training rows, the
// network is quantized, and both go into one file, which csv-to-page.html beside this loads and asks. It needs no
// training code there.
//
//   npm run build && node examples/recipes/csv-to-page.mjs && npx http-server .
//
// and open examples/recipes/csv-to-page.html at the address that it says. The page's lines are these:
//
//   import { data, infer, io, kernels } from '../../dist/whittle.esm.min.js';
//   const answer = await fetch('../../.cache/csv-to-page/wine.safetensors');
//   const { network, metadata } = io.decodeNetwork(new Uint8Array(await answer.arrayBuffer()));
//   const encoder = data.TableEncoder.fromJSON(JSON.parse(metadata.get('encoder')));
//   const program = infer.compileNetwork(network, 1, kernels.cpu);
//
// prints
//
//   13 columns, classes 0 1 2, 3640 bytes
//   100.0 % of 36 wines that it has not seen are right
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Adam, Dense, encodeNetwork, measure, quantize, Sequential } from 'whittle-ml';
import { readCSV, splitIndices, TableEncoder, takeRows } from 'whittle-ml/data';
import { writeFileAtomic } from 'whittle-ml/node';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../.cache/csv-to-page', import.meta.url));
const table = readCSV(readFileSync(new URL('../../data/wine.csv', import.meta.url)));
const { train, test } = splitIndices(table.rows, { testSize: 0.2, seed: 1 });
const encoder = new TableEncoder({ target: 'class', task: 'classification', scale: 'standard' });
const { features, target } = encoder.fitTransform(table, { rows: train });
const [x, y] = [features, target].map((t) => takeRows(t, train));
const samples = [features, target].map((t) => takeRows(t, test));

const layers = [new Dense(16, { activation: 'relu' }), new Dense(encoder.classNames.length, { activation: 'softmax' })];
const model = new Sequential(layers, { seed: 1 });
model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'sparseCategoricalCrossentropy' });
model.fit(x, y, { epochs: 40 });
const network = quantize(model, { calibration: x });

const file = encodeNetwork(network, { metadata: { encoder: JSON.stringify(encoder) } });
mkdirSync(folder, { recursive: true });
writeFileAtomic(join(folder, 'wine.safetensors'), file);
const { score } = measure(network, { samples, latency: false });
console.log(`${features.shape[1]} columns, classes ${encoder.classNames.join(' ')}, ${file.length} bytes`);
console.log(`${(100 * score).toFixed(1)} % of ${test.length} wines that it has not seen are right`);
