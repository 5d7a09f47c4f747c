import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { random } from '../../scripts/formats/tflite-operators.mjs';
import { toC, toModule } from '../../src/export/index.ts';
import { encodeFlatbuffer } from '../../src/formats/flatbuffer.ts';
import { fromKeras, fromOnnx, fromTflite, type Imported, toOnnx, toTflite } from '../../src/formats/index.ts';
import { operatorCode } from '../../src/formats/tflite/names.ts';
import { MODEL, type OptionsName, optionsType, type QuantizationTable } from '../../src/formats/tflite/schema.ts';
import {
  Adam,
  dequantize,
  explain,
  fromNetwork,
  networkCost,
  predictNetwork,
  prune,
  pruneNeurons,
  quantize,
  StateError,
  shrink,
  type Tensor,
  tensor,
  toNetwork,
} from '../../src/index.ts';
import { compileNetwork, type Network, type Node } from '../../src/infer/index.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/index.ts';
import { imported } from '../export/imported.ts';
import { message, node, tensor as numbers, value } from './onnx-files.ts';

/**
 * One network in the files of four programs, written by hand as these write it: a convolution of 3x3 with 8 channels and a relu on
 * images [8, 8, 2], a pool, and two dense layers. Kernels are [3, 3, 2, 8], [128, 12] and [12, 3].
 */
const UNITS = 8;
const HIDDEN = 12;
const CLASSES = 3;
const FEATURES = 4 * 4 * UNITS;
const SHAPES = [
  [3, 3, 2, UNITS],
  [FEATURES, HIDDEN],
  [HIDDEN, CLASSES],
] as const;
const next = random(5);
const kernels = SHAPES.map((shape) => {
  const inputs = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: inputs * shape.at(-1)! }, () => (2 * next() - 1) * Math.sqrt(3 / inputs));
});
const biases = SHAPES.map((shape) => Float32Array.from({ length: shape.at(-1)! }, (_, j) => (j - 1) / 16));
const PARAMETERS = 3 * 3 * 2 * UNITS + UNITS + FEATURES * HIDDEN + HIDDEN + HIDDEN * CLASSES + CLASSES;
const MACS = 8 * 8 * UNITS * 3 * 3 * 2 + FEATURES * HIDDEN + HIDDEN * CLASSES;

/** Images whose class is the third of them that is bright, and their classes. */
const SAMPLES = 90;
const labels = Float32Array.from({ length: SAMPLES }, (_, i) => i % CLASSES);
const x: Tensor = tensor(
  Float32Array.from({ length: SAMPLES * 128 }, (_, i) => {
    const row = Math.floor(i / 16) % 8;
    const isBright = Math.floor((row * CLASSES) / 8) === labels[Math.floor(i / 128)];
    return 0.6 * next() + (isBright ? 0.4 : 0);
  }),
  { shape: [SAMPLES, 8, 8, 2] },
);
const y = tensor(labels);

/** Numbers with the axes of an array in another order. */
function moved<T extends Float32Array | Int8Array>(values: T, shape: readonly number[], order: readonly number[]): T {
  const at = (index: readonly number[]): number => shape.reduce((sum, size, axis) => sum * size + index[axis]!, 0);
  const result = values.slice() as T;
  const sizes = order.map((axis) => shape[axis]!);
  for (let i = 0; i < values.length; i++) {
    let rest = i;
    const index: number[] = [];
    for (let axis = order.length - 1; axis >= 0; axis--) {
      index[order[axis]!] = rest % sizes[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
    }
    result[i] = values[at(index)]!;
  }
  return result;
}

/** As PyTorch exports it: images and kernels with channels first, features of an image channel by channel, [units, inputs]. */
function onnxFile(): Uint8Array {
  const [conv, hidden, last] = kernels as [Float32Array, Float32Array, Float32Array];
  const rows = moved(hidden, [4, 4, UNITS, HIDDEN], [3, 2, 0, 1]);
  return message({
    node: [
      node('Conv', ['input', 'conv.weight', 'conv.bias'], ['/conv/Conv_output_0'], {
        kernel_shape: [3, 3],
        pads: [1, 1, 1, 1],
        strides: [1, 1],
        dilations: [1, 1],
        group: 1,
      }),
      node('Relu', ['/conv/Conv_output_0'], ['/relu/Relu_output_0']),
      node('MaxPool', ['/relu/Relu_output_0'], ['/pool/MaxPool_output_0'], { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Flatten', ['/pool/MaxPool_output_0'], ['/flatten/Flatten_output_0'], { axis: 1 }),
      node('Gemm', ['/flatten/Flatten_output_0', 'fc1.weight', 'fc1.bias'], ['/fc1/Gemm_output_0'], { transB: 1 }),
      node('Relu', ['/fc1/Gemm_output_0'], ['/relu_1/Relu_output_0']),
      node('Gemm', ['/relu_1/Relu_output_0', 'fc2.weight', 'fc2.bias'], ['/fc2/Gemm_output_0'], { transB: 1 }),
      node('Softmax', ['/fc2/Gemm_output_0'], ['output'], { axis: 1 }),
    ],
    initializer: [
      numbers('conv.weight', [UNITS, 2, 3, 3], [...moved(conv, SHAPES[0], [3, 2, 0, 1])]),
      numbers('fc1.weight', [HIDDEN, FEATURES], [...rows]),
      numbers('fc2.weight', [CLASSES, HIDDEN], [...moved(last, SHAPES[2], [1, 0])]),
      ...['conv', 'fc1', 'fc2'].map((name, i) => numbers(`${name}.bias`, [biases[i]!.length], [...biases[i]!])),
    ],
    input: [value('input', ['batch', 2, 8, 8])],
    output: [value('output', ['batch', CLASSES])],
  });
}

/** As tensorflowjs_converter writes it. */
function kerasFile(): Imported {
  const layers = [
    ['Conv2D', { filters: UNITS, kernel_size: [3, 3], padding: 'same', activation: 'relu' }],
    ['MaxPooling2D', { pool_size: [2, 2], strides: [2, 2], padding: 'valid' }],
    ['Flatten', {}],
    ['Dense', { units: HIDDEN, activation: 'relu' }],
    ['Dense', { units: CLASSES, activation: 'softmax' }],
  ].map(([class_name, config], i) => ({
    class_name,
    config: { name: `layer_${i}`, ...(config as object), ...(i === 0 && { batch_input_shape: [null, 8, 8, 2] }) },
  }));
  const held = [0, 3, 4].flatMap((layer, i) => [
    { name: `layer_${layer}/kernel`, shape: SHAPES[i], values: kernels[i]! },
    { name: `layer_${layer}/bias`, shape: SHAPES[i]!.slice(-1), values: biases[i]! },
  ]);
  const json = {
    format: 'layers-model',
    modelTopology: { model_config: { class_name: 'Sequential', config: { name: 'sequential', layers } } },
    weightsManifest: [
      {
        paths: ['group1-shard1of1.bin'],
        weights: held.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
      },
    ],
  };
  const shard = new Uint8Array(Float32Array.from(held.flatMap(({ values }) => [...values])).buffer);
  return fromKeras(JSON.stringify(json), new Map([['group1-shard1of1.bin', shard]]));
}

type Format = { readonly scale: number; readonly zeroPoint: number };

/**
 * As TensorFlow Lite's converter writes it: kernels [units, height, width, channels] and [units, inputs], activations in operators.
 * With formats of the values in int8 throughout, kernels of convolutions with a scale for each unit and of dense layers with one.
 */
function tfliteFile(formats: readonly Format[] | null): Uint8Array {
  const buffers = [{ data: new Uint8Array(0) }];
  const tensors: object[] = [];
  const put = (name: string, shape: readonly number[], type: number, quantization?: QuantizationTable): number =>
    tensors.push({ name, shape, type, buffer: 0, quantization }) - 1;
  const constant = (
    name: string,
    shape: readonly number[],
    type: number,
    data: Float32Array | Int8Array | Int32Array,
    scales: readonly number[] = [],
  ): number => {
    buffers.push({ data: new Uint8Array(data.slice().buffer) });
    const quantization = { scale: scales, zeroPoint: scales.map(() => 0), quantizedDimension: 0 };
    tensors.push({ name, shape, type, buffer: buffers.length - 1, ...(scales.length > 0 && { quantization }) });
    return tensors.length - 1;
  };
  const named = (name: string, shape: readonly number[], at: number): number => {
    const format = formats?.[at];
    if (format === undefined) return put(name, shape, 0);
    return put(name, shape, 9, { scale: [format.scale], zeroPoint: [format.zeroPoint], quantizedDimension: 0 });
  };
  const values = [
    named('x', [1, 8, 8, 2], 0),
    named('conv', [1, 8, 8, UNITS], 1),
    named('pool', [1, 4, 4, UNITS], 1),
    named('flat', [1, FEATURES], 1),
    named('hidden', [1, HIDDEN], 2),
    named('logits', [1, CLASSES], 3),
    named('y', [1, CLASSES], 4),
  ];
  const weights = SHAPES.map((shape, i): number[] => {
    const order = shape.length === 4 ? [3, 0, 1, 2] : [1, 0];
    const own = order.map((axis) => shape[axis]!);
    const laid = moved(kernels[i]!, shape, order);
    if (formats === null) return [constant(`k${i}`, own, 0, laid), constant(`b${i}`, [own[0]!], 0, biases[i]!)];
    const each = laid.length / own[0]!;
    const most = Array.from({ length: own[0]! }, (_, u) =>
      Math.max(...laid.subarray(u * each, (u + 1) * each).map(Math.abs)),
    );
    const scales = (shape.length === 4 ? most : [Math.max(...most)]).map((w) => Math.fround(w / 127));
    const scaleOf = (unit: number): number => scales[scales.length === 1 ? 0 : unit]!;
    const integers = Int8Array.from(laid, (w, at) => Math.round(w / scaleOf(Math.floor(at / each))));
    const sums = Array.from(scales, (scale) => Math.fround(scale * formats[i]!.scale));
    const whole = Int32Array.from(biases[i]!, (b, u) => Math.round(b / sums[sums.length === 1 ? 0 : u]!));
    return [constant(`k${i}`, own, 9, integers, scales), constant(`b${i}`, [own[0]!], 2, whole, sums)];
  });
  const shape = constant('shape', [2], 2, Int32Array.of(-1, FEATURES));
  const steps = { padding: 0, strideW: 1, strideH: 1, fusedActivation: 1, dilationW: 1, dilationH: 1 };
  const pool = { padding: 1, strideW: 2, strideH: 2, filterWidth: 2, filterHeight: 2, fusedActivation: 0 };
  const dense = { fusedActivation: 1, weightsFormat: 0, keepNumDims: 0 };
  const operators: readonly (readonly [string, OptionsName, object, readonly number[]])[] = [
    ['CONV_2D', 'conv2d', steps, weights[0]!],
    ['MAX_POOL_2D', 'pool', pool, []],
    ['RESHAPE', 'reshape', { newShape: [-1, FEATURES] }, [shape]],
    ['FULLY_CONNECTED', 'fullyConnected', dense, weights[1]!],
    ['FULLY_CONNECTED', 'fullyConnected', { ...dense, fusedActivation: 0 }, weights[2]!],
    ['SOFTMAX', 'softmax', { beta: 1 }, []],
  ];
  const codes = [...new Set(operators.map(([name]) => name))];
  return encodeFlatbuffer(
    {
      version: 3,
      operatorCodes: codes.map((name) => ({
        deprecatedBuiltinCode: operatorCode(name),
        builtinCode: operatorCode(name),
        version: 1,
      })),
      subgraphs: [
        {
          tensors: tensors as never,
          inputs: [values[0]!],
          outputs: [values[6]!],
          operators: operators.map(([name, options, told, more], i) => ({
            opcodeIndex: codes.indexOf(name),
            inputs: [values[i]!, ...more],
            outputs: [values[i + 1]!],
            builtinOptions: { type: optionsType(options), table: told },
          })),
        },
      ],
      buffers,
      metadata: [],
    },
    MODEL,
    'TFL3',
  );
}

/** Formats for the input, the convolution, the hidden layer and the logits by what they are of the samples, and softmax's. */
function formatsFor({ network }: Imported): Format[] {
  // The softmax is part of the node that makes its logits
  const last = network.nodes.at(-1)!;
  const linear = { ...last, attrs: { ...last.attrs, activation: { name: 'linear' } } } as Node;
  const plain = { ...network, nodes: [...network.nodes.slice(0, -1), linear] };
  const ends = [network.inputs[0]!.name, 'conv', 'hidden', last.name];
  const ranges = ends.map((name, i) =>
    i === 0 ? x.data : predictNetwork({ ...plain, outputs: [name] } as Network, x).data,
  );
  const formats = ranges.map((data): Format => {
    const low = Math.min(0, ...data);
    const scale = Math.fround((Math.max(0, ...data) - low) / 255);
    return { scale, zeroPoint: Math.round(-128 - low / scale) };
  });
  return [...formats, { scale: 1 / 256, zeroPoint: -128 }];
}

const keras = kerasFile();
const float = fromTflite(tfliteFile(null));
const files: readonly (readonly [string, Imported])[] = [
  ['ONNX of PyTorch', fromOnnx(onnxFile())],
  ['TFLite', float],
  ['Keras', keras],
];
const int8 = fromTflite(tfliteFile(formatsFor(float)));
const all = [...files, ['TFLite of int8', int8] as const];

/** The bits that a network gives for samples, which each way of running it has to give. */
const bitsOf = (network: Network): Uint8Array => {
  const made = compileNetwork(network, SAMPLES, reference).run(x.data as Float32Array);
  return new Uint8Array(Float32Array.from(made).buffer);
};
const classesOf = (network: Network): number[] => {
  const { data } = predictNetwork(network, x);
  return Array.from({ length: SAMPLES }, (_, i) => {
    const row = [...data.subarray(i * CLASSES, (i + 1) * CLASSES)];
    return row.indexOf(Math.max(...row));
  });
};
const shareOf = (a: readonly number[], b: ArrayLike<number>): number =>
  a.filter((each, i) => each === b[i]).length / a.length;
const trained = (network: Network, epochs: number) => {
  const model = fromNetwork(network);
  model.compile({ optimizer: new Adam({ learningRate: 0.003 }), loss: 'sparseCategoricalCrossentropy' });
  const { loss } = model.fit(x, y, { epochs }).history;
  return { model, loss: loss! };
};

test('four files of one network give one network', () => {
  const answers = predictNetwork(keras.network, x).data;
  for (const [, { network, inputs }] of files) {
    expect(bitsOf(network)).toEqual(bitsOf(keras.network));
    expect(network.inputs.map(({ shape }) => shape)).toEqual([[8, 8, 2]]);
    expect(inputs[0]!.dtype).toBe('float32');
  }
  expect(files.map(([, { inputs }]) => inputs[0]!.axes)).toEqual([
    [0, 2, 3, 1],
    [0, 1, 2, 3],
    [0, 1, 2, 3],
  ]);
  const distances = predictNetwork(int8.network, x).data.map((p, i) => Math.abs(p - answers[i]!));
  expect(Math.max(...distances)).toBeLessThan(0.05);
  expect(Math.max(...distances)).toBeGreaterThan(0);
});

describe.each(files)('a network out of %s', (_, { network }) => {
  test('is trained', () => {
    const before = shareOf(classesOf(network), labels);
    const { model, loss } = trained(network, 15);
    expect(loss.at(-1)).toBeLessThan(0.5 * loss[0]!);
    expect(shareOf(classesOf(toNetwork(model)), labels)).toBeGreaterThan(Math.max(0.9, before));
  });

  test('is pruned weight by weight, and what is 0 stays so in training', () => {
    const pruned = prune(network, { sparsity: 0.75 });
    const zeros = (of: Network): number =>
      [...of.weights].reduce((sum, [, { mask }]) => sum + (mask === null ? 0 : mask.filter((m) => m === 0).length), 0);
    const masked = SHAPES.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0) * 0.75;
    expect(networkCost(pruned).parameters).toBe(PARAMETERS);
    expect(networkCost(pruned).nonZeroParameters).toBeLessThanOrEqual(PARAMETERS - masked);
    const { model, loss } = trained(pruned, 10);
    expect(loss.at(-1)).toBeLessThan(loss[0]!);
    expect(networkCost(toNetwork(model)).nonZeroParameters).toBeLessThanOrEqual(PARAMETERS - masked);
    expect(zeros(pruned)).toBe(masked);
  });

  test('loses neurons, at once or behind masks', () => {
    const small = pruneNeurons(network, { amount: 0.5, scope: 'layer' });
    const masked = pruneNeurons(network, { amount: 0.5, scope: 'layer', mask: true });
    const halves = 3 * 3 * 2 * 4 + 4 + (FEATURES / 2) * 6 + 6 + 6 * CLASSES + CLASSES;
    expect(networkCost(small).parameters).toBe(halves);
    expect(networkCost(masked).parameters).toBe(PARAMETERS);
    expect(bitsOf(shrink(masked))).toEqual(bitsOf(small));
    expect(trained(small, 10).loss.at(-1)).toBeLessThan(trained(small, 1).loss[0]!);
  });

  test('is quantized by samples', () => {
    const { model } = trained(network, 10);
    const own = toNetwork(model);
    const integers = quantize(own, { calibration: x });
    expect(integers.nodes.filter(({ format }) => format !== null).length).toBeGreaterThanOrEqual(5);
    expect(shareOf(classesOf(integers), classesOf(own))).toBeGreaterThan(0.95);
    expect(encodeNetwork(integers).length).toBeLessThan(0.6 * encodeNetwork(own).length);
    for (const again of [fromOnnx(toOnnx(integers)), fromTflite(toTflite(integers))])
      expect(bitsOf(again.network)).toEqual(bitsOf(integers));
  });
});

test('a network of int8 is pruned and trained in real numbers, and says so', () => {
  for (const work of [fromNetwork, (network: Network) => prune(network, { sparsity: 0.5 })])
    expect(() => work(int8.network)).toThrow(StateError);
  expect(() => fromNetwork(int8.network)).toThrow(/train dequantize\(network\)$/);
  const real = dequantize(int8.network);
  const { model, loss } = trained(real, 15);
  expect(loss.at(-1)).toBeLessThan(0.5 * loss[0]!);
  expect(shareOf(classesOf(quantize(model, { calibration: x, rule: 'multiplier' })), labels)).toBeGreaterThan(0.9);
});

describe.each(all)('a network out of %s', (_, { network }) => {
  test('is coded, and read again to the bit', () => {
    const plain = encodeNetwork(network);
    const coded = encodeNetwork(network, { coding: 'range' });
    expect(coded.length).toBeLessThan(plain.length);
    for (const file of [plain, coded]) expect(bitsOf(decodeNetwork(file).network)).toEqual(bitsOf(network));
  });

  test('becomes a module and C, which give its bits', async () => {
    const { run, selfTest } = await imported(toModule(network).source);
    expect(selfTest()).toBe(true);
    const answers = Array.from({ length: SAMPLES }, (_, i) => [...run(x.data.subarray(i * 128, (i + 1) * 128))]);
    expect(new Uint8Array(Float32Array.from(answers.flat() as number[]).buffer)).toEqual(bitsOf(network));
    const { source, header } = toC(network, { name: 'net' });
    expect(header).toContain('NET_OUTPUT_SIZE 3');
    expect(source).toContain('net_self_test(');
  });

  test('is written as ONNX and TFLite, which are read to its bits', () => {
    for (const again of [fromOnnx(toOnnx(network)), fromTflite(toTflite(network))])
      expect(bitsOf(again.network)).toEqual(bitsOf(network));
  });

  test('is printed, measured and explained', () => {
    const lines = String(network).split('\n');
    const cost = networkCost(network);
    expect(cost).toMatchObject({ parameters: PARAMETERS, macs: MACS });
    for (const { name } of network.nodes) expect(lines.some((line) => line.includes(name))).toBe(true);
    const products = network.nodes.filter(({ weights }) => weights.kernel !== undefined).map(({ name }) => name);
    expect(products.length).toBe(3);
    expect(explain(network, { batchSize: 1 }).layers.map(({ name }) => name)).toEqual(products);
  });
});
