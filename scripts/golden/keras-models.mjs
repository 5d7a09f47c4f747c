// Writes tests/golden/keras/models.json: models that TensorFlow.js 4.22.0 saves, what they are given and what they answer.
//
// npm install --prefix FOLDER @tensorflow/tfjs-{core,layers,backend-cpu}@4.22.0 && node scripts/golden/keras-models.mjs FOLDER
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const require = createRequire(join(resolve(process.argv[2]), 'package.json'));
const tf = require('@tensorflow/tfjs-core');
const layersOf = require('@tensorflow/tfjs-layers');
require('@tensorflow/tfjs-backend-cpu');
const { layers, sequential, input, model } = layersOf;
await tf.setBackend('cpu');

let state = 12345;
/** From -1 to 1, the same in every run. */
const draw = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2147483648 - 1;
};
const base64 = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
const numbers = (shape, f = draw) => Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, f);

const image = (row, shape = [6, 5, 2]) => sequential({ layers: [row({ inputShape: shape })] });
const after = (shape, ...rows) => {
  const x = input({ shape });
  return model({ inputs: x, outputs: rows.reduce((y, row) => row.apply(y), x) });
};
const MODELS = {
  dense: () =>
    sequential({
      layers: [
        layers.dense({ units: 5, activation: 'tanh', inputShape: [4] }),
        layers.dropout({ rate: 0.25 }),
        layers.dense({ units: 3, activation: 'softmax', useBias: false }),
      ],
    }),
  'dense of rows': () =>
    sequential({ layers: [layers.dense({ units: 3, activation: 'sigmoid', inputShape: [3, 4] })] }),
  ...Object.fromEntries(
    [
      'relu',
      'relu6',
      'elu',
      'linear',
      'softplus',
      'softmax',
      'logSoftmax',
      'swish',
      'gelu',
      'gelu_new',
      'tanh',
      'sigmoid',
    ].map((activation) => [`activation ${activation}`, () => after([7], layers.activation({ activation }))]),
  ),
  relu: () => after([7], layers.reLU()),
  'relu up to 6': () => after([7], layers.dense({ units: 9 }), layers.reLU({ maxValue: 6 })),
  'leaky relu': () => after([7], layers.leakyReLU({ alpha: 0.1 }), layers.leakyReLU()),
  elu: () => after([7], layers.elu()),
  softmax: () => after([3, 4], layers.softmax({ axis: -1 })),
  flatten: () => after([2, 3, 2], layers.flatten(), layers.dense({ units: 2 })),
  'noise of all kinds': () =>
    after(
      [3, 2, 2],
      layers.gaussianNoise({ stddev: 0.5 }),
      layers.gaussianDropout({ rate: 0.2 }),
      layers.alphaDropout({ rate: 0.2 }),
      layers.dropout({ rate: 0.5, noiseShape: [null, 1, null, 2] }),
    ),
  'dropout of channels': () => after([4, 3], layers.spatialDropout1d({ rate: 0.3 })),
  conv1d: () =>
    image(
      (own) => layers.conv1d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu', ...own }),
      [7, 2],
    ),
  'conv1d dilated': () => image((own) => layers.conv1d({ filters: 3, kernelSize: 3, dilationRate: 2, ...own }), [8, 2]),
  conv2d: () =>
    image((own) =>
      layers.conv2d({ filters: 3, kernelSize: [3, 2], strides: [2, 1], padding: 'same', activation: 'relu', ...own }),
    ),
  'conv2d dilated': () =>
    image((own) =>
      layers.conv2d({ filters: 3, kernelSize: 2, dilationRate: [2, 1], useBias: false, activation: 'softmax', ...own }),
    ),
  'conv2d transposed': () =>
    image(
      (own) =>
        layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu', ...own }),
      [3, 4, 2],
    ),
  'conv2d transposed valid': () =>
    image((own) => layers.conv2dTranspose({ filters: 2, kernelSize: [2, 3], strides: [3, 2], ...own }), [3, 4, 3]),
  'depthwise conv2d': () =>
    image((own) =>
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same', activation: 'relu', ...own }),
    ),
  'separable conv2d': () =>
    image((own) =>
      layers.separableConv2d({ filters: 4, kernelSize: [3, 2], depthMultiplier: 2, activation: 'relu6', ...own }),
    ),
  'pools 1d': () =>
    after(
      [9, 2],
      layers.maxPooling1d({ poolSize: 2, strides: 1 }),
      layers.averagePooling1d({ poolSize: 3, strides: 2, padding: 'same' }),
    ),
  'pools 2d': () =>
    after(
      [7, 6, 2],
      layers.maxPooling2d({ poolSize: [3, 2], strides: [1, 2], padding: 'same' }),
      layers.averagePooling2d({ poolSize: 2, padding: 'same' }),
    ),
  'global max 1d': () => after([4, 3], layers.globalMaxPooling1d()),
  'global average 1d': () => after([4, 3], layers.globalAveragePooling1d()),
  'global max 2d': () => after([3, 4, 2], layers.globalMaxPooling2d({})),
  'global average 2d': () => after([3, 4, 2], layers.globalAveragePooling2d({})),
  'zeros around': () =>
    after(
      [2, 3, 2],
      layers.zeroPadding2d({
        padding: [
          [1, 0],
          [2, 1],
        ],
      }),
      layers.zeroPadding2d({ padding: 1 }),
      layers.zeroPadding2d({ padding: [1, 2] }),
    ),
  upsampling: () => after([2, 3, 2], layers.upSampling2d({ size: [2, 3] })),
  'batch normalization': () => image((own) => layers.batchNormalization({ epsilon: 0.01, ...own })),
  'batch normalization without scale': () => after([5], layers.batchNormalization({ scale: false, center: false })),
  'layer normalization': () =>
    after([3, 5], layers.layerNormalization({ epsilon: 0.01 }), layers.layerNormalization({ center: false })),
  embedding: () =>
    sequential({
      layers: [
        layers.embedding({ inputDim: 6, outputDim: 3, inputLength: 4 }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    }),
  'sum and join': () => {
    const x = input({ shape: [3, 3, 2] });
    const y = input({ shape: [3, 3, 2], name: 'other' });
    const a = layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same' }).apply(x);
    return model({ inputs: [x, y], outputs: [layers.concatenate().apply([layers.add().apply([a, y, x]), y, a]), a] });
  },
  reshape: () =>
    after(
      [2, 3, 2],
      layers.reshape({ targetShape: [2, 3, 2] }),
      layers.reshape({ targetShape: [12] }),
      layers.dense({ units: 2 }),
    ),
  'a layer three times': () => {
    const x = input({ shape: [4] });
    const shared = layers.dense({ units: 4, activation: 'tanh', name: 'shared' });
    const y = shared.apply(shared.apply(x));
    return model({ inputs: x, outputs: layers.add().apply([y, shared.apply(y)]) });
  },
  'models inside': () => {
    const blockOf = (name) =>
      sequential({ name, layers: [layers.dense({ units: 4, inputShape: [4] }), layers.reLU()] });
    const block = blockOf('block');
    const a = input({ shape: [4] });
    const b = input({ shape: [4] });
    const joined = model({
      name: 'joined',
      inputs: [a, b],
      outputs: [layers.add().apply([blockOf('inner').apply(a), b]), layers.dense({ units: 2 }).apply(b)],
    });
    const x = input({ shape: [4] });
    const [y, z] = joined.apply([block.apply(x), x]);
    return model({ inputs: x, outputs: [layers.dense({ units: 3 }).apply(block.apply(y)), z] });
  },
  'a model in a row': () =>
    sequential({
      layers: [
        sequential({
          layers: [layers.dense({ units: 3, inputShape: [2] }), layers.activation({ activation: 'relu' })],
        }),
        layers.dense({ units: 2 }),
      ],
    }),
  'a small image network': () =>
    sequential({
      layers: [
        layers.conv2d({ filters: 4, kernelSize: 3, useBias: false, inputShape: [8, 8, 1], kernelRegularizer: 'l1l2' }),
        layers.batchNormalization(),
        layers.activation({ activation: 'relu' }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.flatten(),
        layers.dense({ units: 10, activation: 'softmax' }),
      ],
    }),
};

/** Weights of 8 or 16 bits, as tensorflowjs_converter writes them. */
const QUANTIZED = {
  uint8: (values) => whole(values, Uint8Array, 255),
  uint16: (values) => whole(values, Uint16Array, 65535),
  float16: (values) => ({
    bytes: Uint16Array.from(values, halfOf),
    quantization: { dtype: 'float16', original_dtype: 'float32' },
  }),
};
function whole(values, array, most) {
  const min = Math.min(...values);
  const scale = (Math.max(...values) - min) / most || 1;
  const dtype = array.name.replace('Array', '').toLowerCase();
  return {
    bytes: array.from(values, (x) => Math.round((x - min) / scale)),
    quantization: { dtype, scale, min, original_dtype: 'float32' },
  };
}
/** Of numbers of ordinary size, cut off. */
function halfOf(x) {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0];
  const exponent = ((bits >>> 23) & 255) - 112;
  return ((bits >>> 16) & 0x8000) | (exponent <= 0 ? 0 : (exponent << 10) | ((bits >>> 13) & 1023));
}

async function saved(net) {
  let artifacts;
  const save = async (given) => {
    artifacts = given;
    return { modelArtifactsInfo: { dateSaved: new Date(0) } };
  };
  await net.save({ save });
  return artifacts;
}

const cases = [];
async function record(name, net, { modelTopology, weightSpecs, weightData }) {
  const inputs = net.inputs.map((x) => {
    const shape = [3, ...x.shape.slice(1)];
    return {
      shape,
      values:
        name === 'embedding' ? numbers(shape, () => Math.floor((draw() + 1) * 3)) : numbers(shape, () => 2 * draw()),
    };
  });
  const answer = net.predict(inputs.map(({ shape, values }) => tf.tensor(values, shape)));
  const outputs = (Array.isArray(answer) ? answer : [answer]).map((y) => ({
    shape: y.shape,
    values: base64(y.dataSync()),
  }));
  // Two files, cut in the middle of a number
  const bytes = new Uint8Array(weightData);
  const cut = Math.min(bytes.length, 10);
  const shards = {
    'group1-shard1of2.bin': base64(bytes.subarray(0, cut)),
    'group1-shard2of2.bin': base64(bytes.subarray(cut)),
  };
  const weightsManifest = [{ paths: Object.keys(shards), weights: weightSpecs }];
  const model = {
    format: 'layers-model',
    generatedBy: 'TensorFlow.js tfjs-layers v4.22.0',
    convertedBy: null,
    modelTopology,
    weightsManifest,
  };
  cases.push({
    name,
    model,
    shards,
    inputs: inputs.map(({ shape, values }) => ({ shape, values: base64(values) })),
    outputs,
  });
}

for (const [name, make] of Object.entries(MODELS)) {
  const net = make();
  net.setWeights(
    net.weights.map(({ shape, originalName }) =>
      tf.tensor(numbers(shape, /variance/.test(originalName) ? () => 1 + draw() / 2 : draw), shape),
    ),
  );
  await record(name, net, await saved(net));
}
const plain = MODELS['a small image network']();
const artifacts = await saved(plain);
for (const [kind, pack] of Object.entries(QUANTIZED)) {
  const parts = plain.weights.map((weight) =>
    pack(numbers(weight.shape, /variance/.test(weight.originalName) ? () => 1 + draw() / 2 : draw)),
  );
  const weightSpecs = artifacts.weightSpecs.map((spec, i) => ({ ...spec, quantization: parts[i].quantization }));
  const weightData = Buffer.concat(parts.map(({ bytes }) => Buffer.from(bytes.buffer)));
  const own = {
    ...artifacts,
    weightSpecs,
    weightData: weightData.buffer.slice(weightData.byteOffset, weightData.byteOffset + weightData.length),
  };
  const net = await layersOf.loadLayersModel({ load: async () => own });
  await record(`weights of ${kind}`, net, own);
}
writeFileSync(
  new URL('../../tests/golden/keras/models.json', import.meta.url),
  `${JSON.stringify({ tfjs: layersOf.version_layers, cases }).replaceAll('{"name":', '\n{"name":')}\n`,
);
console.log(`${cases.length} models`);
