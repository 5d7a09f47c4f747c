// Times this build beside another one, such as that of the last release, in one process and in turns: training steps,
// inference, products, and the start of a program. The other build takes part twice, as two copies: how far those are apart
// is what the machine does by itself. Prints medians of rounds and the ratio other/this, above 1 where this one is faster.
// Usage: npm run bench:against -- <folder with the other build's dist> [part of a row's name]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROUNDS = 25;
/** Milliseconds that a sample takes at least, and that a variant warms up. */
const SAMPLE = 15;
const WARM_UP = 400;
const PROCESSES = 25;

const root = fileURLToPath(new URL('..', import.meta.url));
const [folder, wanted = ''] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: npm run bench:against -- <folder with the other build> [part of a row]');
  process.exit(2);
}

/** Copies, so that the other build can be loaded twice. */
const copies = mkdtempSync(join(tmpdir(), 'whittle-against-'));
process.on('exit', () => rmSync(copies, { recursive: true, force: true }));
function copyOf(from, name) {
  const to = join(copies, name);
  cpSync(join(from, 'dist', 'bundle'), to, { recursive: true });
  cpSync(join(from, 'package.json'), join(to, 'package.json')); // says that they are modules
  return to;
}

const builds = [];
for (const [name, from] of [
  ['this', root],
  ['other', folder],
  ['other again', folder],
]) {
  const at = copyOf(from, name.replace(' ', '-'));
  const load = (file) => import(pathToFileURL(join(at, file)).href);
  builds.push({ name, at, lib: await load('index.js'), kernels: await load('kernels.js') });
}

// Rows ---------------------------------------------------------------------------------------------------------------

const layersOf = ({ Dense, Dropout }, sizes, dropout) =>
  sizes.slice(1).flatMap((units, i) => {
    const isLast = i === sizes.length - 2;
    const activation = isLast ? (units > 1 ? 'softmax' : 'linear') : 'relu';
    const dense = new Dense(units, { activation, ...(i === 0 ? { inputShape: [sizes[0]] } : {}) });
    return isLast || dropout === 0 ? [dense] : [dense, new Dropout(dropout)];
  });

function step(sizes, dropout = 0) {
  return ({ lib }) => {
    const model = new lib.Sequential(layersOf(lib, sizes, dropout), { seed: 1 });
    const outputs = sizes.at(-1);
    const loss = outputs > 1 ? 'sparseCategoricalCrossentropy' : 'mse';
    model.compile({ optimizer: new lib.Adam({ learningRate: 1e-4 }), loss });
    const x = new lib.Random(1, 'x').normal([32, sizes[0]]);
    const y =
      outputs > 1
        ? lib.tensor(Int32Array.from({ length: 32 }, (_, i) => i % outputs))
        : new lib.Random(1, 'y').normal([32, 1]);
    return () => void model.trainOnBatch(x, y);
  };
}

function infer(sizes, batch, isInt8) {
  return ({ lib }) => {
    const model = new lib.Sequential(layersOf(lib, sizes, 0), { seed: 1 });
    const calibration = new lib.Random(1, 'x').normal([256, sizes[0]]);
    const quantized = isInt8 ? lib.quantize(model, { calibration }) : model;
    const network = quantized.network ?? quantized; // of builds in which passes reported
    const program = lib.compileInference(network, batch);
    const input = Float32Array.from(new lib.Random(2, 'x').normal([batch, sizes[0]]).data);
    return () => void program.run(input);
  };
}

function gemm(m, k, n, table) {
  return ({ lib, kernels }) => {
    const chosen = table === 'wasm' ? kernels.wasm() : kernels.cpu;
    const hold = (values) => {
      if (table !== 'wasm') return Float32Array.from(values);
      const array = chosen.heap.allocate('float32', values.length);
      array.set(values);
      return array;
    };
    const a = hold(new lib.Random(1, 'a').normal([m, k]).data);
    const b = hold(new lib.Random(1, 'b').normal([k, n]).data);
    const c = hold(new Float32Array(m * n));
    return () => chosen.gemm(m, n, k, a, false, b, false, null, 'linear', c);
  };
}

const rows = [
  ['step 1-10-1', step([1, 10, 1])],
  ['step 100-64-64-10', step([100, 64, 64, 10])],
  ['step 100-64-64-10 dropout', step([100, 64, 64, 10], 0.2)],
  ['step 16-64-128-256-1', step([16, 64, 128, 256, 1])],
  ['step 784-512-512-10', step([784, 512, 512, 10])],
  ...[1, 64].flatMap((batch) => [
    [`infer 100-64-64-10 batch ${batch}`, infer([100, 64, 64, 10], batch, false)],
    [`infer 100-64-64-10 batch ${batch} int8`, infer([100, 64, 64, 10], batch, true)],
  ]),
  ['infer 784-512-512-10 batch 1', infer([784, 512, 512, 10], 1, false)],
  ['infer 784-512-512-10 batch 1 int8', infer([784, 512, 512, 10], 1, true)],
  ...[
    [64, 64, 64],
    [128, 128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [32, 784, 128],
  ].map((shape) => [`gemm wasm ${shape.join('x')}`, gemm(...shape, 'wasm')]),
  ['gemm cpu 64x64x64', gemm(64, 64, 64, 'cpu')],
  ['gemm cpu 256x256x256', gemm(256, 256, 256, 'cpu')],
];

// Timing -------------------------------------------------------------------------------------------------------------

const median = (values) => [...values].sort((p, q) => p - q)[Math.floor(values.length / 2)];

/** Microseconds of a call. */
function sample(run, calls) {
  const start = performance.now();
  for (let i = 0; i < calls; i++) run();
  return ((performance.now() - start) * 1000) / calls;
}

/** How many calls make a sample, after a warm-up. */
function callsOf(run) {
  const end = performance.now() + WARM_UP;
  let calls = 1;
  while (performance.now() < end) if (sample(run, calls) * calls < 1000 * SAMPLE) calls *= 2;
  return calls;
}

/** Prints medians, and ratios taken round by round. */
function report(name, samples) {
  const [own, other, again] = builds.map((build) => samples.get(build));
  const ratio = (p, q) => median(p.map((value, i) => value / q[i])).toFixed(3);
  const figures = [own, other, again].map((values) => Number(median(values).toPrecision(4)));
  console.log(
    `${name.padEnd(38)}${figures.join(' / ').padEnd(30)} other/this ${ratio(other, own)}, ${ratio(again, own)}; other/other again ${ratio(other, again)}`,
  );
}

console.log(
  `Node ${process.versions.node}, ${cpus()[0]?.model}; microseconds this / other / other again, ${ROUNDS} rounds`,
);
for (const [name, make] of rows) {
  if (!name.includes(wanted)) continue;
  const runs = builds.map((build) => ({ build, run: make(build), samples: [] }));
  const calls = Math.max(...runs.map(({ run }) => callsOf(run)));
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < runs.length; turn++) {
      const { run, samples } = runs[(round + turn) % runs.length];
      samples.push(sample(run, calls));
    }
  }
  report(name, new Map(runs.map(({ build, samples }) => [build, samples])));
}

if ('startup'.includes(wanted)) {
  const samples = new Map(builds.map((build) => [build, []]));
  for (let round = 0; round < PROCESSES; round++) {
    for (let turn = 0; turn < builds.length; turn++) {
      const build = builds[(round + turn) % builds.length];
      const url = JSON.stringify(pathToFileURL(join(build.at, 'index.js')).href);
      const script = `const begin = performance.now(); const { matmul, ones } = await import(${url}); const x = ones([128, 128]); matmul(x, x); console.log(performance.now() - begin);`;
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
      samples.get(build).push(1000 * Number(stdout));
    }
  }
  report('startup, import to first product', samples);
}
