// Networks out of and into .tflite files beside LiteRT.js, which runs them in a page of Chromium: integers, figures, and the time of a
// sample. Exit code 1 when something that must hold does not.
//
// LiteRT.js runs XNNPACK, whose rule is `float` here: whole networks are held to 1 LSB by it. The rule `multiplier` is that of TensorFlow
// Lite's own kernels. Each operator by itself is within 1 LSB by both; of whole networks by `multiplier` the distance is only told.
//
// Usage: node scripts/formats/tflite.mjs [folder of .tflite files] [--samples n] [--record]
// LiteRT.js is that of bench/peers, or of the folder in WHITTLE_PEERS.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { wasm } from '../../dist/kernels/index.js';
import { fromTflite, toTflite } from '../../dist/src/formats/index.js';
import { compileNetwork } from '../../dist/src/infer/index.js';
import { missing, openLiteRt, versionOfLiteRt } from './litert.mjs';
import { INPUT, OUTPUT, ownKernel } from './tflite-kernels.mjs';
import { madeNetworks } from './tflite-networks.mjs';
import { operatorNetworks, random } from './tflite-operators.mjs';
import { cut, fileOf, nameOf, tablesOf, valuesIn, withRealEnds } from './tflite-tables.mjs';

const { values: told, positionals } = parseArgs({
  options: { samples: { type: 'string', default: '1000' }, record: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const SAMPLES = Number(told.samples);
const [folder] = positionals;
const table = await wasm();
let isWrong = false;

function must(holds, what) {
  if (holds) return;
  isWrong = true;
  console.log(`DOES NOT HOLD: ${what}`);
}

const sizeOf = (shape) => shape.reduce((product, n) => product * (n ?? 1), 1);

/** Samples of a port, from noise of little breadth to all of the range: integers of its format, or real numbers, as such. */
function samplesOf({ shape, format }, samples, seed) {
  const next = random(seed);
  const n = sizeOf(shape);
  const x = new Float32Array(samples * n);
  for (let k = 0; k < samples; k++) {
    const breadth = 256 * (((k % 10) + 1) / 10);
    const centre = next() * (256 - breadth) - 128 + breadth / 2;
    for (let i = 0; i < n; i++) {
      const q = Math.floor(centre + (next() - 0.5) * breadth);
      const whole = Math.min(Math.max(q, -128), 127);
      x[k * n + i] = format === null ? whole / 64 : (whole - format.zeroPoint) * Math.fround(format.scale);
    }
  }
  return x;
}

/** What a network gives for each sample, in the order of its outputs. */
function ours(network, x) {
  const program = compileNetwork(network, 1, table);
  const n = sizeOf(network.inputs[0].shape);
  return Array.from({ length: x.length / n }, (_, k) => {
    const y = program.run(x.slice(k * n, (k + 1) * n));
    return (y instanceof Float32Array ? [y] : y).map((each) => each.slice());
  });
}

/** How far two lists of samples are apart: in units, and the share of numbers that differ at all. */
function apart(a, b, unit) {
  let most = 0;
  let unequal = 0;
  let all = 0;
  for (const [k, arrays] of a.entries())
    for (const [j, array] of arrays.entries())
      for (let i = 0; i < array.length; i++, all++) {
        const distance = Math.abs(array[i] - b[k][j][i]) / unit;
        if (distance > 1e-9) unequal++;
        most = Math.max(most, distance);
      }
  return { most, share: unequal / all };
}

const percent = (share) => `${(100 * share).toFixed(share > 0 && share < 0.001 ? 4 : 2)} %`;
const lsb = ({ most, share }) => `${Math.round(most)} LSB at most, ${percent(share)} unequal`;

/** An int8 file against LiteRT.js, as a whole. */
async function wholeInt8(name, model, pages) {
  const file = fileOf(model);
  const { network, inputs, outputs } = fromTflite(file);
  const x = samplesOf(inputs[0], SAMPLES, 1);
  const unit = outputs[0].format.scale;
  const floats = ours(fromTflite(file, { rule: 'float' }).network, x);
  const exact = ours(network, x);
  for (const [build, page] of pages) {
    const { samples, isFull } = await page.run(
      fileOf(withRealEnds(model)),
      x,
      inputs[0].shape.map((n) => n ?? 1),
    );
    const by = apart(floats, samples, unit);
    console.log(
      `  whole, ${build}: float ${lsb(by)}; multiplier ${lsb(apart(exact, samples, unit))}${isFull ? '' : ' (not all by XNNPACK)'}`,
    );
    must(Math.round(by.most) <= 1, `${name}, ${build}: within 1 LSB as a whole by the rule float`);
    if (apart(exact, samples, unit).most > 1.5)
      console.log(
        '    more than 1 LSB by multiplier: it rounds twice, as XNNPACK does not, and what is 1 off grows from layer to layer',
      );
  }
}

/** Each operator by itself, from what LiteRT.js itself has computed in front of it. */
async function operators(name, model, page, build, samples = 20) {
  const [graph] = model.subgraphs;
  const values = valuesIn(model);
  const made = graph.operators.flatMap(({ outputs }) => outputs);
  const { inputs } = fromTflite(fileOf(model));
  const x = samplesOf(inputs[0], samples, 2);
  const all = withRealEnds(model, { outputs: made });
  const { samples: theirs } = await page.run(
    fileOf(all),
    x,
    inputs[0].shape.map((n) => n ?? 1),
  );
  const n = x.length / samples;
  const given = (k, tensor) =>
    tensor === graph.inputs[0] ? x.subarray(k * n, (k + 1) * n) : theirs[k][made.indexOf(tensor)];
  const sums = new Map();
  for (const operator of graph.operators) {
    const reads = operator.inputs.filter((i) => values.has(i));
    const alone = fileOf(cut(model, [operator], reads, operator.outputs));
    const kind = nameOf(model, operator);
    const { quantization } = graph.tensors[operator.outputs[0]];
    for (const rule of ['multiplier', 'float']) {
      const { network } = fromTflite(alone, { rule });
      const program = compileNetwork(network, 1, table);
      const sum = sums.get(`${kind} ${rule}`) ?? { most: 0, unequal: 0, all: 0 };
      for (let k = 0; k < samples; k++) {
        const parts = reads.map((tensor) => given(k, tensor).slice());
        const y = parts.length === 1 ? program.run(parts[0]) : program.run(parts)[0];
        const z = given(k, operator.outputs[0]);
        for (let i = 0; i < y.length; i++) {
          const distance = Math.round(Math.abs(y[i] - z[i]) / quantization.scale[0]);
          sum.all++;
          sum.unequal += distance > 0 ? 1 : 0;
          sum.most = Math.max(sum.most, distance);
        }
      }
      sums.set(`${kind} ${rule}`, sum);
    }
  }
  console.log(`  operators of ${name}, each from the integers of LiteRT.js (${build}), ${samples} samples:`);
  for (const kind of new Set([...sums.keys()].map((key) => key.split(' ')[0]))) {
    const text = (rule) => {
      const { most, unequal, all: count } = sums.get(`${kind} ${rule}`);
      must(most <= 1, `${name}, ${kind}, ${rule}: within 1 LSB by itself`);
      return `${rule} ${percent(unequal / count)} unequal, ${most} LSB at most`;
    };
    console.log(`    ${kind.padEnd(18)} ${text('float')}; ${text('multiplier')}`);
  }
}

/** A kernel of TensorFlow Lite's own: integers by the rule `multiplier`, none unequal. */
async function ownKernels(page, samples = 200) {
  const next = random(11);
  const { network, file, kernel, biases, shape } = ownKernel(next);
  const n = sizeOf(shape);
  const q = Int8Array.from({ length: samples * n }, () => Math.floor(next() * 256) - 128);
  const x = Float32Array.from(q, (each) => (each - INPUT.zeroPoint) * Math.fround(INPUT.scale));
  const { samples: theirs, isFull } = await page.run(file, x, shape);
  const own = apart(ours(network, x), theirs, OUTPUT.scale);
  const plain = {
    ...network,
    nodes: network.nodes.map((node) => ({ ...node, attrs: { ...node.attrs, rule: undefined } })),
  };
  for (const { attrs } of plain.nodes) delete attrs.rule;
  const float = apart(ours(plain, x), theirs, OUTPUT.scale);
  console.log(`a depthwise kernel of TensorFlow Lite's own: multiplier ${lsb(own)}; float ${lsb(float)}`);
  must(!isFull && own.share === 0, 'the rule multiplier equals the kernel of TensorFlow Lite');
  if (!told.record) return;
  const y = Array.from(theirs[0][0], (real) => Math.round(real / OUTPUT.scale) + OUTPUT.zeroPoint);
  const golden = { kernel: [...kernel], biases: [...biases], x: [...q.subarray(0, n)], y };
  writeFileSync(new URL('../../tests/golden/tflite-depthwise.json', import.meta.url), `${JSON.stringify(golden)}\n`);
}

/** A real file against LiteRT.js. */
async function wholeReal(name, file, pages, limit) {
  const { network, inputs, notes } = fromTflite(file);
  const x = samplesOf(inputs[0], SAMPLES, 1);
  const exact = ours(network, x);
  for (const [build, page] of pages) {
    const { samples, isFull } = await page.run(
      file,
      x,
      inputs[0].shape.map((n) => n ?? 1),
    );
    const { most } = apart(exact, samples, 1);
    console.log(
      `  ${build}: ${most.toExponential(2)} apart at most${isFull ? '' : ' (not all by XNNPACK)'} ${notes.join(' ')}`,
    );
    if (limit !== null) must(most <= limit, `${name}, ${build}: within ${limit}`);
  }
}

/** What is written of a network: what it gives in LiteRT.js, and the bits when it is read again. */
async function written(name, network, pages, options, limit) {
  const file = toTflite(network, { ...options, io: 'float32' });
  const back = fromTflite(file);
  const { format } = back.outputs[0];
  const x = samplesOf({ shape: network.inputs[0].shape, format: null }, 100, 3);
  const own = ours(network, x);
  const again = ours(back.network, x);
  must(apart(own, again, 1).share === 0, `${name}: the same bits when read again`);
  if (options.io === 'int8') {
    const ends = fromTflite(toTflite(network, options)).network;
    must(apart(own, ours(ends, x), 1).share === 0, `${name}: the same bits when read again with int8 ends`);
  }
  const found = [];
  const all = own.flatMap(([y]) => [...y]);
  const unit = limit.unit ?? (Math.max(...all) - Math.min(...all)) / 255;
  for (const [build, page] of pages) {
    const { samples } = await page.run(file, x, [1, ...network.inputs[0].shape]);
    const { most } = apart(own, samples, unit);
    found.push(`${build} ${unit === 1 ? most.toExponential(2) : `${most.toFixed(2)} LSB`}`);
    must(most <= limit.most + (unit === 1 ? 0 : 1e-3), `${name}, ${build}: within ${limit.most} of ${unit}`);
  }
  console.log(
    `  ${name.padEnd(40)} ${String(file.length).padStart(7)} bytes${format === null ? '' : ' int8'}; apart from LiteRT.js: ${found.join(', ')}`,
  );
}

/** Networks of one operator each: in real numbers to 1e-5 of the largest, in int8 to 1 LSB. */
async function eachOperator(pages, samples = 50) {
  for (const [name, network] of Object.entries(operatorNetworks)) {
    const file = toTflite(network, { io: 'float32' });
    const sizes = network.inputs.map(({ shape }) => sizeOf(shape));
    const isWhole = network.inputs[0].dtype === 'int32';
    const next = random(5);
    const n = sizes.reduce((sum, size) => sum + size, 0) * samples;
    const x = isWhole
      ? Int32Array.from({ length: n }, () => Math.floor(next() * 5))
      : Float32Array.from({ length: n }, () => (next() - 0.5) * 8);
    const program = compileNetwork(network, 1, table);
    let from = 0;
    const own = Array.from({ length: samples }, () => {
      const parts = sizes.map((size) => {
        from += size;
        return x.slice(from - size, from);
      });
      return [(parts.length === 1 ? program.run(parts[0]) : program.run(parts)[0]).slice()];
    });
    const { format } = network.nodes.at(-2) ?? { format: null };
    const isInteger = network.nodes.at(-1).op === 'dequantize';
    const most = Math.max(...own.flatMap(([y]) => [...y].map(Math.abs)));
    for (const [build, page] of pages) {
      const shapes = network.inputs.map(({ shape }) => [1, ...shape]);
      const { samples: theirs, isFull } = await page.run(file, x, ...shapes);
      const by = apart(own, theirs, isInteger ? format.scale : most);
      // By these rules all integers are those of LiteRT.js
      const limit = !isInteger ? 1e-5 : /XNNPACK|codes/.test(name) ? 0 : 1.001;
      const text = isInteger ? lsb(by) : by.most.toExponential(1);
      if (build === 'SIMD') console.log(`  ${name.padEnd(42)} ${text}${isFull ? '' : ' (not all by XNNPACK)'}`);
      must(by.most <= limit, `${name}, ${build}: ${text}`);
    }
  }
}

function timeHere(network, x) {
  const program = compileNetwork(network, 1, table);
  for (let i = 0; i < 200; i++) program.run(x);
  const times = Array.from({ length: 1001 }, () => {
    const from = performance.now();
    program.run(x);
    return (performance.now() - from) * 1000;
  });
  return times.sort((a, b) => a - b)[500];
}

const reason = missing();
if (reason !== null) {
  console.error(reason);
  process.exit(1);
}
const litert = await openLiteRt();
try {
  console.log(
    `LiteRT.js ${versionOfLiteRt()} in Chromium ${litert.version}, Node ${process.version}, ${SAMPLES} samples`,
  );
  const pages = [
    ['relaxed SIMD', await litert.open(true)],
    ['SIMD', await litert.open(false)],
  ];
  for (const entry of folder === undefined ? [] : readdirSync(folder).filter((each) => each.endsWith('.tflite'))) {
    console.log(entry);
    const file = readFileSync(join(folder, entry));
    const model = tablesOf(file);
    const { inputs, outputs, network, notes } = fromTflite(file);
    if (outputs[0].format === null) await wholeReal(entry, file, pages, notes.length > 0 ? null : 1e-5);
    else {
      for (const [build, page] of pages) await operators(entry, model, page, build);
      await wholeInt8(entry, model, pages);
    }
    if (!entry.startsWith('kws')) continue;
    const x = samplesOf(inputs[0], 1, 4);
    const here = timeHere(network, x);
    console.log(`  one sample in Node: ${here.toFixed(0)} µs`);
    if (outputs[0].format !== null) must(here < 1000, `${entry}: a sample in less than 1 ms in Node`);
    const ends = fileOf(withRealEnds(model));
    for (const [build, page] of pages) {
      const shape = inputs[0].shape.map((n) => n ?? 1);
      const { ours: own, theirs } = await page.time(ends, x, shape, 201, 10);
      console.log(
        `  one sample in the page: ${own.toFixed(0)} µs, LiteRT.js (${build}) ${theirs.toFixed(0)} µs, in turns`,
      );
      if (outputs[0].format !== null) must(own < 1000, `${entry}: a sample in less than 1 ms in the page`);
    }
  }
  await ownKernels(pages[0][1]);
  console.log('operators');
  await eachOperator(pages);
  console.log('files that are written here');
  if (folder !== undefined)
    for (const entry of readdirSync(folder).filter((each) => each.endsWith('.tflite'))) {
      const { network, outputs } = fromTflite(readFileSync(join(folder, entry)), { rule: 'float' });
      const { format } = outputs[0];
      const limit = format === null ? { unit: 1, most: 1e-5 } : { unit: format.scale, most: 1 };
      await written(entry, network, pages, { io: format === null ? 'float32' : 'int8' }, limit);
    }
  for (const { name, network, options, limit } of await madeNetworks())
    await written(name, network, pages, options, limit);
} finally {
  await litert.close();
}
if (isWrong) process.exitCode = 1;
else console.log('all of it holds');
