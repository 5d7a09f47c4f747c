// How many bytes programs that use the library weigh in a page: bundled, minified and gzipped, beside what they weighed when
// the table of docs/sizes.md was last recorded; and what packages the entry points name. A program that has grown by more
// than a hundredth since then fails: a growth is to be seen and recorded. Usage: npm run size [-- --record]
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import {
  Activation,
  BatchNorm,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  encodeNetwork,
  Flatten,
  fromData,
  MaxPool2D,
  quantize,
  Random,
  Sequential,
  toNetwork,
} from 'whittle-ml';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const record = join(root, 'docs', 'sizes.md');
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** An optional peer, which `whittle-ml/gpu` loads when it is asked to. No other entry point may name it. */
const GPU_JS = 'gpu.js';
/** How much larger than recorded a program may be. */
const TOLERANCE = 1.01;
/**
 * What `whittle-ml/infer` may weigh at most: what a page carries that runs networks, beside the kernels. A fifth of it is
 * what low bits ask for: levels, fixed point and halves, dynamic products, sums in whole numbers, and int8 in every operation.
 * The rules that files of TensorFlow Lite bring, of XNNPACK and for means of codes, take 0.4 kB more.
 */
const INFER_LIMIT = 20_400;
/**
 * What the smallest program that runs an int8 CNN may weigh with everything. Reading the forms of noise in training takes
 * 0.2 kB of it, and XNNPACK's rule 0.1 kB.
 */
const CNN_LIMIT = 20_500;

/** The files of the entry points for pages, by name: all but `whittle-ml/node`. */
const entries = new Map(
  Object.entries(exports)
    .filter(([name, { default: file }]) => name !== './node' && file !== undefined)
    .map(([name, { default: file }]) => [`whittle-ml${name.slice(1)}`, join(root, file)]),
);

/** What `input` weighs with all that it imports, its code, and the names of packages in it or wanted by it. */
async function bundled(input) {
  const bundle = await rolldown({
    input: 'program',
    external: GPU_JS,
    plugins: [
      {
        name: 'library',
        resolveId: (id) => (id === 'program' ? id : (entries.get(id) ?? null)),
        load: (id) => (id === 'program' ? `export * from ${JSON.stringify(input)};` : null),
      },
    ],
    logLevel: 'warn',
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
  await bundle.close();
  const known = (id) => id === 'program' || id === input || id.includes('rolldown/runtime') || id.startsWith(dist);
  const foreign = output.flatMap(({ imports = [], dynamicImports = [], moduleIds = [] }) => [
    ...imports,
    ...dynamicImports,
    ...moduleIds.filter((id) => !known(id)),
  ]);
  const code = output.map(({ code: text = '' }) => text).join('\n');
  return { code, bytes: gzipSync(code, { level: 9 }).length, foreign };
}

// Programs -----------------------------------------------------------------------------------------------------------

const mlp = new Sequential(
  [
    new Dense(64, { activation: 'relu', inputShape: [64] }),
    new Dense(32, { activation: 'relu' }),
    new Dense(10, { activation: 'softmax' }),
  ],
  { seed: 1 },
);
const cnn = new Sequential(
  [
    new Conv2D(8, 3, { inputShape: [8, 8, 1], useBias: false }),
    new BatchNorm(),
    new Activation('relu6'),
    new DepthwiseConv2D(3, { padding: 'same', activation: 'relu6' }),
    new MaxPool2D(),
    new Flatten(),
    new Dense(10, { activation: 'softmax' }),
  ],
  { seed: 1 },
);
const samples = new Random(1, 'size').normal([100, 64]);
const sample = samples.data.slice(0, 64);
const float = encodeNetwork(toNetwork(mlp));
const int8 = (model, calibration) => encodeNetwork(quantize(model, { calibration }));
const int8MLP = int8(mlp, samples);
const int8CNN = int8(cnn, fromData(samples.data, [100, 8, 8, 1]));

/** Runs a network and compares with what the model predicts; an int8 one is as close as its codes allow. */
const predicts = (model, file, tolerance) => (run) => {
  const expected = model.predict(fromData(sample, [1, ...model.inputShape])).data;
  const got = run(file, sample);
  return got.every((value, i) => Math.abs(value - expected[i]) <= tolerance);
};
const trains = (run) => run(Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), Float32Array.of(0, 1, 1, 0)).length === 4;

/** Programs, the network that each loads, and whether it does what it should. */
const PROGRAMS = [
  { name: 'an MLP trained', file: 'train.mjs', network: null, works: trains },
  { name: 'a float MLP run on `cpu`', file: 'run-cpu.mjs', network: float, works: predicts(mlp, float, 0) },
  { name: 'a float MLP run on `wasm`', file: 'run-wasm.mjs', network: float, works: predicts(mlp, float, 0) },
  { name: 'an int8 MLP run on `cpu`', file: 'run-cpu.mjs', network: int8MLP, works: predicts(mlp, int8MLP, 0.05) },
  { name: 'an int8 MLP run on `wasm`', file: 'run-wasm.mjs', network: int8MLP, works: predicts(mlp, int8MLP, 0.05) },
  {
    name: 'an int8 CNN run on `cpu`',
    file: 'run-quantized.mjs',
    network: int8CNN,
    works: predicts(cnn, int8CNN, 0.05),
  },
  { name: 'an int8 CNN run on `wasm`', file: 'run-wasm.mjs', network: int8CNN, works: predicts(cnn, int8CNN, 0.05) },
  { name: 'an MLP trained on a device', file: 'train-gpu.mjs', network: null, works: null },
  { name: 'all of it in a script', file: null, network: null, works: null },
];

/** A program, bundled, or the script that the build has made of all for pages without a bundler. */
async function weigh(file) {
  if (file !== null) return await bundled(join(root, 'scripts', 'programs', file));
  const code = readFileSync(join(dist, 'whittle.min.js'), 'utf8');
  return { code, bytes: gzipSync(code, { level: 9 }).length, foreign: [] };
}

/** Whether a bundle works; null where this machine may lack what it needs. */
async function isWorking(code, works) {
  if (works === null) return true;
  const folder = mkdtempSync(join(tmpdir(), 'whittle-size-'));
  try {
    const path = join(folder, 'program.mjs');
    writeFileSync(path, code);
    return works((await import(pathToFileURL(path).href)).run);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Bytes by program, as recorded. */
function recorded() {
  const rows = readFileSync(record, 'utf8').matchAll(/^\| ([^|]+) \| ([\d,]+) \|/gm);
  return new Map([...rows].map(([, name, bytes]) => [name, Number(bytes.replaceAll(',', ''))]));
}

const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
const before = recorded();
const table = [];
const problems = [];
const growths = [];
for (const { name, file, network, works } of PROGRAMS) {
  const { code, bytes, foreign } = await weigh(file);
  if (!(await isWorking(code, works))) problems.push(`${name}: its bundle does not do what it should`);
  problems.push(
    ...foreign.filter((id) => file !== 'train-gpu.mjs' || id !== GPU_JS).map((id) => `${name} pulls in ${id}`),
  );
  if (file === 'run-quantized.mjs' && bytes > CNN_LIMIT)
    problems.push(`${name}: ${bytes} bytes are more than ${CNN_LIMIT}`);
  const old = before.get(name);
  if (old === undefined || bytes > TOLERANCE * old)
    growths.push(`${name}: ${bytes} bytes, recorded are ${old ?? 'none'}`);
  const change = old === undefined ? 'new' : `${bytes < old ? '-' : '+'}${Math.abs(bytes - old)}`;
  console.log(`${name.padEnd(28)}${grouped(bytes).padStart(8)} bytes  ${change.padStart(7)}`);
  table.push(`| ${name} | ${grouped(bytes)} | ${network === null ? '' : grouped(network.length)} |`);
}
for (const [name, file] of entries) {
  const { bytes, foreign } = await bundled(file);
  if (name === 'whittle-ml/infer') {
    console.log(`${name.padEnd(28)}${grouped(bytes).padStart(8)} bytes of ${grouped(INFER_LIMIT)}`);
    if (bytes > INFER_LIMIT) problems.push(`${name}: ${bytes} bytes are more than ${INFER_LIMIT}`);
  }
  problems.push(
    ...foreign.filter((id) => name !== 'whittle-ml/gpu' || id !== GPU_JS).map((id) => `${name} pulls in ${id}`),
  );
}

if (process.argv.includes('--record')) {
  const text = readFileSync(record, 'utf8');
  const head = text.slice(0, text.indexOf('|---'));
  writeFileSync(record, `${head}|---|---|---|\n${table.join('\n')}\n`);
  console.log('recorded in docs/sizes.md');
} else if (growths.length > 0) {
  problems.push(...growths, 'a growth that is worth it is recorded by: npm run size -- --record');
}
const good = `size: as recorded; no package in any, and ${GPU_JS} wanted by whittle-ml/gpu alone`;
console.log(problems.length === 0 ? good : problems.join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
