import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { DRAWN, formatNetworksBy } from '../../scripts/formats/networks.mjs';
import { toOnnx } from '../../src/formats/index.ts';
import { valuesOf } from '../../src/graph/check.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import { FACTS } from '../../src/graph/facts.ts';
import type { Attributes, Node, Op } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import * as library from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/index.ts';
import { everyEncoding, productOf } from '../encodings.ts';
import { countOf, decodeModel, faultsOf } from './onnx-checker.ts';

const networks = formatNetworksBy({ ...library, valuesOf: (network) => [...valuesOf(network).values()] });
const { MODELS, calibrated } = networks;
const toNetwork = library.toNetwork;

describe('a file is one by the words of ONNX', () => {
  test('for each operation and chains of them', () => {
    const all = [...networks.operations(3, 25), ...networks.odd()];
    for (const [name, network] of all)
      for (const layout of ['last', 'first'] as const) expect(faultsOf(toOnnx(network, { layout })), name).toEqual([]);
    const others: readonly Op[] = ['embedding', 'quantize', 'dequantize', 'fakeQuantize', 'custom'];
    expect([...DRAWN, ...others].sort()).toEqual(Object.keys(FACTS).sort());
  });

  test('for int8, between operations and in models', () => {
    for (const [name, network] of networks.integers()) expect(faultsOf(toOnnx(network)), name).toEqual([]);
    for (const name of ['sequence', 'groups', 'transposed', 'branches', 'twoInputs', 'cnn'])
      for (const options of [{}, { rule: 'multiplier' }, { format: 'fixed' }])
        expect(faultsOf(toOnnx(calibrated(MODELS[name]!(), options))), name).toEqual([]);
  });

  test('for weights in every encoding', () => {
    for (const [name, weight] of everyEncoding({ shape: [11, 19], share: 0.5 }))
      expect(faultsOf(toOnnx(productOf(weight))), name).toEqual([]);
    expect(faultsOf(toOnnx(toNetwork(MODELS.table!())))).toEqual([]);
  });
});

describe('what a file says', () => {
  const model = (network: Network, options = {}) => decodeModel(toOnnx(network, options));

  test('names inputs, outputs and values as the network does, with a batch of any size', () => {
    const network = toNetwork(MODELS.cnn!());
    const { graph, producerName } = model(network, { name: 'digits' });
    expect(producerName).toBe('whittle-ml');
    expect(graph.name).toBe('digits');
    expect(graph.input.map(({ name }) => name)).toEqual(network.inputs.map(({ name }) => name));
    expect(graph.output.map(({ name }) => name)).toEqual(network.outputs);
    expect(graph.input[0]!.type.tensorType.shape.dim).toEqual([
      { dimParam: 'N' },
      { dimValue: 12 },
      { dimValue: 12 },
      { dimValue: 1 },
    ]);
    const made = graph.node.flatMap(({ output }) => output);
    // What stops after training is no value of the file
    const kept = network.nodes.filter(({ name }) => !name.startsWith('dropout')).map(({ name }) => name);
    expect(made).toEqual(expect.arrayContaining(kept));
  });

  test('moves channels where it must and nowhere else', () => {
    const convolutional = toNetwork(MODELS.cnn!());
    expect(countOf(toOnnx(convolutional), 'Transpose')).toBe(2); // the input, and before the Flatten
    expect(countOf(toOnnx(convolutional, { layout: 'first' }), 'Transpose')).toBe(1);
    expect(countOf(toOnnx(calibrated(MODELS.cnn!())), 'Transpose')).toBe(2);
    const mobile = toNetwork(MODELS.mobileNetV2!());
    expect(countOf(toOnnx(mobile), 'Transpose')).toBe(1);
    expect(countOf(toOnnx(mobile, { layout: 'first' }), 'Transpose')).toBe(0);
    expect(countOf(toOnnx(toNetwork(MODELS.branches!())), 'Transpose')).toBe(1);
    expect(countOf(toOnnx(toNetwork(MODELS.rows!())), 'Transpose')).toBe(0);
    // Two that read the image share what moved its channels
    const [, convolution] = [...networks.operations(1, 0)].find(([name]) => name === 'conv relu')!;
    const [conv] = convolution.nodes as [Node];
    const nodes = [conv, { ...conv, name: 'z' }, nodeOf('add', 'sum', [conv.name, 'z'], {})];
    const twice = new Network({ ...convolution, nodes, outputs: ['sum'] });
    expect(countOf(toOnnx(twice), 'Transpose')).toBe(2); // the image, and the output
    const { graph } = model(mobile, { layout: 'first' });
    expect(graph.input[0]!.type.tensorType.shape.dim.slice(1)).toEqual([
      { dimValue: 3 },
      { dimValue: 16 },
      { dimValue: 16 },
    ]);
  });

  test('has a shared weight once, and each constant', () => {
    const [, network] = [...networks.odd()].find(([name]) => name === 'a shared kernel')!;
    expect(model(network).graph.initializer.map(({ name }) => name)).toEqual(['k']);
    const twice = activations('relu6', 'relu6');
    expect(model(twice).graph.initializer).toHaveLength(2);
  });

  test('holds int8 kernels with a scale a unit, and biases of int32 in units of their sums', () => {
    const network = calibrated(MODELS.mlp!());
    const { graph } = model(network);
    const first = network.nodes.find(({ op }) => op === 'dense')!;
    const { kernel, bias } = first.weights as { kernel: string; bias: string };
    const held = (name: string) => graph.initializer.find((each) => each.name === name)!;
    expect(held(kernel).dataType).toBe(3);
    expect(held(bias).dataType).toBe(6);
    const { encoding } = network.weights.get(kernel)! as Stored & { encoding: { type: 'int8' } };
    expect([...new Int8Array(held(kernel).rawData)]).toEqual([...encoding.values]);
    const reading = graph.node.find(({ input }) => input[0] === bias)!;
    const { format } = network.nodes.find(({ name }) => name === first.inputs[0])!;
    const scales = new Float32Array(held(reading.input[1]!).rawData.slice().buffer);
    expect([...scales]).toEqual([...encoding.scales].map((scale) => Math.fround(scale * format!.scale)));
  });

  test('adds what ONNX has no words for as metadata, and only then', () => {
    const hints = (network: Network, options = {}) => model(network, options).metadataProps;
    expect(hints(toNetwork(MODELS.mlp!()))).toEqual([]);
    expect(hints(toNetwork(MODELS.mlp!()), { layout: 'first' })).toEqual([]);
    expect(hints(networks.single('conv', 1)!, { layout: 'first' })).toEqual([
      { key: 'whittle', value: '{"first":["x"]}' },
    ]);
    const [, exact] = [...networks.integers()].find(([name]) => name === 'int8 split')!;
    expect(hints(exact)).toEqual([]);
    const [, wide] = [...networks.integers()].find(([name]) => name === 'int8 requantized')!;
    expect(hints(wide)).toEqual([{ key: 'whittle', value: '{"scales":[["y",0.0517]]}' }]);
    const whole = calibrated(MODELS.rows!(), { rule: 'multiplier' });
    const { rules } = JSON.parse(hints(whole)[0]!.value) as { rules: unknown };
    const named = whole.nodes.filter(({ attrs }) => 'rule' in attrs).map(({ name }) => [name, 'multiplier']);
    expect(named.length).toBeGreaterThan(0);
    expect(rules).toEqual(named);
    const [, dynamic] = [...networks.dynamicModels()][2]!;
    expect(hints(dynamic)[0]!.value).toContain('"dynamic"');
  });

  test('is the same bytes for the same network', () => {
    for (const name of ['branches', 'groups', 'twoInputs']) {
      const network = calibrated(MODELS[name]!());
      const again = library.decodeNetwork(library.encodeNetwork(network)).network;
      expect(toOnnx(again)).toEqual(toOnnx(network));
    }
  });

  test('keeps names apart that values and weights share', () => {
    const kernel: Stored = {
      shape: [2, 2],
      encoding: { type: 'float32', values: Float32Array.of(1, 2, 3, 4) },
      mask: null,
    };
    const node = nodeOf('dense', 'y', ['constant/0'], { activation: { name: 'gelu' } }, { weights: { kernel: 'y' } });
    const inputs = [{ name: 'constant/0', shape: [2], dtype: 'float32' }] as const;
    const network = new Network({ inputs, nodes: [node], outputs: ['y'], weights: new Map([['y', kernel]]) });
    expect(faultsOf(toOnnx(network))).toEqual([]);
  });
});

/** Activations one behind the other. */
function activations(...names: library.ActivationChoice[]): Network {
  const nodes = names.map((name, i) =>
    nodeOf('activation', `a${i}`, [i === 0 ? 'x' : `a${i - 1}`], {
      activation: { name } as Attributes['activation']['activation'],
    }),
  );
  const inputs = [{ name: 'x', shape: [3], dtype: 'float32' }] as const;
  return new Network({ inputs, nodes, outputs: [nodes.at(-1)!.name], weights: new Map() });
}

describe('what no file holds is refused by name', () => {
  const plain = activations('relu');
  const withNodes = (...nodes: Node[]): Network => new Network({ ...plain, nodes, outputs: [nodes.at(-1)!.name] });

  test.each([
    [
      'a dropout that never stops',
      withNodes(nodeOf('dropout', 'drop', ['x'], { rate: 0.5, training: true })),
      'toOnnx: node "drop" (dropout) draws numbers in every run, which no ONNX operator does: leave it out',
    ],
    [
      'code',
      withNodes(nodeOf('custom', 'mine', ['x'], { type: 'Mine', outputShape: [3] })),
      'toOnnx: node "mine" (custom) is code of your own, which no file holds',
    ],
    [
      'float64',
      new Network({ ...plain, inputs: [{ name: 'x', shape: [3], dtype: 'float64' }] }),
      'toOnnx: the network computes in float64: take one in float32',
    ],
    [
      'values without numbers',
      new Network({ ...plain, inputs: [{ name: 'x', shape: [0], dtype: 'float32' }] }),
      'toOnnx: value "x" has no numbers, its samples are [0]',
    ],
    [
      'half a surrogate pair',
      withNodes({ ...plain.nodes[0]!, name: 'a\ud800' }),
      'toOnnx: name must be Unicode, without half surrogate pairs',
    ],
  ])('%s', (_, network, message) => {
    expect(() => toOnnx(network)).toThrow(message);
  });

  test('what is trained for integers', () => {
    const prepared = library.prepareQAT(MODELS.rows!());
    expect(() => toOnnx(toNetwork(prepared))).toThrow(
      /^toOnnx: node ".*" is trained for integers: convert\(\) the model first$/,
    );
  });

  test('options that are none', () => {
    expect(() => toOnnx(plain, { name: '' })).toThrow('toOnnx: name must be a text that is not empty');
    expect(() => toOnnx(plain, { layout: 'nchw' as 'first' })).toThrow('toOnnx: layout must be last or first');
    expect(() => toOnnx(plain, { opset: 13 } as object)).toThrow(
      'toOnnx: opset must be one of the options name, layout',
    );
  });

  test('what is no network', () => {
    expect(() => toOnnx(new Network({ ...plain, outputs: ['missing'] }))).toThrow(library.WhittleError);
  });
});

interface Recorded {
  readonly runtime: string;
  readonly samples: number;
  readonly cases: readonly {
    readonly name: string;
    readonly network: string;
    readonly file: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  }[];
}

// scripts/formats/onnx.mjs --record
const golden = JSON.parse(readFileSync(new URL('../golden/onnx/written.json', import.meta.url), 'utf8')) as Recorded;
const bytesOf = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, 'base64')).buffer;

describe(`what ${golden.runtime} makes of files`, () => {
  test.each(golden.cases)('is what the engine gives: $name', ({ network: stored, file, inputs, outputs }) => {
    const network = library.decodeNetwork(new Uint8Array(bytesOf(stored))).network;
    const written = toOnnx(network);
    expect(createHash('sha256').update(written).digest('hex'), 'the file that it ran').toBe(file);
    const program = compileNetwork(network, golden.samples, reference);
    const given = network.inputs.map(({ dtype }, i) =>
      dtype === 'int32' ? new Int32Array(bytesOf(inputs[i]!)) : new Float32Array(bytesOf(inputs[i]!)),
    );
    const own = program.run(given, golden.samples);
    const isWhole = network.nodes.some(({ format }) => format !== null);
    own.forEach((y, i) => {
      const theirs = new Float32Array(bytesOf(outputs[i]!));
      expect(theirs.length).toBe(y.length);
      const most = (numbers: Float32Array): number => numbers.reduce((all, x) => Math.max(all, Math.abs(x)), 0);
      // An integer may be rounded the other way once: one step of the format that it has, or would have
      const step = isWhole ? (stepOf(network, i) ?? (most(y) * 2) / 255) * 1.001 : 1e-5 * most(y);
      expect(most(theirs.map((x, j) => x - y[j]!))).toBeLessThanOrEqual(step);
    });
    program.dispose();
  });
});

/** The scale of the integers that an output is made of; undefined for one that is made of real numbers. */
function stepOf({ nodes, outputs }: Network, i: number): number | undefined {
  const makers = new Map(nodes.map((node) => [node.name, node]));
  const last = makers.get(outputs[i]!);
  return last?.op === 'dequantize' ? makers.get(last.inputs[0]!)?.format?.scale : undefined;
}
