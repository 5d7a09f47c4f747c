// Prints the digests of the trainings in training.mjs, one a line.
// Usage: node scripts/digests.mjs [--table reference|cpu|wasm|chosen] [--replay on|off] [--threads 1|2]
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { backend } from '../dist/src/index.js';
import { digests } from './training.mjs';

const choices = { table: ['chosen', 'reference', 'cpu', 'wasm'], replay: ['on', 'off'], threads: ['1', '2'] };
const options = Object.fromEntries(
  Object.entries(choices).map(([name, [first]]) => [name, { type: 'string', default: first }]),
);
const { values } = parseArgs({ options });
for (const [name, known] of Object.entries(choices)) {
  if (known.includes(values[name])) continue;
  console.error(`digests: --${name} must be one of ${known.join(', ')}, got ${values[name]}`);
  process.exit(2);
}
const text = readFileSync(new URL('../data/wine.csv', import.meta.url), 'utf8');
const { table, replay, threads } = values;
const found = await digests(text, { table, replay: replay === 'on', threads: Number(threads) }).catch(({ message }) => {
  console.error(`digests: ${message}`);
  process.exit(1);
});
for (const [name, value] of Object.entries(found)) console.log(`${name} ${value}`);
console.log(`table ${backend().name}: ${backend().reason}`);
