// npm run test:formats: what toOnnx writes is run by ONNX Runtime and held to the engine. Needs bench/peers (npm run
// bench:peers), or a folder with onnxruntime-node in WHITTLE_PEERS. --record writes tests/golden/onnx.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { toOnnx } from '../../dist/src/formats/index.js';
import { valuesOf } from '../../dist/src/graph/check.js';
import * as library from '../../dist/src/index.js';
import { compileNetwork } from '../../dist/src/infer/index.js';
import { formatNetworksBy } from './networks.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const peers = process.env.WHITTLE_PEERS ?? `${root}bench/peers`;
const peer = createRequire(`${peers}/package.json`);
const ort = peer('onnxruntime-node');

const SAMPLES = 5;
/** Of a network that is recorded, and the most bytes of its file. */
const RECORDED = 2;
const MOST_RECORDED = 8000;
/** Of the largest output, in real numbers. */
const FLOAT_LIMIT = 1e-5;
/** Of the outputs of int8 networks within 1 step of their format, and how many steps the others may be off. */
const SHARE_LIMIT = 0.999;
const STEP_LIMIT = 2;

const networks = formatNetworksBy({ ...library, valuesOf: (network) => [...valuesOf(network).values()] });

function samplesFor({ inputs }, count = SAMPLES) {
  return inputs.map(({ name, shape, dtype }) => {
    const numbers = new library.Random(SAMPLES, name).normal([count, ...shape]).data;
    if (dtype === 'int32') return Int32Array.from(numbers, (x) => Math.floor(Math.abs(x) * 7) % 6);
    return Float32Array.from(numbers, (x) => 2 * x);
  });
}

function ours(network, samples) {
  const program = compileNetwork(network, SAMPLES, library.cpu);
  const results = program.run(samples, SAMPLES).map((y) => y.slice());
  program.dispose();
  return results;
}

/** What ONNX Runtime gives. Images that the file has with their channels first are moved there. */
async function theirs(file, network, samples, graphOptimizationLevel, { layout = 'last', extra = {} } = {}) {
  const session = await ort.InferenceSession.create(file, { graphOptimizationLevel, logSeverityLevel: 3, extra });
  const feeds = Object.fromEntries(
    network.inputs.map(({ name, shape, dtype }, i) => {
      if (layout === 'last' || shape.length !== 3 || dtype === 'int32')
        return [name, new ort.Tensor(dtype, samples[i], [samples[i].length / sizeOf(shape), ...shape])];
      const [height, width, channels] = shape;
      const places = height * width;
      const moved = Float32Array.from({ length: samples[i].length }, (_, at) => {
        const sample = Math.floor(at / (channels * places));
        const channel = Math.floor(at / places) % channels;
        return samples[i][(sample * places + (at % places)) * channels + channel];
      });
      return [name, new ort.Tensor(dtype, moved, [SAMPLES, channels, height, width])];
    }),
  );
  const results = await session.run(feeds);
  const outputs = session.outputNames.map((name) => results[name]);
  await session.release();
  return outputs;
}

const sizeOf = (shape) => shape.reduce((product, n) => product * n, 1);
const largest = (numbers) => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/** What 1 is in an output: its scale where it comes from integers, else that of int8 between its least and its greatest number. */
function stepOf(network, i, y) {
  const node = network.nodes.find(({ name }) => name === network.outputs[i]);
  const from = node?.op === 'dequantize' ? network.nodes.find(({ name }) => name === node.inputs[0]) : undefined;
  if (from?.format) return from.format.scale;
  return (y.reduce((a, b) => Math.max(a, b)) - y.reduce((a, b) => Math.min(a, b))) / 255;
}

const failures = [];
const totals = {
  float: { networks: 0, worst: 0, at: '' },
  optimized: { networks: 0, outputs: 0, within: 0, most: 0, at: '' },
  int8: { networks: 0, outputs: 0, within: 0, most: 0, at: '' },
};

/** Runs a network and says how far apart the answers are. `wanted` is what it stands for in real numbers. */
async function compare(kind, name, network, level, { wanted = network, layout, extra } = {}) {
  const samples = samplesFor(network);
  const expected = ours(wanted, samples);
  let got;
  try {
    got = await theirs(toOnnx(network, layout && { layout }), network, samples, level, { layout, extra });
  } catch (error) {
    failures.push(`${name} (${level}): ${error.message}`);
    return;
  }
  const total = totals[kind];
  total.networks++;
  const values = valuesOf(network);
  for (const [i, y] of expected.entries()) {
    const { data, dims } = got[i];
    const shape = [SAMPLES, ...values.get(network.outputs[i]).shape];
    if (dims.join() !== shape.join()) {
      failures.push(`${name} (${level}): an output [${dims}] for [${shape}]`);
      continue;
    }
    const apart = Float64Array.from(y, (x, j) => Math.abs(x - data[j]));
    if (kind === 'float') {
      const error = largest(apart) / Math.max(largest(y), 1e-30);
      if (!(error <= FLOAT_LIMIT)) failures.push(`${name} (${level}): ${error.toExponential(2)} of the largest output`);
      if (!(error <= total.worst)) Object.assign(total, { worst: error, at: name });
      continue;
    }
    const step = stepOf(wanted, i, y);
    const steps = Float64Array.from(y, (x, j) => Math.abs(Math.round(x / step) - Math.round(data[j] / step)) || 0);
    const within = steps.filter((n) => n <= 1).length;
    total.outputs += steps.length;
    total.within += within;
    const most = largest(steps);
    if (!(most <= STEP_LIMIT) && kind !== 'optimized') failures.push(`${name} (${level}): ${most} steps apart`);
    if (!(most <= total.most)) Object.assign(total, { most, at: name });
  }
}

if (process.argv.includes('--record')) {
  await record();
  process.exit(0);
}

const all = [...networks.operations(), ...networks.odd(), ...networks.models()];
for (const [name, network] of all) await compare('float', name, network, 'disabled');
for (const [name, network, reals] of networks.dynamicModels())
  await compare('float', name, network, 'disabled', { wanted: reals });
for (const [name, network] of all.filter((_, i) => i % 7 === 0)) await compare('float', name, network, 'basic');
for (const [name, network] of all.filter((_, i) => i % 3 === 0))
  await compare('float', name, network, 'disabled', { layout: 'first' });
const integers = [...networks.integers(), ...networks.integerModels()];
for (const [name, network] of integers) await compare('int8', name, network, 'disabled');
for (const [name, network] of integers.filter((_, i) => i % 3 === 0)) await compare('int8', name, network, 'basic');

// Without AVX-VNNI or AVX-512 the kernels that its optimizer takes for unsigned integers add pairs of products in 16 bits, which
// hold them to 32,767. With this option integers stay signed; without it, what comes out is told and bound to nothing.
const signed = { session: { qdqisint8allowed: '1' } };
for (const [name, network] of networks.integerModels()) {
  await compare('int8', name, network, 'all', { extra: signed });
  await compare('optimized', name, network, 'all');
}
const { float, int8, optimized } = totals;
const share = int8.within / int8.outputs;
if (!(share >= SHARE_LIMIT)) failures.push(`int8: ${(100 * share).toFixed(3)} % within 1 step`);
console.log(`${all.length + integers.length} networks`);
console.log(
  `real numbers: ${float.networks} runs, at most ${float.worst.toExponential(2)} of the largest output (${float.at})`,
);
for (const [title, { networks, outputs, within, most, at }] of [
  ['int8', int8],
  ['int8 models as unsigned integers', optimized],
])
  console.log(
    `${title}: ${networks} runs, ${outputs} outputs, ${((100 * within) / outputs).toFixed(3)} % within 1 step, at most ${most} (${at})`,
  );
for (const failure of failures) console.log(`WRONG: ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);

/** Small networks with the digests of their files, and what ONNX Runtime makes of these, for npm test. */
async function record() {
  const folder = `${root}tests/golden/onnx`;
  mkdirSync(folder, { recursive: true });
  const base64 = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
  const small = /^(sequence|groups|transposed|branches|twoInputs|table)( int8| weights int8)?$/;
  const chosen = [
    ...networks.operations(1, 8),
    ...[...networks.models()].filter(([name]) => small.test(name)),
    ...networks.integers(),
    ...[...networks.integerModels()].filter(([name]) => small.test(name)),
  ];
  const cases = [];
  for (const [name, network] of chosen) {
    const stored = library.encodeNetwork(network);
    if (stored.length > MOST_RECORDED) continue;
    const samples = samplesFor(network, RECORDED);
    const file = toOnnx(network);
    const outputs = await theirs(file, network, samples, 'disabled');
    cases.push({
      name,
      network: base64(stored),
      file: createHash('sha256').update(file).digest('hex'),
      inputs: samples.map(base64),
      outputs: outputs.map(({ data }) => base64(data)),
    });
  }
  const { version } = peer('onnxruntime-node/package.json');
  const text = JSON.stringify({ runtime: `onnxruntime-node ${version}`, samples: RECORDED, cases }, null, 1);
  writeFileSync(`${folder}/written.json`, `${text}\n`);
  console.log(`${cases.length} networks, ${text.length} bytes`);
}
