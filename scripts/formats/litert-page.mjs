// Runs in a page that litert.mjs serves: LiteRT.js computes what the server has, and this library beside it for the clock.
import { loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';

const isCompat = location.search === '?compat';
await loadLiteRt(isCompat ? '/litert/litert_wasm_compat_internal.js' : '/litert/');

const bytesOf = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
const compile = (file) => loadAndCompile(file, { accelerator: 'wasm', cpuOptions: { numThreads: 1 } });

async function once(model, arraysIn, shapes) {
  const inputs = arraysIn.map((x, i) => new Tensor(x, shapes[i]));
  const outputs = await model.run(inputs);
  const arrays = outputs.map((output) => output.toTypedArray());
  for (const each of [...inputs, ...outputs]) each.delete();
  return arrays;
}

const sizeOf = (shape) => shape.reduce((product, n) => product * n, 1);

/** All outputs of all samples, sample by sample, and how many numbers the outputs of one are. */
globalThis.runAll = async (shapes, isWhole) => {
  const model = await compile(await bytesOf('/model'));
  const { buffer } = await bytesOf('/inputs');
  const x = isWhole ? new Int32Array(buffer) : new Float32Array(buffer);
  const parts = [];
  let sizes = [];
  for (let from = 0; from < x.length; ) {
    const given = shapes.map((shape) => {
      const begin = from;
      from += sizeOf(shape);
      return x.slice(begin, from);
    });
    const arrays = await once(model, given, shapes);
    sizes = arrays.map(({ length }) => length);
    for (const array of arrays) parts.push(new Float32Array(array));
  }
  const isFull = model.isFullyAccelerated;
  model.delete();
  await fetch('/outputs', { method: 'POST', body: new Blob(parts) });
  return { sizes, isFull };
};

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Medians of µs a run at one sample, of LiteRT.js and of this library in turns. */
globalThis.time = async (shape, samples, runs) => {
  const file = await bytesOf('/model');
  const [{ fromTflite }, { compileNetwork }, { wasm }] = await Promise.all([
    import('/dist/src/formats/index.js'),
    import('/dist/src/infer/index.js'),
    import('/dist/kernels/index.js'),
  ]);
  const model = await compile(file);
  const program = compileNetwork(fromTflite(file).network, 1, await wasm());
  const x = new Float32Array((await bytesOf('/inputs')).buffer).slice(0, sizeOf(shape));
  const theirs = [];
  const ours = [];
  for (let i = -5; i < samples; i++) {
    const a = performance.now();
    for (let j = 0; j < runs; j++) await once(model, [x], [shape]);
    const b = performance.now();
    for (let j = 0; j < runs; j++) program.run(x);
    const c = performance.now();
    if (i < 0) continue; // compiled as code runs
    theirs.push(((b - a) / runs) * 1000);
    ours.push(((c - b) / runs) * 1000);
  }
  model.delete();
  return { theirs: median(theirs), ours: median(ours) };
};
globalThis.isReady = true;
