// What coding takes: LeNet-300-100 (784-300-100-10, 266,200 weights) as it is made and with 92 % pruned, in each of the codings.
// Prints bytes of the file and milliseconds of processor time to write it, to read it and to say its parts, the least of 3.
// Usage: npm run coding
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const built = join(fileURLToPath(new URL('..', import.meta.url)), 'dist/bundle/index.js');
const library = await import(pathToFileURL(resolve(process.argv[2] ?? built)).href);
const { Dense, decodeNetwork, encodeNetwork, fileParts, prune, Sequential, toNetwork } = library;

function timed(run) {
  let least = Infinity;
  let made;
  for (let i = 0; i < 3; i++) {
    const start = process.cpuUsage();
    made = run();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1000);
  }
  return [made, Math.round(least)];
}

const layers = [
  new Dense(300, { activation: 'relu', inputShape: [784] }),
  new Dense(100, { activation: 'relu' }),
  new Dense(10),
];
const model = new Sequential(layers, { seed: 1 });
console.log(`LeNet-300-100, Node ${process.versions.node}: bytes, ms to write, to read, to say the parts`);
for (const [name, made] of [
  ['dense', model],
  ['8 % kept', prune(model, { sparsity: 0.92 })],
])
  for (const coding of ['none', 'huffman', 'range']) {
    const network = toNetwork(made);
    const [file, write] = timed(() => encodeNetwork(network, { coding }));
    const [, read] = timed(() => decodeNetwork(file));
    const [, parts] = timed(() => fileParts(file));
    const cells = [file.length.toLocaleString('en'), write, read, parts].map((cell) => String(cell).padStart(9));
    console.log(`${name.padEnd(8)} ${coding.padEnd(8)}${cells.join('')}`);
  }
