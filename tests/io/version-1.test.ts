import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { WhittleError } from '../../src/base/errors.ts';
import { digest, fromData, loadModel, predictNetwork, Random } from '../../src/index.ts';
import { ACTIVATIONS, compileNetwork } from '../../src/infer/index.ts';
import { decodeNetwork, decodeSafetensors, encodeSafetensors, type SafeTensor } from '../../src/io/index.ts';
import { chain, dense, floats, mixedLayers, type NetworkLayer, quantized, randoms } from '../infer/networks.ts';
import { encodeVersion1 } from './version-1-files.ts';

/** The valid file of a dense layer of 2 inputs and 2 units, coded or not, with its architecture or tensors changed. */
function changed(
  architecture: string | ((json: string) => string),
  tensors: Record<string, SafeTensor | null> = {},
): Uint8Array {
  const layer = { ...dense('d', 2, 2, randoms(1)), mask: Uint8Array.of(1, 0, 1, 1) };
  layer.weights[1] = 0;
  const file = decodeSafetensors(encodeVersion1([2], [layer]));
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
  ['another version', changed(replace('"version":1', '"version":6')), 'version: this reader knows 1 to 5, got 6'],
  ['a version that is text', changed(replace('"version":1', '"version":"1"')), 'this reader knows 1'],
  ['a key twice', changed(replace('"version":1', '"version":1,"version":1')), 'comes twice'],
  ['an unknown field', changed(replace('"version":1', '"version":1,"code":"x"')), 'code: this reader does not know'],
  ['__proto__ as a field', changed(replace('"version":1', '"version":1,"__proto__":{}')), '__proto__: this reader'],
  ['an input shape of text', changed(replace('[2]', '["2"]')), 'inputShape: must be finite numbers'],
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
  ['an empty name', changed(layers('{"type":"flatten","name":""}'), noWeights), 'node name must be a string, got ""'],
  [
    'two equal names',
    changed(layers('{"type":"flatten","name":"x"}', '{"type":"flatten","name":"x"}'), noWeights),
    'different',
  ],
  [
    'a field that a layer does not have',
    changed(layers('{"type":"flatten","name":"x","rate":1}'), noWeights),
    'rate: must be left out',
  ],
  [
    'a rate of text',
    changed(layers('{"type":"dropout","name":"x","rate":"0.5"}'), noWeights),
    'rate: must be from 0 to 1',
  ],
  ['a rate of 2', changed(layers('{"type":"dropout","name":"x","rate":2}'), noWeights), 'rate: must be from 0 to 1'],
  [
    'a rate past float64',
    changed(layers('{"type":"dropout","name":"x","rate":1e999}'), noWeights),
    'rate: must be from 0 to 1',
  ],
  ['an unknown activation', changed(replace('"linear"', '"mish"')), 'activation: must be one of'],
  ['an activation from the prototype', changed(replace('"linear"', '"toString"')), 'activation: must be one of'],
  ['an activation without a name', changed(replace('{"name":"linear"}', '{}')), 'activation: must be one of'],
  ['an unknown activation field', changed(replace('"linear"', '"linear","beta":1')), 'activation: must be'],
  ['an alpha of null', changed(replace('"linear"', '"elu","alpha":null')), 'activation: must be'],
  ['fractional units', changed(replace('"units":2', '"units":2.5')), 'units: must be a non-negative integer'],
  ['negative units', changed(replace('"units":2', '"units":-2')), 'units: must be a non-negative integer'],
  ['huge units', changed(replace('"units":2', '"units":9007199254740991')), 'the limit is'],
  [
    'units that the file does not hold',
    changed(replace('"units":2', '"units":1000000000')),
    'd.bitmask: must have 250000000 bytes',
  ],
  ['a flag that is a number', changed(replace('"coded":true', '"coded":1')), 'coded: must be true or false'],
  ['weights that are missing', changed(replace('"coded":true', '"coded":false')), 'd.weights: the tensor is missing'],
  ['a bitmask that is missing', changed(same, { 'd.bitmask': null }), 'd.bitmask: the tensor is missing'],
  ['a bitmask of another type', changed(same, { 'd.bitmask': f32([1]) }), 'd.bitmask: must be U8, got F32'],
  ['a bitmask too long', changed(same, { 'd.bitmask': u8(13, 0) }), 'd.bitmask: must have 1 bytes, got 2'],
  [
    'bits after the last weight',
    changed(same, { 'd.bitmask': u8(13 + 16) }),
    'bitmask: must walk over 4 places, walks over 5',
  ],
  [
    'more bits than values',
    changed(same, { 'd.bitmask': u8(15) }),
    'values: must be 4 numbers, one for each place, got 3',
  ],
  ['values of two axes', changed(same, { 'd.values': f32([3, 1]) }), 'd.values: must have shape [3], got [3, 1]'],
  ['values of another type', changed(same, { 'd.values': u8(1, 2, 3) }), 'd.values: there are no weights of U8'],
  ['a bias that is missing', changed(same, { 'd.bias': null }), 'd.bias: the tensor is missing'],
  ['a bias of another shape', changed(same, { 'd.bias': f32([2, 1]) }), 'd.bias: must have shape [2], got [2, 1]'],
  ['a bias of another type', changed(same, { 'd.bias': u8(1, 2) }), 'd.bias: there are no weights of U8'],
  ['layers that do not chain', changed(replace('[2]', '[3]')), 'expects a last axis of 2'],
  [
    'the same layer twice',
    changed((json) => json.replace(/"layers":\[(.*)\]/, '"layers":[$1,$1]')),
    'd.values: the tensor is missing',
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

describe('files of version 1', () => {
  test('reads the file that the malformed ones are made from', () => {
    expect(decodeNetwork(changed(same)).network.nodes.length).toBe(1);
  });

  test.each(malformed)('refuses %s', (_, bytes, message) => {
    expect(() => decodeNetwork(bytes)).toThrow(WhittleError);
    expect(() => decodeNetwork(bytes)).toThrow(message);
  });

  test('hold the networks that they held, whatever the layers', () => {
    const next = randoms(4);
    const middle = { scale: 0.03, zeroPoint: 11 };
    const first = quantized('first', 6, 5, next, { output: middle, activation: { name: 'relu' } });
    const sparse = { ...dense('s', 6, 6, next), weights: floats(36, next).map((w) => (w > 0.8 ? w : 0)) };
    const chains: (readonly NetworkLayer[])[] = [
      mixedLayers(5),
      [],
      [{ type: 'flatten', name: 'input_1' }],
      [
        { ...dense('d', 6, 5, next), bias: null },
        { type: 'dropout', name: 'dropout', rate: 0.5 },
      ],
      [sparse, { ...sparse, name: 't', mask: Uint8Array.from(sparse.weights, (w) => Number(w !== 0)) }],
      ACTIVATIONS.map((name) => ({ type: 'activation', name, activation: { name } })),
      [first, { type: 'dropout', name: 'o', rate: 0.5 }, quantized('second', 5, 3, next, { input: middle })],
      [first, quantized('second', 5, 3, next, { input: { scale: 0.02, zeroPoint: 11 } })],
      [first, dense('d', 5, 2, next, { name: 'tanh' })],
      [first, { type: 'activation', name: 'a', activation: { name: 'linear' } }],
    ];
    for (const layers of chains) {
      const { network } = decodeNetwork(
        encodeVersion1(
          [6],
          layers.filter(({ name }) => name !== 'flat'),
        ),
      );
      const wanted = chain(
        [6],
        layers.filter(({ name }) => name !== 'flat'),
      );
      expect([...network.weights]).toEqual([...wanted.weights]);
      const x = floats(12, randoms(9));
      const outputs = [network, wanted].map((each) => compileNetwork(each, 2, reference).run(x));
      expect(outputs[0]).toEqual(outputs[1]);
      for (const { name } of layers.filter(({ name }) => name !== 'flat'))
        expect(network.nodes.map((node) => node.name)).toContain(name);
    }
  });

  test('may have a layer by the name that the input has now', () => {
    const { network } = decodeNetwork(encodeVersion1([2], [{ type: 'flatten', name: 'input' }]));
    expect([network.inputs[0]!.name, network.outputs]).toEqual(['input_1', ['input']]);
  });

  test('may hold float64', () => {
    const layer = { ...dense('d', 6, 5, randoms(1)), weights: new Float64Array(30).fill(1 / 3), bias: null };
    const { network } = decodeNetwork(encodeVersion1([6], [layer]));
    expect(network.inputs).toEqual([{ name: 'input', shape: [6], dtype: 'float64' }]);
    expect(network.weights.get('d/kernel')!.encoding.values).toEqual(layer.weights);
  });
});

describe('files that version 1 of the library wrote', () => {
  const read = (name: string): Uint8Array =>
    new Uint8Array(readFileSync(new URL(`version-1/${name}`, import.meta.url)));
  const expected = JSON.parse(new TextDecoder().decode(read('expected.json'))) as Record<string, never>;
  const x = new Random(7, 'x').normal([24, 2, 3]);

  test('are the same model, which goes on training to the same bits', () => {
    const model = loadModel(read('trained.safetensors'));
    expect(digest(model)).toBe(expected.digest);
    expect([...model.predict(x).data.subarray(0, 6)]).toEqual(expected.trained);
    const y = fromData(Int32Array.from({ length: 24 }, (_, i) => i % 3));
    model.fit(x, y, { epochs: 2, batchSize: 8 });
    expect([digest(model), model.steps]).toEqual([expected.after, expected.steps]);
    expect(model.layer('dense_1').trainable).toBe(false);
  });

  test('are the same network in integers', () => {
    const { network } = decodeNetwork(read('int8.safetensors'));
    expect([...predictNetwork(network, x).data.subarray(0, 6)]).toEqual(expected.int8);
  });
});
