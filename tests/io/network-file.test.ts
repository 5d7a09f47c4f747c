import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { FormatError, ShapeError, ValueError, WhittleError } from '../../src/base/errors.ts';
import {
  ACTIVATIONS,
  compileNetwork,
  type DenseLayer,
  type Network,
  type NetworkLayer,
  validateNetwork,
} from '../../src/infer/index.ts';
import {
  decodeNetwork,
  decodeSafetensors,
  encodeNetwork,
  encodeSafetensors,
  type SafeTensor,
} from '../../src/io/index.ts';
import { dense, floats, mixedNetwork, quantized, randoms } from '../infer/networks.ts';

const networkOf = (...layers: Network['layers']): Network => ({ inputShape: [64], layers });
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
    expect(names(networkOf(coded))).toEqual(['s.bias', 's.bitmask', 's.values']);
    expect(names(networkOf(plain))).toEqual(['s.bias', 's.weights']);
    for (const layer of [coded, plain]) {
      const back = roundTrip(networkOf(layer)).layers[0] as DenseLayer;
      expect(back).toEqual(layer);
      expect(Object.is(back.weights[3], -0)).toBe(true);
      expect(Object.is(back.weights[400], layer.weights[400])).toBe(true);
    }
  });

  test('keeps a living weight that happens to be 0 alive, and a pruned one that is not 0 as it is', () => {
    const mask = new Uint8Array(512);
    mask.fill(1, 0, 10);
    const alive = sparse({ 1: 2 }, mask);
    expect(names(networkOf(alive))).toEqual(['s.bias', 's.bitmask', 's.values']);
    expect(roundTrip(networkOf(alive))).toEqual(networkOf(alive));
    for (const odd of [5, -0]) {
      const layer = sparse({ 1: 2, 100: odd }, mask);
      expect(names(networkOf(layer))).toEqual(['s.bias', 's.bitmask', 's.weights']);
      expect(roundTrip(networkOf(layer))).toEqual(networkOf(layer));
    }
    const all = { ...sparse({}), mask: new Uint8Array(512).fill(1) };
    expect(names(networkOf(all))).toEqual(['s.bias', 's.bitmask', 's.weights']);
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
    const size = (layer: Network['layers'][number]): number => encodeNetwork(networkOf(layer)).length;
    expect(size(pruned)).toBeLessThan(0.2 * size(full));
    expect(size(pruned8)).toBeLessThan(0.5 * size(full8));
    expect(size(full)).toBeLessThan(4 * 4096 + 4 * 64 + 600);
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
    const network: Network = {
      inputShape: [3],
      layers: [dense('__proto__', 3, 0, next), dense('constructor', 0, 5, next), quantized('a"\n€', 5, 0, next)],
    };
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
  });

  test('refuses to write an invalid network and names that are taken', () => {
    const network = mixedNetwork();
    const tensor: SafeTensor = { dtype: 'U8', shape: [0], data: new Uint8Array(0) };
    expect(() => encodeNetwork({ ...network, inputShape: [5] })).toThrow(ShapeError);
    expect(() => encodeNetwork(network, { metadata: { whittle: '' } })).toThrow(ValueError);
    expect(() => encodeNetwork(network, { tensors: new Map([['first.bias', tensor]]) })).toThrow(ValueError);
  });
});

/** The valid file of a dense layer of 2 inputs and 2 units, coded or not, with its architecture or tensors changed. */
function changed(
  architecture: string | ((json: string) => string),
  tensors: Record<string, SafeTensor | null> = {},
): Uint8Array {
  const layer = { ...dense('d', 2, 2, randoms(1)), mask: Uint8Array.of(1, 0, 1, 1) };
  layer.weights[1] = 0;
  const file = decodeSafetensors(encodeNetwork({ inputShape: [2], layers: [layer] }));
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor === null) file.tensors.delete(name);
    else file.tensors.set(name, tensor);
  }
  const json = file.metadata.get('whittle')!;
  return encodeSafetensors(file.tensors, {
    whittle: typeof architecture === 'string' ? architecture : architecture(json),
  });
}
const replace =
  (from: string, to: string) =>
  (json: string): string => {
    expect(json).toContain(from);
    return json.replace(from, to);
  };
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
const noWeights = { 'd.bitmask': null, 'd.values': null, 'd.bias': null };
const layers = (...items: string[]): string => `{"version":1,"inputShape":[2],"layers":[${items.join(',')}]}`;

const malformed: [string, Uint8Array, string | RegExp][] = [
  ['no architecture', encodeSafetensors(new Map()), 'metadata.whittle: is missing'],
  ['an empty architecture', changed(''), 'expected a JSON value'],
  ['an architecture that is a list', changed('[]'), 'whittle: must be an object'],
  ['no version', changed(replace('"version":1,', '')), 'version: is missing'],
  ['another version', changed(replace('"version":1', '"version":2')), 'version: this reader knows 1, got 2'],
  ['a version that is text', changed(replace('"version":1', '"version":"1"')), 'this reader knows 1'],
  ['a key twice', changed(replace('"version":1', '"version":1,"version":1')), 'comes twice'],
  ['an unknown field', changed(replace('"version":1', '"version":1,"code":"x"')), 'code: this reader does not know'],
  ['__proto__ as a field', changed(replace('"version":1', '"version":1,"__proto__":{}')), '__proto__: this reader'],
  ['an input shape of text', changed(replace('[2]', '["2"]')), 'inputShape: numbers'],
  ['a fractional input shape', changed(replace('[2]', '[2.5]')), 'dimension 0 must be'],
  ['a negative input shape', changed(replace('[2]', '[-2]')), 'dimension 0 must be'],
  ['a huge input shape', changed(replace('[2]', '[4194305,4194305,211106198978564]')), 'the limit is'],
  ['layers that are an object', changed('{"version":1,"inputShape":[2],"layers":{}}'), 'layers: must be a list'],
  ['a layer that is null', changed(layers('null'), noWeights), 'layers[0]: must be an object'],
  ['an unknown layer type', changed(layers('{"type":"lambda","name":"x"}'), noWeights), 'no layer of type "lambda"'],
  [
    'a layer type from the prototype',
    changed(layers('{"type":"constructor","name":"x"}'), noWeights),
    'no layer of type',
  ],
  ['a layer type that is a number', changed(layers('{"type":1,"name":"x"}'), noWeights), 'type: must be a string'],
  ['a layer without a name', changed(layers('{"type":"flatten"}'), noWeights), 'name: is missing'],
  ['an empty name', changed(layers('{"type":"flatten","name":""}'), noWeights), 'name must be a string of its own'],
  [
    'two equal names',
    changed(layers('{"type":"flatten","name":"x"}', '{"type":"flatten","name":"x"}'), noWeights),
    'different',
  ],
  [
    'a field that a layer does not have',
    changed(layers('{"type":"flatten","name":"x","rate":1}'), noWeights),
    'rate: this reader',
  ],
  [
    'a rate of text',
    changed(layers('{"type":"dropout","name":"x","rate":"0.5"}'), noWeights),
    'rate: must be a finite',
  ],
  ['a rate of 2', changed(layers('{"type":"dropout","name":"x","rate":2}'), noWeights), 'rate must be from 0 to 1'],
  ['a rate past float64', changed(layers('{"type":"dropout","name":"x","rate":1e999}'), noWeights), 'must be a finite'],
  ['an unknown activation', changed(replace('"linear"', '"mish"')), 'activation.name: must be one of'],
  ['an activation from the prototype', changed(replace('"linear"', '"toString"')), 'activation.name: must be one of'],
  ['an activation without a name', changed(replace('{"name":"linear"}', '{}')), 'activation.name: is missing'],
  ['an unknown activation field', changed(replace('"linear"', '"linear","beta":1')), 'beta: this reader'],
  ['an alpha of null', changed(replace('"linear"', '"elu","alpha":null')), 'alpha: must be a finite number'],
  ['fractional units', changed(replace('"units":2', '"units":2.5')), 'units: must be a non-negative integer'],
  ['negative units', changed(replace('"units":2', '"units":-2')), 'units: must be a non-negative integer'],
  ['huge units', changed(replace('"units":2', '"units":9007199254740991')), 'the limit is'],
  [
    'units that the file does not hold',
    changed(replace('"units":2', '"units":1000000000')),
    'd.bitmask: must have shape [250000000]',
  ],
  ['a flag that is a number', changed(replace('"coded":true', '"coded":1')), 'coded: must be true or false'],
  ['weights that are missing', changed(replace('"coded":true', '"coded":false')), 'd.weights: the tensor is missing'],
  ['a bitmask that is missing', changed(same, { 'd.bitmask': null }), 'd.bitmask: the tensor is missing'],
  ['a bitmask of another type', changed(same, { 'd.bitmask': f32([1]) }), 'd.bitmask: must be U8, got F32'],
  ['a bitmask too long', changed(same, { 'd.bitmask': u8(13, 0) }), 'd.bitmask: must have shape [1], got [2]'],
  ['bits after the last weight', changed(same, { 'd.bitmask': u8(13 + 16) }), 'bitmask: has bits after its end'],
  ['more bits than values', changed(same, { 'd.bitmask': u8(15) }), 'values: the bitmask has 4 bits, got 3'],
  ['values of two axes', changed(same, { 'd.values': f32([3, 1]) }), 'd.values: must have shape one axis'],
  ['values of another type', changed(same, { 'd.values': u8(1, 2, 3) }), 'd.values: must be F32 or F64, got U8'],
  ['a bias that is missing', changed(same, { 'd.bias': null }), 'd.bias: the tensor is missing'],
  ['a bias of another shape', changed(same, { 'd.bias': f32([2, 1]) }), 'd.bias: must have shape [2], got [2, 1]'],
  ['a bias of another type', changed(same, { 'd.bias': u8(1, 2) }), 'd.bias: must be F32, got U8'],
  ['layers that do not chain', changed(replace('[2]', '[3]')), 'expects a last axis of 2'],
  [
    'the same layer twice',
    changed((json) => json.replace(/"layers":\[(.*)\]/, '"layers":[$1,$1]')),
    'd.bitmask: the tensor is missing',
  ],
  ['deep nesting', changed(`{"version":${'['.repeat(100_000)}`), 'more than 16 levels'],
  [
    'quantized parameters of null',
    changed(
      layers(
        '{"type":"quantizedDense","name":"q","inputs":2,"units":0,"coded":false,"input":null,"output":null,"activation":{"name":"linear"}}',
      ),
      noWeights,
    ),
    'input: must be an object',
  ],
  [
    'quantized parameters without a scale',
    changed(
      layers(
        '{"type":"quantizedDense","name":"q","inputs":2,"units":0,"coded":false,"input":{"zeroPoint":0},"output":null,"activation":{"name":"linear"}}',
      ),
      noWeights,
    ),
    'input.scale: is missing',
  ],
];

describe('decodeNetwork', () => {
  test('reads the file that the malformed ones are made from', () => {
    expect(decodeNetwork(changed(same)).network.layers.length).toBe(1);
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
