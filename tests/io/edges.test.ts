import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.ts';
import type { ActivationSpec, Network } from '../../src/infer/index.ts';
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
  type QuantizedDenseLayer,
  quantized,
  randoms,
} from '../infer/networks.ts';

/** A safetensors file of a header and `data` bytes after it. */
function file(header: string, data = 0, claimed?: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(claimed ?? text.length), true);
  bytes.set(text, 8);
  return bytes;
}
const u8 = (n: number, begin: number, end: number, dtype = 'U8'): string =>
  `{"dtype":"${dtype}","shape":[${n}],"data_offsets":[${begin},${end}]}`;
const tensorOf = (dtype: SafeTensor['dtype'], data: SafeTensor['data'], shape = [data.length]): SafeTensor => ({
  dtype,
  shape,
  data,
});

describe('what is wrong with a safetensors file is said in numbers, with the byte where the file speaks of it', () => {
  test.each<[header: string, data: number, claimed: number | undefined, message: string, at: string]>([
    ['{}', 0, 9, 'header length: 9 is more than the 2 bytes that follow', ''],
    [
      `{"é":${u8(1, 0, 1)},"b":${u8(1, 3, 4)}}`,
      4,
      undefined,
      '"b".data_offsets: must begin at 1, got 3',
      '{"dtype":"U8","shape":[1],"data_offsets":[3',
    ],
    [
      `{"a":${u8(4, 0, 4)},"b":${u8(4, 2, 6)}}`,
      6,
      undefined,
      '"b".data_offsets: must begin at 4, got 2',
      '{"dtype":"U8","shape":[4],"data_offsets":[2',
    ],
    [
      `{"a":${u8(3, 0, 3)},"b":${u8(2, 3, 6)}}`,
      6,
      undefined,
      '"b".data_offsets: shape [2] of U8 needs 2 bytes, got 3',
      '{"dtype":"U8","shape":[2]',
    ],
    [
      `{"a":${u8(1, 0, 1)},"b":${u8(3, 1, 7, 'I16')}}`,
      9,
      undefined,
      'data: the tensors take 7 bytes, the file holds 9 after the header',
      '{',
    ],
    [
      `{"a":${u8(1, 0, 1)},"b":${u8(1, 1, 2, 'F8')}}`,
      2,
      undefined,
      '"b".dtype: must be one of BOOL, U8, I8, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64',
      '{"dtype":"F8"',
    ],
    [
      `{"a":${u8(1, 0, 1)},"b":{"dtype":"U8","shape":["1"],"data_offsets":[1,2]}}`,
      2,
      undefined,
      '"b".shape: must be a list of non-negative integers',
      '{"dtype":"U8","shape":["',
    ],
    [
      `{"a":${u8(1, 0, 1)},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}}`,
      2,
      undefined,
      '"b".data_offsets: shape [1] of U8 needs 1 bytes, got -1',
      '{"dtype":"U8","shape":[1],"data_offsets":[2',
    ],
    [
      `{"a":${u8(1, 0, 1)},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2],"c":1}}`,
      2,
      undefined,
      '"b": has an unknown field "c"',
      '{"dtype":"U8","shape":[1],"data_offsets":[1',
    ],
    [`{"a":${u8(1, 0, 1)},"__metadata__":{"k":"v","l":1}}`, 1, undefined, '__metadata__."l": must be a string', '{"k"'],
    [
      `{"a":${u8(1, 0, 1)},"a":${u8(1, 1, 2)}}`,
      2,
      undefined,
      'header: the key "a" comes twice',
      '"a":{"dtype":"U8","shape":[1],"data_offsets":[1',
    ],
    [`{"a":${u8(1, 0, 1)},"b`, 1, undefined, 'header: a string has no end', '"b'],
    ['{"a":[[[[1]]]]}', 0, undefined, 'header: more than 4 levels of nesting', '[1]'],
    ['{"a":[[[1]]]}', 0, undefined, '"a": must be an object', '{'],
  ])('%#', (header, data, claimed, message, at) => {
    const index = at === '' ? 0 : 8 + new TextEncoder().encode(header.slice(0, header.indexOf(at))).length;
    const decode = () => decodeSafetensors(file(header, data, claimed));
    expect(decode).toThrow(FormatError);
    expect(decode).toThrow(`safetensors: ${message} (at byte ${index})`);
  });
});

describe('encodeSafetensors', () => {
  test('writes wide elements first, so that all are aligned, then in the order of characters', () => {
    const tensors = new Map<string, SafeTensor>([
      ['b', tensorOf('U8', Uint8Array.of(1))],
      ['a', tensorOf('I16', Int16Array.of(1))],
      ['é', tensorOf('F64', Float64Array.of(1))],
      ['B', tensorOf('U8', Uint8Array.of(2))],
      ['c', tensorOf('F32', Float32Array.of(1))],
      ['a2', tensorOf('U8', Uint8Array.of(3))],
      ['a10', tensorOf('U8', Uint8Array.of(4))],
    ]);
    const { tensors: back } = decodeSafetensors(encodeSafetensors(tensors));
    expect([...back.keys()]).toEqual(['é', 'c', 'a', 'B', 'a10', 'a2', 'b']);
    expect(back).toEqual(tensors);
  });

  test('keeps an axis of 0, an axis of 1 and the order of axes', () => {
    for (const shape of [[], [3, 1, 2], [2, 0, 3], [1]]) {
      const n = shape.reduce((p, q) => p * q, 1);
      const { tensors } = decodeSafetensors(
        encodeSafetensors(new Map([['t', tensorOf('I8', new Int8Array(n), shape)]])),
      );
      expect(tensors.get('t')?.shape).toEqual(shape);
    }
  });

  test.each<[string, SafeTensor, string]>([
    ['too few', tensorOf('F32', Float32Array.of(1, 2), [3]), '"t" data must be 12 bytes for shape [3] of F32, got 8'],
    [
      'an array of another type',
      tensorOf('F32', Int32Array.of(1), [1]),
      '"t" data must be Float32Array or bytes for F32',
    ],
    [
      'half floats as floats',
      tensorOf('F16', Float32Array.of(1), [1]),
      '"t" data must be Uint16Array or bytes for F16',
    ],
    [
      'an unknown dtype',
      tensorOf('F8' as never, Uint8Array.of(1), [1]),
      '"t" dtype must be one of BOOL, U8, I8, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64, got "F8"',
    ],
  ])('says in numbers what is wrong with %s', (_, tensor, message) => {
    expect(() => encodeSafetensors(new Map([['t', tensor]]))).toThrow(`encodeSafetensors: ${message}`);
  });
});

describe('a network file', () => {
  const next = randoms(5);
  const roundTrip = (layer: NetworkLayer, inputs = 64): Network => {
    const network = chain([inputs], [layer]);
    const back = decodeNetwork(encodeNetwork(network)).network;
    expect(back).toEqual(network);
    return back;
  };
  const partsOf = (layer: NetworkLayer, inputs = 64): string[] =>
    [...decodeSafetensors(encodeNetwork(chain([inputs], [layer]))).tensors.keys()].sort();

  test('keeps an option of 0, of a small number and of none', () => {
    for (const activation of [
      { name: 'leakyRelu', alpha: 0 },
      { name: 'elu', alpha: 1e-7 },
      { name: 'elu', alpha: 1.5e21 },
      { name: 'leakyRelu' },
    ] satisfies ActivationSpec[]) {
      roundTrip(dense('d', 64, 2, next, activation));
      roundTrip({ type: 'activation', name: 'a', activation });
    }
    for (const rate of [0, 1e-9, 0.5]) roundTrip({ type: 'dropout', name: 'd', rate });
    for (const output of [null, { scale: 1e-9, zeroPoint: 0 }, { scale: 0.1, zeroPoint: -128 }])
      roundTrip(quantized('q', 64, 3, next, { output, input: { scale: 2e-8, zeroPoint: 0 } }));
  });

  test('keeps float64 weights with a bias of float64, coded, masked or plain', () => {
    const { weights, bias, ...rest } = dense('d', 64, 8, next);
    const double: DenseLayer = {
      ...rest,
      weights: Float64Array.from(weights, (w) => w / 3),
      bias: Float64Array.from(bias!, (b) => b / 3),
    };
    roundTrip(double);
    const pruned = { ...double, weights: (double.weights as Float64Array).map((w, i) => (i % 3 === 0 ? w : 0)) };
    roundTrip(pruned);
    roundTrip({ ...pruned, mask: Uint8Array.from(pruned.weights, (w) => Number(w !== 0)) });
    expect(partsOf(pruned)).toEqual(['d/bias', 'd/kernel.bitmask', 'd/kernel.values']);
  });

  test('codes weights only if that saves more than it costs: a bit a weight, and 140 bytes', () => {
    const at = (dead: number, make: (n: number) => Float32Array | Float64Array): string[] => {
      const weights = make(512).fill(1).fill(0, 0, dead);
      return partsOf({ ...dense('d', 64, 8, next), weights, bias: null });
    };
    const price = 512 / 8 + 140;
    for (const make of [(n: number) => new Float32Array(n), (n: number) => new Float64Array(n)]) {
      const even = price / make(0).BYTES_PER_ELEMENT;
      expect(at(even, make)).toEqual(['d/kernel']);
      expect(at(even + 1, make)).toEqual(['d/kernel.bitmask', 'd/kernel.values']);
    }
    const layer = (dead: number): QuantizedDenseLayer =>
      quantized('q', 64, 8, next, { weights: new Int8Array(512).fill(1).fill(0, 0, dead) });
    expect(partsOf(layer(price))).toEqual(['q/bias', 'q/kernel', 'q/kernel.scales']);
    expect(partsOf(layer(price + 1))).toEqual(['q/bias', 'q/kernel.bitmask', 'q/kernel.scales', 'q/kernel.values']);
    roundTrip(layer(price + 1));
  });

  test('has nothing of the caller’s but what a network holds', () => {
    const layer = quantized('q', 64, 3, next, { input: { scale: 0.5, zeroPoint: 1, more: 'x' } as never });
    const { network } = decodeNetwork(encodeNetwork(chain([64], [layer])));
    expect(network.nodes[0]!.format).toEqual({ scale: 0.5, zeroPoint: 1 });
  });

  test('gives back a sparse layer whose weights are a part of a longer array', () => {
    const long = floats(600, next).map((w, i) => (i % 5 === 0 ? w : 0));
    roundTrip({ ...dense('d', 64, 8, next), weights: long.subarray(44, 44 + 512) });
    roundTrip({ ...dense('d', 64, 8, next), weights: floats(600, next).subarray(7, 7 + 512) });
    expect(long[0]).not.toBe(0);
  });

  test('holds as many values as places, no fewer and no more', () => {
    const weights = new Float32Array(512).fill(1, 0, 9);
    const layer = { ...dense('d', 64, 8, next), weights, bias: null };
    const { tensors, metadata } = decodeSafetensors(encodeNetwork(chain([64], [layer])));
    for (const n of [8, 10]) {
      tensors.set('d/kernel.values', tensorOf('F32', new Float32Array(n)));
      expect(() => decodeNetwork(encodeSafetensors(tensors, Object.fromEntries(metadata)))).toThrow(
        `values: must be 9 numbers, one for each place, got ${n}`,
      );
    }
  });

  test('names what is taken or unknown', () => {
    const network = mixedNetwork();
    const tensor = tensorOf('U8', new Uint8Array(0));
    expect(() => encodeNetwork(network, { metadata: { whittle: 'x' } })).toThrow(
      'encodeNetwork: metadata key must be other than whittle, got "whittle"',
    );
    expect(() => encodeNetwork(network, { tensors: new Map([['middle/kernel.scales', tensor]]) })).toThrow(
      'encodeNetwork: tensor name must be one the network does not use, got "middle/kernel.scales"',
    );
    const type = 't'.repeat(61);
    const whittle = `{"version":1,"inputShape":[2],"layers":[{"type":"${type}","name":"x"}]}`;
    expect(() => decodeNetwork(encodeSafetensors(new Map(), { whittle }))).toThrow(
      `layers[0].type: this reader knows no layer of type "${type.slice(4)}..."`,
    );
  });
});
