import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll } from 'vitest';
import { type RawTable, readCSV } from '../src/data/index.ts';
import { add, Dense, Dropout, type History, Random, Sequential, type Tensor, tensor } from '../src/index.ts';

/** What the examples of docstrings may speak of besides what the package exports; each is made when it is asked for. */

const labels = (): readonly number[] => Array.from({ length: 200 }, (_, i) => i % 2);

/** 200 samples of 4 features, each of which tells the two classes apart, so that most weights may go. */
const features = (): Tensor =>
  add(tensor(labels().map((label) => [0, 0, 0, 0].fill(10 * label - 5))), new Random(1, 'docstrings').normal([200, 4]));

/** 4-32-2, trained. */
function classifier(): Sequential {
  const layers = [new Dense(32, { activation: 'relu' }), new Dropout(0.1), new Dense(2, { activation: 'softmax' })];
  const model = new Sequential(layers, { seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  trained(model);
  return model;
}

const trained = (model: Sequential): History => model.fit(features(), labels(), { epochs: 30, validationSplit: 0.2 });

function text(from: number): string {
  const rows = Array.from({ length: 30 }, (_, i) => `${from + i},${i % 7},${['good', 'bad'][i % 2]}\n`).join('');
  return `price,rooms,quality\n${rows}`;
}

const folder = mkdtempSync(join(tmpdir(), 'whittle-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

export const samples = {
  x: features,
  y: labels,
  xTest: features,
  yTest: labels,
  model: classifier,
  history: (): History => trained(classifier()),
  /** 40 pictures of 8×8 in one channel, in [0, 1], and which of 3 classes each is. */
  images: (): Tensor => new Random(2, 'docstrings').uniform([40, 8, 8, 1]),
  classes: (): readonly number[] => Array.from({ length: 40 }, (_, i) => i % 3),
  csv: (): string => text(1),
  other: (): string => text(3),
  others: (): string => text(3),
  table: (): RawTable => readCSV(text(1)),
  /** The bytes of `csv`, packed with gzip. */
  packed: (): Uint8Array => new Uint8Array(gzipSync(text(1))),
  /** Of a file that is not there yet. */
  path: (): string => join(folder, `${files++}`),
} as const;
