import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { operatorNetworks, random } from '../../scripts/formats/tflite-operators.mjs';
import { FormatError, ValueError, type WhittleError } from '../../src/base/errors.ts';
import { decodeFlatbuffer, encodeFlatbuffer } from '../../src/formats/flatbuffer.ts';
import { fromTflite, toTflite } from '../../src/formats/index.ts';
import { operatorCode, operatorName } from '../../src/formats/tflite/names.ts';
import { MODEL, type ModelTable, type OperatorTable, type TensorTable } from '../../src/formats/tflite/schema.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import type { Graph, Node } from '../../src/graph/graph.ts';
import { compileNetwork } from '../../src/infer/program.ts';

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** What a network gives for the same samples as any other with such inputs. */
function results(network: Graph<Stored>): number[] {
  const next = random(9);
  const program = compileNetwork(network, 2, cpu);
  const x = network.inputs.map(({ shape, dtype }) =>
    dtype === 'int32'
      ? Int32Array.from({ length: 2 * sizeOf(shape) }, () => Math.floor(next() * 5))
      : Float32Array.from({ length: 2 * sizeOf(shape) }, () => (next() - 0.5) * 8),
  );
  return program.run(x).flatMap((y) => [...y]);
}

const tablesOf = (file: Uint8Array): ModelTable => decodeFlatbuffer(file, MODEL, 'tflite', 'model');
const fileOf = (model: ModelTable): Uint8Array => encodeFlatbuffer(model, MODEL, 'TFL3');

/** The file with its subgraph, and perhaps more, changed. */
function changed(file: Uint8Array, change: (model: ModelTable) => Partial<ModelTable>): Uint8Array {
  const model = tablesOf(file);
  return fileOf({ ...model, ...change(model) });
}
const withGraph =
  (change: (graph: ModelTable['subgraphs'][0], model: ModelTable) => object) => (model: ModelTable) => ({
    subgraphs: [{ ...model.subgraphs[0]!, ...change(model.subgraphs[0]!, model) }],
  });
const withTensor = (index: number, change: Partial<TensorTable>) =>
  withGraph(({ tensors }) => ({ tensors: tensors.map((each, i) => (i === index ? { ...each, ...change } : each)) }));
const withOperator = (index: number, change: Partial<OperatorTable>) =>
  withGraph(({ operators }) => ({
    operators: operators.map((each, i) => (i === index ? { ...each, ...change } : each)),
  }));

/** What a file is refused with. */
function refusalOf(file: Uint8Array): WhittleError {
  try {
    fromTflite(file);
  } catch (error) {
    return error as WhittleError;
  }
  throw new Error('it was taken');
}

const dense = operatorNetworks['dense of int8']!;
const DENSE = toTflite(dense);
const CONV = toTflite(operatorNetworks.conv!);

describe('a network through a .tflite file', () => {
  test.each(Object.entries(operatorNetworks))('gives the same bits: %s', (_, network) => {
    for (const options of [{}, { io: 'float32' as const }]) {
      const file = toTflite(network, options);
      expect(toTflite(network, options)).toEqual(file);
      const { network: back, inputs, outputs } = fromTflite(file);
      validateNetwork(back);
      expect(results(back)).toEqual(results(network));
      expect(results(fromTflite(toTflite(back, options)).network)).toEqual(results(network));
      expect(inputs.map(({ shape }) => shape)).toEqual(network.inputs.map(({ shape }) => [1, ...shape]));
      expect(inputs.map(({ value }) => value)).toEqual(network.inputs.map(({ name }) => name));
      expect(outputs.map(({ value }) => value)).toEqual(back.outputs);
    }
  });

  test('keeps integers, biases, scales and formats', () => {
    const { network, inputs, outputs } = fromTflite(DENSE);
    const own = network.nodes.find(({ op }) => op === 'dense')!;
    for (const role of ['kernel', 'bias'])
      expect(network.weights.get(own.weights[role]!)).toEqual(dense.weights.get(role[0]!));
    expect(own.format).toEqual(dense.nodes[1]!.format);
    expect(inputs).toEqual([
      { value: 'x', name: 'x', shape: [1, 7], axes: [0, 1], dtype: 'int8', format: dense.nodes[0]!.format },
    ]);
    expect(outputs).toEqual([
      { value: 'real', name: 'real', shape: [1, 5], axes: [0, 1], dtype: 'int8', format: own.format },
    ]);
  });

  test('has real ends where it is asked for them, and refuses int8 ones where there are none', () => {
    const { inputs } = fromTflite(toTflite(dense, { io: 'float32' }));
    expect(inputs[0]).toMatchObject({ dtype: 'float32', format: null });
    expect(() => toTflite(operatorNetworks.conv!, { io: 'int8' })).toThrow(ValueError);
    expect(() => toTflite(dense, { io: 'int16' as never })).toThrow(ValueError);
  });

  test('has a hint where float32 rounds its scales, and nowhere else', () => {
    expect(tablesOf(DENSE).metadata.length).toBe(1); // 0.03 is no float32
    const exact = dense.nodes.map((node): Node => (node.format === null ? node : { ...node, format: fround(node)! }));
    expect(tablesOf(toTflite({ ...dense, nodes: exact })).metadata).toEqual([]);
    const { network } = fromTflite(DENSE);
    expect(network.nodes[1]!.format).toEqual(dense.nodes[1]!.format);
  });

  test('does not believe a hint that does not agree with the file', () => {
    const text = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
    const hinted = (json: unknown): Uint8Array =>
      changed(DENSE, ({ buffers, metadata }) => ({
        buffers: buffers.map((each, i) => (i === metadata[0]!.buffer ? { data: text(json) } : each)),
      }));
    const scaleOf = (file: Uint8Array): number => fromTflite(file).network.nodes.at(-2)!.format!.scale;
    expect(scaleOf(hinted({ scales: { real: 0.05 } }))).toBe(0.05);
    for (const json of [
      { scales: { real: 0.06 } },
      { scales: { real: 'x' } },
      { scales: [1] },
      { float: 3 },
      [],
      null,
      { biases: { real: [0.5] } },
    ])
      expect(scaleOf(hinted(json))).toBe(Math.fround(0.05));
    const { biases, ...own } = { biases: { real: [1, 2, 3, 4, 5] }, scales: {} };
    expect(results(fromTflite(hinted({ ...own, biases })).network).length).toBe(10);
  });
});

const fround = ({ format }: Node): Node['format'] => format && { ...format, scale: Math.fround(format.scale) };

describe('a .tflite file of other tools', () => {
  test('may have its batch open, other names, and a constant behind a DEQUANTIZE', () => {
    const file = changed(CONV, withTensor(0, { shapeSignature: [-1, 6, 5, 4], name: '' }));
    const { inputs, network } = fromTflite(file);
    expect(inputs[0]).toMatchObject({ shape: [null, 6, 5, 4], name: '#0' });
    expect(results(network)).toEqual(results(operatorNetworks.conv!));
    const half = fromTflite(toTflite(operatorNetworks['dense in float16']!)).network;
    expect([...half.weights.values()].map(({ encoding }) => encoding.type)).toEqual(['float16', 'float32']);
  });

  test('may have its values in uint8, which are int8 of another zero point', () => {
    const { tensors } = tablesOf(DENSE).subgraphs[0]!;
    const isValue = ({ buffer }: TensorTable): boolean => buffer === 0;
    const file = changed(
      DENSE,
      withGraph(() => ({
        tensors: tensors.map((each) =>
          isValue(each)
            ? {
                ...each,
                type: 3,
                quantization: { ...each.quantization!, zeroPoint: [each.quantization!.zeroPoint[0]! + 128] },
              }
            : each,
        ),
      })),
    );
    const { network, inputs } = fromTflite(file);
    expect(results(network)).toEqual(results(dense));
    expect(inputs[0]).toMatchObject({ dtype: 'uint8', format: { scale: 0.03, zeroPoint: 123 } });
  });

  test('may give an input another shape at once', () => {
    const model = tablesOf(CONV);
    const [graph] = model.subgraphs as [ModelTable['subgraphs'][0]];
    const tensors = [...graph.tensors, { shape: [1, 120], type: 0, buffer: 0, name: 'line' }];
    const code = model.operatorCodes.length;
    const operators = [{ opcodeIndex: code, inputs: [graph.tensors.length], outputs: [0] }, ...graph.operators];
    const reshape = operatorCode('RESHAPE');
    const file = fileOf({
      ...model,
      operatorCodes: [...model.operatorCodes, { deprecatedBuiltinCode: reshape, version: 1, builtinCode: 0 }],
      subgraphs: [{ ...graph, tensors, operators, inputs: [graph.tensors.length] }],
    });
    const { network, inputs } = fromTflite(file);
    expect(network.inputs).toEqual([{ name: 'line', shape: [6, 5, 4], dtype: 'float32' }]);
    expect(inputs[0]).toMatchObject({ shape: [1, 120], axes: null });
    expect(results(network)).toEqual(results(operatorNetworks.conv!));
  });

  test('may be asked for any number of results', () => {
    const file = changed(
      DENSE,
      withGraph(({ outputs, inputs }) => ({ outputs: [...outputs, ...inputs, ...outputs] })),
    );
    const { network, outputs } = fromTflite(file);
    expect(outputs.map(({ value }) => value)).toEqual(['real', 'x/dequantize', 'real']);
    expect(network.outputs).toEqual(['real', 'x/dequantize']);
  });
});

describe('a .tflite file is refused', () => {
  const OTHER = { deprecatedBuiltinCode: 127, version: 1, builtinCode: operatorCode('CUMSUM') };
  const cases: Readonly<Record<string, readonly [file: Uint8Array, text: RegExp]>> = {
    'for an operator that networks have not, by its name': [
      changed(DENSE, () => ({ operatorCodes: [OTHER] })),
      /operator 0 \(CUMSUM\): is none that networks have/,
    ],
    'for an operator of its own': [
      changed(DENSE, () => ({
        operatorCodes: [{ deprecatedBuiltinCode: 32, customCode: 'Magic', version: 1, builtinCode: 32 }],
      })),
      /CUSTOM "Magic"/,
    ],
    'for an operator without a name': [
      changed(DENSE, () => ({ operatorCodes: [{ ...OTHER, builtinCode: 9999 }] })),
      /operator 9999/,
    ],
    'for several subgraphs': [
      changed(DENSE, ({ subgraphs }) => ({ subgraphs: [...subgraphs, ...subgraphs] })),
      /subgraphs: are 2/,
    ],
    'for none': [changed(DENSE, () => ({ subgraphs: [] })), /subgraphs: are none/],
    'for another identifier': [DENSE.map((byte, i) => (i === 7 ? 0x32 : byte)), /identifier: is not TFL3/],
    'for numbers in another file': [changed(DENSE, withTensor(1, { externalBuffer: 1 })), /outside of the tables/],
    'for numbers behind its tables': [
      changed(DENSE, ({ buffers }) => ({ buffers: buffers.map((each) => ({ ...each, offset: 4096, size: 9 })) })),
      /outside of the tables/,
    ],
    'for a variable': [changed(DENSE, withTensor(0, { isVariable: 1 })), /is a variable/],
    'for weights that leave numbers out': [changed(DENSE, withTensor(1, { sparsity: {} })), /leaves numbers out/],
    'for a kernel around another zero point': [
      changed(
        DENSE,
        withGraph(({ tensors }) => ({
          tensors: tensors.map((each) =>
            each.name === 'y/kernel' ? { ...each, quantization: { ...each.quantization!, zeroPoint: [3] } } : each,
          ),
        })),
      ),
      /has the zero point 3/,
    ],
    'for a buffer that is not there': [changed(DENSE, withTensor(1, { buffer: 77 })), /names the buffer 77 of/],
    'for a type that is none': [changed(DENSE, withTensor(0, { type: 99 })), /names the type 99/],
    'for a value of another type': [changed(DENSE, withTensor(0, { type: 7 })), /of the type int16/],
    'for an operator code that is not there': [
      changed(DENSE, withOperator(0, { opcodeIndex: 5 })),
      /names the operator code 5/,
    ],
    'for a tensor that is not there': [
      changed(DENSE, withOperator(0, { inputs: [0, 900, 2] })),
      /names the tensor 900/,
    ],
    'for a value that nothing has made': [
      changed(CONV, withOperator(0, { inputs: [3, 1, 2] })),
      /which nothing before it has made/,
    ],
    'for a value that is made of itself': [
      changed(CONV, withOperator(0, { inputs: [3, 1, 2], outputs: [3] })),
      /nothing before it has made/,
    ],
    'for a value that is made twice': [
      changed(
        CONV,
        withGraph(({ operators }) => ({ operators: [...operators, ...operators] })),
      ),
      /is there already/,
    ],
    'for a negative size': [changed(DENSE, withTensor(0, { shape: [1, -7] })), /has the size -7/],
    'for another size than its operators give': [
      changed(CONV, withTensor(3, { shape: [1, 6, 5, 4] })),
      /tensor|gives|whose/,
    ],
    'for a scale of 0': [
      changed(DENSE, withTensor(0, { quantization: { scale: [0], zeroPoint: [0], quantizedDimension: 0 } })),
      /has the scale 0/,
    ],
    'for a scale that is no number': [
      changed(DENSE, withTensor(0, { quantization: { scale: [Number.NaN], zeroPoint: [0], quantizedDimension: 0 } })),
      /has the scale NaN/,
    ],
    'for an endless scale': [
      changed(DENSE, withTensor(1, { quantization: { scale: [Infinity], zeroPoint: [0], quantizedDimension: 0 } })),
      /has the scale Infinity/,
    ],
    'for a zero point out of int8': [
      changed(DENSE, withTensor(0, { quantization: { scale: [1], zeroPoint: [128], quantizedDimension: 0 } })),
      /has the zero point 128/,
    ],
    'for several scales of a value': [
      changed(DENSE, withTensor(0, { quantization: { scale: [1, 2], zeroPoint: [0], quantizedDimension: 0 } })),
      /has 2 scales/,
    ],
    'for as many scales as no axis is long': [
      changed(DENSE, withTensor(1, { quantization: { scale: [1, 2], zeroPoint: [0], quantizedDimension: 0 } })),
      /has 2 scales, and along axis 0/,
    ],
    'for inputs that are none': [
      changed(
        DENSE,
        withGraph(() => ({ inputs: [] })),
      ),
      /inputs: are none/,
    ],
    'for the options of another operator': [
      changed(DENSE, withOperator(0, { builtinOptions: { type: 9, table: { beta: 1 } } })),
      /has the options of another operator/,
    ],
  };

  test.each(Object.entries(cases))('%s', (_, [file, text]) => {
    const error = refusalOf(file);
    expect(error.message).toMatch(text);
    expect(error).toBeInstanceOf(FormatError);
  });

  test('as a whole, in one sentence', () => {
    for (const file of [new Uint8Array(), Uint8Array.of(1, 2, 3), new TextEncoder().encode('TFL3TFL3TFL3TFL3')])
      expect(refusalOf(file)).toBeInstanceOf(FormatError);
    expect(() => fromTflite('file' as never)).toThrow(ValueError);
    expect(() => fromTflite(DENSE, { rule: 'float32' as never })).toThrow(ValueError);
  });
});

describe('toTflite refuses, and names the node', () => {
  const one = (node: Partial<Node>): Graph<Stored> => ({
    inputs: [{ name: 'x', shape: [6, 5, 4], dtype: 'float32' }],
    nodes: [{ name: 'node', inputs: ['x'], weights: {}, format: null, ...node } as Node],
    outputs: ['node'],
    weights: new Map(),
  });
  test.each([
    [one({ op: 'channelShuffle', attrs: { groups: 2 } }), /shuffles channels/],
    [one({ op: 'layerNorm', attrs: { epsilon: 0.1 } }), /normalizes samples/],
    [one({ op: 'activation', attrs: { activation: { name: 'softplus' } } }), /without the activation softplus/],
    [one({ op: 'activation', attrs: { activation: { name: 'elu', alpha: 2 } } }), /elu of alpha 1/],
    [one({ op: 'dropout', attrs: { rate: 0.5, training: true } }), /draws no numbers/],
    [
      one({
        op: 'pool',
        attrs: {
          kind: 'max',
          size: [2, 2],
          strides: [1, 1],
          padding: [
            [1, 0],
            [1, 0],
          ],
        },
      }),
      /no others around a pool/,
    ],
  ])('%#', (network, text) => {
    expect(() => toTflite(network)).toThrow(text);
    expect(() => toTflite(network)).toThrow('node "node"');
  });

  test('float64', () => {
    const network = {
      ...one({ op: 'flatten', attrs: {} }),
      inputs: [{ name: 'x', shape: [3], dtype: 'float64' as const }],
    };
    expect(() => toTflite(network)).toThrow(/float32 alone/);
  });
});

test('operators have the numbers of the schema', () => {
  for (const [name, code] of [
    ['ADD', 0],
    ['CONV_2D', 3],
    ['CUSTOM', 32],
    ['MEAN', 40],
    ['SPLIT', 49],
    ['QUANTIZE', 114],
    ['GELU', 150],
  ] as const) {
    expect(operatorCode(name)).toBe(code);
    expect(operatorName(code)).toBe(name);
  }
});
