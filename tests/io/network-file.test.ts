import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { FormatError, ShapeError, ValueError, WhittleError } from '../../src/base/errors.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { Dense, Sequential, toNetwork } from '../../src/index.ts';
import { ACTIVATIONS, compileNetwork, type Stored, validateNetwork } from '../../src/infer/index.ts';
import {
  decodeNetwork,
  decodeSafetensors,
  encodeNetwork,
  encodeSafetensors,
  type SafeTensor,
} from '../../src/io/index.ts';
import {
  chain,
  type DenseLayer,
  dense,
  floats,
  mixedNetwork,
  type NetworkLayer,
  quantized,
  randoms,
} from '../infer/networks.ts';

const networkOf = (...layers: readonly NetworkLayer[]): Network => chain([64], layers);
const roundTrip = (network: Network): Network => decodeNetwork(encodeNetwork(network)).network;
const names = (network: Network): string[] => [...decodeSafetensors(encodeNetwork(network)).tensors.keys()].sort();

/** A dense layer of 64 inputs and 8 units whose weights are zero except at the given places. */
function sparse(values: Record<number, number>, mask: Uint8Array | null = null): DenseLayer {
  const weights = new Float32Array(512);
  for (const [i, w] of Object.entries(values)) weights[Number(i)] = w;
  return { ...dense('s', 64, 8, randoms(1)), weights, mask };
}

describe('a network file', () => {
  test('gives back a network of every layer type to the bit, with the same output', () => {
    const network = mixedNetwork(5);
    const back = roundTrip(network);
    expect(back).toEqual(network);
    const input = floats(18, randoms(2));
    const run = (n: Network): Float32Array => compileNetwork(n, 3, reference).run(input);
    expect(run(back)).toEqual(run(network));
  });

  test('gives back every activation with its parameter, and float64 weights', () => {
    const layers = ACTIVATIONS.map((name, i) =>
      dense(`d${i}`, 64, 64, randoms(i), i % 2 === 0 ? { name } : { name, alpha: 0.1 * i }),
    );
    const double = { ...layers[0]!, name: 'double', weights: Float64Array.from(layers[0]!.weights, (w) => w / 3) };
    expect(roundTrip(networkOf(...layers))).toEqual(networkOf(...layers));
    expect(roundTrip(networkOf({ ...double, bias: null }))).toEqual(networkOf({ ...double, bias: null }));
  });

  test('keeps NaN, infinities, subnormal numbers and the sign of zero, coded or not', () => {
    const special = { 0: Number.NaN, 1: Number.POSITIVE_INFINITY, 2: -1e-45, 3: -0, 4: 3.4e38 };
    const [coded, plain] = [sparse(special), sparse({ ...special })];
    for (let i = 5; i < 512; i++) plain.weights[i] = i;
    expect(names(networkOf(coded))).toEqual(['s/bias', 's/kernel.deltas', 's/kernel.values']);
    expect(names(networkOf(plain))).toEqual(['s/bias', 's/kernel']);
    for (const layer of [coded, plain]) {
      const back = roundTrip(networkOf(layer)).weights.get('s/kernel')!.encoding.values;
      expect(back).toEqual(layer.weights);
      expect(Object.is(back[3], -0)).toBe(true);
      expect(Object.is(back[400], layer.weights[400])).toBe(true);
    }
  });

  test('keeps a living weight that happens to be 0 alive, and a pruned one that is not 0 as it is', () => {
    const mask = new Uint8Array(512);
    mask.fill(1, 0, 10);
    const alive = sparse({ 1: 2 }, mask);
    expect(names(networkOf(alive))).toEqual(['s/bias', 's/kernel.deltas', 's/kernel.values']);
    expect(roundTrip(networkOf(alive))).toEqual(networkOf(alive));
    for (const odd of [5, -0]) {
      const layer = sparse({ 1: 2, 100: odd }, mask);
      expect(names(networkOf(layer))).toEqual(['s/bias', 's/kernel', 's/kernel.deltas']);
      expect(roundTrip(networkOf(layer))).toEqual(networkOf(layer));
    }
    const all = { ...sparse({}), mask: new Uint8Array(512).fill(1) };
    expect(names(networkOf(all))).toEqual(['s/bias', 's/kernel', 's/kernel.bitmask']);
    expect(roundTrip(networkOf(all))).toEqual(networkOf(all));
  });

  test('is smaller for pruned float32 and int8 weights, and never larger for full ones', () => {
    const next = randoms(9);
    const [full, pruned] = [dense('x', 64, 64, next), dense('x', 64, 64, next)];
    const [full8, pruned8] = [quantized('x', 64, 64, next), quantized('x', 64, 64, next)];
    for (let i = 0; i < 4096; i++) {
      full.weights[i] = full.weights[i]! + 2;
      full8.weights[i] = full8.weights[i]! | 1;
      if (i % 10 !== 0) pruned.weights[i] = 0;
      if (i % 10 !== 0) pruned8.weights[i] = 0;
    }
    const size = (layer: NetworkLayer): number => encodeNetwork(networkOf(layer)).length;
    expect(size(pruned)).toBeLessThan(0.2 * size(full));
    expect(size(pruned8)).toBeLessThan(0.5 * size(full8));
    expect(size(full)).toBeLessThan(4 * 4096 + 4 * 64 + 700);
    for (const layer of [full, pruned, full8, pruned8]) expect(roundTrip(networkOf(layer))).toEqual(networkOf(layer));
  });

  test.each([
    ['float32', 4, (): NetworkLayer => ({ ...sparse({}), mask: null, weights: new Float32Array(512).fill(1) })],
    [
      'float64',
      8,
      (): NetworkLayer => ({ ...sparse({}), mask: null, weights: new Float64Array(512).fill(1), bias: null }),
    ],
    ['int8', 1, (): NetworkLayer => quantized('s', 64, 8, randoms(1), { weights: new Int8Array(512).fill(1) })],
  ] as const)('of %s codes zeros as soon as that saves more than it costs', (_, width, make) => {
    const sizeOf = (zeros: number): number => {
      const layer = make();
      if ('weights' in layer) layer.weights.fill(0, 0, zeros);
      expect(roundTrip(networkOf(layer))).toEqual(networkOf(layer));
      return encodeNetwork(networkOf(layer)).length;
    };
    const full = sizeOf(0);
    for (let zeros = 0; zeros <= 512; zeros += 16) {
      const saved = zeros * width - 512 / 8; // without what the header takes
      expect(sizeOf(zeros)).toBeLessThanOrEqual(full);
      if (saved > 160) expect(sizeOf(zeros)).toBeLessThan(full - saved + 160);
    }
  });

  test('keeps names such as __proto__ and sizes of zero', () => {
    const next = randoms(3);
    const layers = [dense('__proto__', 3, 0, next), dense('constructor', 0, 5, next), quantized('a"\n€', 5, 0, next)];
    const network = chain([3], layers);
    expect(roundTrip(network)).toEqual(network);
  });

  test('carries more metadata and tensors, and gives the same bytes each time', () => {
    const tensors = new Map<string, SafeTensor>([
      ['adam.m', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }],
    ]);
    const bytes = encodeNetwork(mixedNetwork(), { metadata: { note: 'x' }, tensors });
    const { metadata, tensors: more } = decodeNetwork(bytes);
    expect([...metadata]).toEqual([['note', 'x']]);
    expect(more).toEqual(tensors);
    expect(encodeNetwork(mixedNetwork(), { metadata: { note: 'x' }, tensors })).toEqual(bytes);
    expect(encodeNetwork(mixedNetwork(), { metadata, tensors: more })).toEqual(bytes); // as it was read
    for (const [none, shown] of [
      [7, '7'],
      [['note'], '["note"]'],
      ['note', '"note"'],
    ])
      expect(() => encodeNetwork(mixedNetwork(), { metadata: none as never })).toThrow(
        `encodeNetwork: metadata must be an object of texts, or a Map of them, got ${shown}`,
      );
    expect(() => encodeNetwork(mixedNetwork(), { metadata: new Map([['whittle', '']]) })).toThrow(ValueError);
  });

  test('refuses to write an invalid network and names that are taken', () => {
    const network = mixedNetwork();
    const tensor: SafeTensor = { dtype: 'U8', shape: [0], data: new Uint8Array(0) };
    const inputs = [{ ...network.inputs[0]!, shape: [5] }];
    expect(() => encodeNetwork({ ...network, inputs })).toThrow(ShapeError);
    expect(() => encodeNetwork(network, { metadata: { whittle: '' } })).toThrow(ValueError);
    expect(() => encodeNetwork(network, { tensors: new Map([['first/bias', tensor]]) })).toThrow(ValueError);
    // A reader would take it for the bias of a layer that has none
    const plain = toNetwork(new Sequential([new Dense(2, { name: 'plain', useBias: false, inputShape: [3] })]));
    expect(() => encodeNetwork(plain, { tensors: new Map([['plain/bias', tensor]]) })).toThrow(
      'encodeNetwork: tensor name must be one the network does not use, got "plain/bias"',
    );
  });
});

/** The valid file of a dense layer of 2 inputs and 2 units after a quantize and dequantize, with parts of it changed. */
function changed(
  architecture: string | ((json: string) => string),
  tensors: Record<string, SafeTensor | null> = {},
): Uint8Array {
  const mask = Uint8Array.of(1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
  const layer = { ...dense('d', 2, 6, randoms(1)), mask };
  mask.forEach((bit, i) => {
    if (bit === 0) layer.weights[i] = 0;
  });
  const file = decodeSafetensors(encodeNetwork(chain([2], [quantized('q', 2, 2, randoms(2)), layer])));
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor === null) file.tensors.delete(name);
    else file.tensors.set(name, tensor);
  }
  const json = file.metadata.get('whittle')!;
  return encodeSafetensors(file.tensors, {
    whittle: typeof architecture === 'string' ? architecture : architecture(json),
  });
}
const same = (json: string): string => json;
const u8 = (...values: number[]): SafeTensor => ({
  dtype: 'U8',
  shape: [values.length],
  data: Uint8Array.from(values),
});
const f32 = (shape: number[]): SafeTensor => ({
  dtype: 'F32',
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});
const network = (parts: Readonly<Record<string, unknown>>, tensors = new Map<string, SafeTensor>()): Uint8Array => {
  const all = { version: 2, inputs: [{ shape: [2] }], nodes: [], ...parts };
  return encodeSafetensors(tensors, { whittle: JSON.stringify(all) });
};
const node = (change: Readonly<Record<string, unknown>>): Uint8Array =>
  network({ nodes: [{ name: 'n', op: 'flatten', ...change }] });
const dropout = (rate: unknown, more: object = {}): Uint8Array => node({ op: 'dropout', rate, ...more });
const replace =
  (from: string, to: string) =>
  (json: string): string => {
    expect(json).toContain(from);
    return json.replace(from, to);
  };
const input = (change: Readonly<Record<string, unknown>>): Uint8Array =>
  network({ inputs: [{ shape: [2], ...change }] });

const malformed: [string, Uint8Array, string | RegExp][] = [
  ['no architecture', encodeSafetensors(new Map()), 'metadata.whittle: is missing'],
  ['an empty architecture', changed(''), 'expected a JSON value'],
  ['an architecture that is a list', changed('[]'), 'whittle: must be an object'],
  ['no version', changed(replace('"version":2,', '')), 'version: is missing'],
  ['another version', changed(replace('"version":2', '"version":6')), 'version: this reader knows 1 to 5, got 6'],
  ['a version that is text', changed(replace('"version":2', '"version":"2"')), 'this reader knows 1 to 5, got "2"'],
  ['a key twice', changed(replace('"version":2', '"version":2,"version":2')), 'comes twice'],
  ['an unknown field', network({ code: 'x' }), 'code: this reader does not know'],
  ['inputs that are an object', network({ inputs: {} }), 'inputs: must be a list'],
  ['no inputs', network({ inputs: [] }), 'the network inputs must be a list of inputs'],
  ['an input that is null', network({ inputs: [null] }), 'inputs[0]: must be an object'],
  [
    'two inputs of one name',
    network({ inputs: [{ shape: [2] }, { shape: [2] }] }),
    'different from all others, got "input"',
  ],
  ['a shape of text', input({ shape: ['2'] }), 'inputs[0].shape: must be'],
  ['a fractional shape', input({ shape: [2.5] }), 'dimension 0 must be'],
  ['a huge shape', input({ shape: [4194305, 4194305] }), 'the limit is'],
  ['another type of input', input({ dtype: 'bool' }), 'input "input" dtype must be float32'],
  ['more of an input', input({ dtype: 'int32', at: 0 }), 'at: this reader'],
  ['no outputs', network({ outputs: [] }), 'the network outputs must be a list of outputs'],
  ['outputs that are numbers', network({ outputs: [0] }), 'outputs: must be strings'],
  ['an output that is nothing', network({ outputs: ['y'] }), 'outputs must be names of inputs or nodes'],
  ['a node that is null', network({ nodes: [null] }), 'nodes[0]: must be an object'],
  ['an unknown operation', node({ op: 'lambda' }), 'node "n" op must be known, got "lambda"'],
  ['an operation from the prototype', node({ op: 'constructor' }), 'op must be known, got "constructor"'],
  [
    "code of somebody's own",
    node({ op: 'custom', type: 't', outputShape: [2] }),
    'nodes[0].op: is code, which no file can hold',
  ],
  ['an operation that is a number', node({ op: 1 }), 'op: must be a string'],
  ['a node without a name', node({ name: undefined }), 'name: is missing'],
  ['an empty name', node({ name: '' }), 'node name must be a string, got ""'],
  ['the name of the input', node({ name: 'input' }), 'must be different from all others, got "input"'],
  ['a value that does not exist', node({ inputs: ['y'] }), 'made before it, got "y"'],
  ['a value of itself', node({ inputs: ['n'] }), 'made before it, got "n"'],
  ['no inputs of a node', node({ inputs: [] }), 'inputs must be 1 value, got 0'],
  ['a weight that is a number', node({ weights: { kernel: 1 } }), 'weights: must be keys'],
  ['a weight that is not there', node({ weights: { kernel: 'k' } }), 'k: the tensor is missing'],
  ['an unknown attribute', node({ rate: 1 }), 'nodes[0].rate: must be left out'],
  [
    '__proto__ as an attribute',
    changed(replace('"op":"dense"', '"op":"dense","__proto__":{}')),
    '__proto__: must be left',
  ],
  ['a rate of text', dropout('0.5'), 'nodes[0].rate: must be from 0 to 1'],
  ['a rate of 2', dropout(2), 'rate: must be from 0 to 1'],
  ['no rate', dropout(undefined), 'rate: must be from 0 to 1'],
  [
    'an unknown activation',
    changed(replace('"op":"dense"', '"op":"dense","activation":"mish"')),
    'activation: must be one of linear',
  ],
  [
    'an activation from the prototype',
    changed(replace('"op":"dense"', '"op":"dense","activation":"toString"')),
    'one of linear',
  ],
  [
    'an activation that is a number',
    changed(replace('"op":"dense"', '"op":"dense","activation":1')),
    'activation: must be',
  ],
  [
    'an alpha of null',
    changed(replace('"op":"dense"', '"op":"dense","activation":{"name":"elu","alpha":null}')),
    'one of linear',
  ],
  ['a format that is null', node({ format: null }), 'format: must be an object'],
  ['a format without a scale', node({ format: { zeroPoint: 0 } }), 'format.scale: is missing'],
  ['more of a format', node({ format: { scale: 1, zeroPoint: 0, bits: 4 } }), 'bits: this reader does not know'],
  ['a format of its own', node({ format: { scale: 1, zeroPoint: 0 } }), 'that of its input, got float32 and int8'],
  ['more of a node', node({ trainable: true }), 'trainable: must be left out'],
  ['weights that are an object', network({ weights: {} }), 'weights: must be a list'],
  [
    'a weight twice',
    changed((json) => json.replace(/"weights":\[\{([^}]*)\}/, '"weights":[{$1},{$1}')),
    'is there twice',
  ],
  ['a weight that nobody reads', network({ weights: [{ key: 'k' }] }), 'k: the tensor is missing'],
  ['more of a weight', changed(replace('"mask":true', '"mask":true,"kind":4')), 'kind: this reader does not know'],
  ['a mask that is a number', changed(replace('"mask":true', '"mask":1')), 'mask: must be true or false'],
  [
    'a shape that the file does not hold',
    changed(replace('"key":"d/kernel","shape":[2,6]', '"key":"d/kernel","shape":[2,1000000000]')),
    'd/kernel.bitmask: must have 250000000 bytes, got 2',
  ],
  ['a weight that is missing', changed(replace('"shape":[2,6],', '')), 'd/kernel: the tensor is missing'],
  ['a kernel that is missing', changed(same, { 'q/kernel': null }), 'q/kernel: the tensor is missing'],
  ['scales that are missing', changed(same, { 'q/kernel.scales': null }), 'q/kernel.scales: the tensor is missing'],
  ['scales of another length', changed(same, { 'q/kernel.scales': f32([3]) }), 'scales: must have shape [2], got [3]'],
  ['a bitmask that is missing', changed(same, { 'd/kernel.bitmask': null }), 'd/kernel.bitmask: the tensor is missing'],
  ['a bitmask of another type', changed(same, { 'd/kernel.bitmask': f32([1]) }), 'bitmask: must be U8, got F32'],
  ['a bitmask too long', changed(same, { 'd/kernel.bitmask': u8(13, 0, 0) }), 'bitmask: must have 2 bytes, got 3'],
  [
    'bits after the last weight',
    changed(same, { 'd/kernel.bitmask': u8(13, 16) }),
    'bitmask: must walk over 12 places, walks over 13',
  ],
  [
    'more bits than values',
    changed(same, { 'd/kernel.bitmask': u8(15, 0) }),
    'values: must be 4 numbers, one for each place, got 3',
  ],
  ['values of two axes', changed(same, { 'd/kernel.values': f32([3, 1]) }), 'values: must have shape [3], got [3, 1]'],
  [
    'values of another type',
    changed(same, { 'd/kernel.values': u8(1, 2, 3) }),
    'd/kernel.values: there are no weights of U8',
  ],
  ['a bias of another shape', changed(same, { 'd/bias': f32([2, 1]) }), 'node "d" needs a bias [6]'],
  ['a bias of another type', changed(same, { 'd/bias': u8(1, 2, 3, 4, 5, 6) }), 'd/bias: there are no weights of U8'],
  ['nodes that do not fit', changed(replace('"shape":[2]}', '"shape":[3]}')), 'expects a last axis of 2'],
  ['deep nesting', changed(`{"version":${'['.repeat(100_000)}`), 'more than 16 levels'],
];

describe('decodeNetwork', () => {
  test('reads the file that the malformed ones are made from', () => {
    expect(decodeNetwork(changed(same)).network.nodes.length).toBe(3);
    expect(decodeNetwork(node({})).network.outputs).toEqual(['n']);
    expect(decodeNetwork(network({})).network.outputs).toEqual(['input']);
    expect(decodeNetwork(dropout(1, { training: true })).network.nodes[0]!.attrs).toEqual({
      rate: 1,
      training: true,
    });
  });

  test.each(malformed)('refuses %s', (_, bytes, message) => {
    expect(() => decodeNetwork(bytes)).toThrow(WhittleError);
    expect(() => decodeNetwork(bytes)).toThrow(message);
  });

  test('refuses a valid file cut at every length', () => {
    const bytes = encodeNetwork(mixedNetwork());
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeNetwork(bytes.subarray(0, length))).toThrow(FormatError);
    }
  });

  test('gives a valid network or a WhittleError for 500 mutants', () => {
    const bytes = encodeNetwork(mixedNetwork(), { metadata: { note: 'more' } });
    const headerEnd = 8 + new DataView(bytes.buffer).getUint32(0, true);
    const next = randoms(77);
    const below = (n: number): number => Math.floor(((next() + 1) / 2) * n);
    let [decoded, refused] = [0, 0];
    for (let i = 0; i < 500; i++) {
      let mutant = bytes.slice();
      for (let change = below(3); change >= 0; change--) {
        // Every other change hits the header, where the structure is.
        const at = below(below(2) === 0 ? mutant.length : Math.min(headerEnd, mutant.length));
        const kind = below(6);
        if (kind === 0) mutant[at] = below(256);
        else if (kind === 1) mutant[at] = mutant[at]! ^ (1 << below(8));
        else if (kind === 2) mutant[at] = '0123456789-.eE[]{},:"'.charCodeAt(below(21));
        else if (kind === 3) mutant = mutant.slice(0, at);
        else if (kind === 4) mutant.copyWithin(at, below(mutant.length), below(mutant.length));
        else mutant = Uint8Array.from([...mutant.subarray(0, at), below(256), ...mutant.subarray(at)]);
      }
      try {
        const { network } = decodeNetwork(mutant);
        validateNetwork(network);
        compileNetwork(network, 1, reference).run(new Float32Array(6));
        decoded++;
      } catch (error) {
        expect(error).toBeInstanceOf(WhittleError);
        refused++;
      }
    }
    expect(decoded).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(300);
  });

  test('gives a valid network or a WhittleError for every digit of the architecture changed', () => {
    const { tensors, metadata } = decodeSafetensors(encodeNetwork(mixedNetwork()));
    const json = metadata.get('whittle')!;
    for (const match of json.matchAll(/true|false|null|-?[0-9][0-9.e-]*|"[^"]*"/g)) {
      for (const other of ['0', '-1', '0.5', '1e308', '4294967296', 'null', 'true', '""', '"relu"', '[]', '{}']) {
        const mutant = json.slice(0, match.index) + other + json.slice(match.index + match[0].length);
        try {
          validateNetwork(decodeNetwork(encodeSafetensors(tensors, { whittle: mutant })).network);
        } catch (error) {
          expect(error).toBeInstanceOf(WhittleError);
        }
      }
    }
  });
});

test('a node without a bias does not get one that another node calls after it', () => {
  const weight = (...shape: number[]): Stored => ({
    shape,
    encoding: { type: 'float32', values: new Float32Array(shape.reduce((n, m) => n * m)).fill(2) },
    mask: null,
  });
  const linear = { activation: { name: 'linear' } } as const;
  const network = new Network({
    inputs: [{ name: 'input', shape: [2], dtype: 'float32' }],
    nodes: [
      nodeOf('dense', 'd', ['input'], linear, { weights: { kernel: 'd/kernel' } }),
      nodeOf('dense', 'e', ['d'], linear, { weights: { kernel: 'e/kernel', bias: 'd/bias' } }),
    ],
    outputs: ['e'],
    weights: new Map([
      ['d/kernel', weight(2, 3)],
      ['e/kernel', weight(3, 3)],
      ['d/bias', weight(3)],
    ]),
  });
  expect(decodeNetwork(encodeNetwork(network)).network).toEqual(network);
});
