import { clocked } from './clock.mjs';
import { constant, model, node } from './onnx.mjs';
import { inferImages } from './ort-images.mjs';
import { denseModel, quantizedModel } from './ort-models.mjs';
import { operation } from './ort-operations.mjs';

/**
 * Both have one interface: the WebAssembly of the web package runs in Node as well.
 *
 * @param {string} name `ONNX Runtime web` or `ONNX Runtime node`
 * @returns {Promise<import('../peer.ts').Peer>}
 */
export async function open(name) {
  const web = name.endsWith('web');
  const { default: ort } = await import(web ? 'onnxruntime-web' : 'onnxruntime-node');
  if (web) ort.env.wasm.numThreads = 1;
  const options = {
    executionProviders: [web ? 'wasm' : 'cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  };
  /** The web package defines `Worker` for all, though it needs none here; jax-js would then look for threads. */
  const start = async (bytes) => {
    const before = globalThis.Worker;
    const session = await ort.InferenceSession.create(bytes, options);
    if (before === undefined) delete globalThis.Worker;
    return session;
  };
  /** A job that runs `bytes` on inputs made by `feed` for every run, and gives back its only output. */
  const job = async (bytes, feed) => {
    const session = await start(bytes);
    const run = async () => (await session.run(feed()))[session.outputNames[0]].data;
    return { time: clocked(run), result: run, close: () => void session.release() };
  };
  const tensor = (type, data, shape) => new ort.Tensor(type, data, shape);
  return {
    gemm: (problem) => gemm(problem, job, tensor),
    gemmInt8: (problem) => gemmInt8(problem, job, tensor),
    operation: (problem) => operation(problem, job, tensor),
    infer: (problem) => infer(problem, job, tensor),
    inferImages: (problem) => inferImages(problem, job, tensor),
  };
}

/** Both operands are inputs, so that neither can be packed beforehand: a MatMul, or a Gemm where one is transposed. */
function gemm({ m, n, k, transA, transB, a, b }, job, tensor) {
  const [shapeA, shapeB] = [transA ? [k, m] : [m, k], transB ? [n, k] : [k, n]];
  const plain = !transA && !transB;
  const attributes = plain ? {} : { transA: Number(transA), transB: Number(transB) };
  const bytes = model({
    nodes: [node(plain ? 'MatMul' : 'Gemm', ['a', 'b'], ['c'], attributes)],
    inputs: [
      { name: 'a', type: 'float32', shape: shapeA },
      { name: 'b', type: 'float32', shape: shapeB },
    ],
    outputs: [{ name: 'c', type: 'float32', shape: [m, n] }],
  });
  const feeds = { a: tensor('float32', a, shapeA), b: tensor('float32', b, shapeB) };
  return job(bytes, () => feeds);
}

/** Constant weights. The integers of the activations are unsigned with zero point 128: that is what its kernels take. */
function gemmInt8({ m, n, k, quantize, a, a8, weights, weightScales }, job, tensor) {
  const constants = [constant('w', [k, n], weights), constant('za', [], Uint8Array.of(128))];
  const c = { name: 'c', type: quantize ? 'float32' : 'int32', shape: [m, n] };
  if (!quantize) {
    const nodes = [node('MatMulInteger', ['a', 'w', 'za'], ['c'])];
    const bytes = model({ nodes, constants, inputs: [{ name: 'a', type: 'uint8', shape: [m, k] }], outputs: [c] });
    const feeds = {
      a: tensor(
        'uint8',
        Uint8Array.from(a8, (q) => q + 128),
        [m, k],
      ),
    };
    return job(bytes, () => feeds);
  }
  // The form that its own dynamic quantization writes, which becomes one operation.
  const nodes = [
    node('DynamicQuantizeLinear', ['a'], ['q', 'sa', 'zq']),
    node('MatMulInteger', ['q', 'w', 'zq', 'zw'], ['sums']),
    node('Cast', ['sums'], ['real'], { to: 1 }),
    node('Mul', ['sa', 'sw'], ['s']),
    node('Mul', ['real', 's'], ['c']),
  ];
  const bytes = model({
    nodes,
    constants: [
      constant('w', [k, n], weights),
      constant('zw', [n], new Int8Array(n)),
      constant('sw', [n], weightScales),
    ],
    inputs: [{ name: 'a', type: 'float32', shape: [m, k] }],
    outputs: [c],
  });
  const feeds = { a: tensor('float32', a, [m, k]) };
  return job(bytes, () => feeds);
}

/** From an array to an array: the input's tensor is made within the time. */
function infer({ sizes, batch, weights, x, int8 }, job, tensor) {
  const bytes = int8 === null ? denseModel(sizes, batch, weights) : quantizedModel(int8, batch);
  return job(bytes, () => ({ x: tensor('float32', x, [batch, sizes[0]]) }));
}
