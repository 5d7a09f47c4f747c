/** Files of weights in fewer bits: what they hold, how many bytes that is, and what is made of files that are no such thing. */
import { describe, expect, test } from 'vitest';
import { WhittleError } from '../../src/base/errors.ts';
import { prune } from '../../src/compress/prune.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { toNetwork } from '../../src/index.ts';
import {
  decodeNetwork,
  decodeSafetensors,
  encodeNetwork,
  encodeSafetensors,
  type SafeTensor,
} from '../../src/io/index.ts';
import { versionOf } from '../../src/io/versions.ts';
import { storedBytes } from '../../src/io/weight-tensors.ts';
import { encodeWeight } from '../../src/quantize/encode.ts';
import type { WeightFormat } from '../../src/quantize/formats.ts';
import { FIVE } from '../compress/five-networks.ts';
import { codesOf, everyEncoding, halves, levels, product, productOf } from '../encodings.ts';
import { randoms } from '../infer/networks.ts';
import { mutants } from '../mutants.ts';

const partsOf = (network: Network): string[] =>
  [...decodeSafetensors(encodeNetwork(network)).tensors.keys()].filter((name) => name.startsWith('d/kernel')).sort();
const textOf = ({ weights }: Graph<Stored>): string =>
  [...weights]
    .map(([key, { shape, encoding, mask }]) =>
      [key, shape, mask, ...Object.entries(encoding)].map((part) => (Array.isArray(part) ? part.map(hex) : hex(part))),
    )
    .join('\n');
/** An array as its class and bytes. */
const hex = (value: unknown): string =>
  ArrayBuffer.isView(value)
    ? `${value.constructor.name} ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
    : String(value);
const jsonOf = (network: Network) => JSON.parse(decodeSafetensors(encodeNetwork(network)).metadata.get('whittle')!);

describe('a file of weights in fewer bits', () => {
  test('gives them back to the bit, in every encoding, shape and share, pruned and not', () => {
    let seed = 0;
    for (const shape of [
      [0, 5],
      [5, 0],
      [1, 1],
      [7, 3],
      [64, 40],
      [301, 5],
    ])
      for (const share of [0, 0.003, 0.1, 0.5, 1])
        for (const masked of [false, true])
          for (const [name, weight] of everyEncoding({ shape, share, masked, seed: seed++ })) {
            const network = productOf(weight);
            const file = encodeNetwork(network);
            const back = decodeNetwork(file).network;
            expect(textOf(back), name).toBe(textOf(network));
            expect(Buffer.from(file).equals(encodeNetwork(back))).toBe(true);
          }
  });

  test('has the codes of those that live, packed again, and their places', () => {
    const drawn = { shape: [40, 20], share: 0.2, masked: true };
    const weight = levels(drawn, 4, 8, true);
    const network = productOf(weight);
    expect(partsOf(network)).toEqual(['bitmask', 'scales', 'values', 'zeroPoints'].map((name) => `d/kernel.${name}`));
    const { tensors } = decodeSafetensors(encodeNetwork(network));
    const alive = [...weight.mask!.keys()].filter((i) => weight.mask![i] === 1);
    const codes = codesOf(weight.encoding.values as Uint8Array, 4, 800);
    const held = tensors.get('d/kernel.values')!;
    expect([held.dtype, held.shape]).toEqual(['U8', [Math.ceil(alive.length / 2)]]);
    expect(codesOf(held.data as Uint8Array, 4, alive.length)).toEqual(alive.map((i) => codes[i]));
    const [record] = jsonOf(network).weights;
    expect(record).toEqual({
      key: 'd/kernel',
      shape: [40, 20],
      bits: 4,
      group: 8,
      zeroPoints: true,
      coded: true,
      mask: true,
    });
    const few = productOf(levels({ shape: [1000, 20], share: 0.004, masked: true }, 2, 1000));
    expect(partsOf(few)).toEqual(['d/kernel.deltas', 'd/kernel.scales', 'd/kernel.values']);
  });

  test('keeps what is masked and not 0, and the sign of 0', () => {
    for (const [name, weight] of everyEncoding({ shape: [40, 20], share: 0.5 })) {
      if (/^1 bit|palette|hashed/.test(name)) continue; // of these nothing is masked but a 0
      const mask = Uint8Array.from({ length: 800 }, (_, i) => Number(i < 50));
      const network = productOf({ ...weight, mask });
      expect(decodeNetwork(encodeNetwork(network)).network, name).toEqual(network);
      expect(partsOf(network), name).toContain('d/kernel');
    }
    const values = new Uint16Array(800).fill(0x8000, 3, 5);
    for (const type of ['float16', 'bfloat16'] as const) {
      const network = productOf({ shape: [40, 20], encoding: { type, values }, mask: null });
      expect(partsOf(network)).toEqual(['d/kernel.deltas', 'd/kernel.values']);
      expect(decodeNetwork(encodeNetwork(network)).network).toEqual(network);
    }
  });

  test('has halves as safetensors has them, and says nothing of them in JSON', () => {
    for (const [type, dtype] of [
      ['float16', 'F16'],
      ['bfloat16', 'BF16'],
    ] as const) {
      const network = productOf(halves({ shape: [6, 4] }, type));
      const { tensors } = decodeSafetensors(encodeNetwork(network));
      expect([...tensors.values()].map((tensor) => [tensor.dtype, tensor.shape])).toEqual([[dtype, [6, 4]]]);
      expect(jsonOf(network).weights).toBe(undefined);
    }
  });
});

describe('the version of a file', () => {
  const linear = { activation: { name: 'linear' } } as const;
  const writtenAs = (network: Graph<Stored>): number => jsonOf(network as Network).version;
  const int8: Stored = {
    shape: [3, 2],
    encoding: { type: 'int8', values: new Int8Array(6).fill(1), scales: new Float32Array(2).fill(1) },
    mask: null,
  };

  test('is 4 for encodings of fewer bits, 5 for those that share values, and 4 for int8 that real numbers are multiplied with', () => {
    for (const [name, weight] of everyEncoding({ shape: [3, 2] }))
      expect(writtenAs(productOf(weight)), name).toBe(/palette|hashed/.test(name) ? 5 : 4);
    expect(writtenAs(productOf(int8))).toBe(4);
    expect(decodeNetwork(encodeNetwork(productOf(int8))).network).toEqual(productOf(int8));
  });

  test('is 4 for rules of integers, 5 for those of XNNPACK and of means, and 2 for the same network without', () => {
    const format = { scale: 0.5, zeroPoint: 3 };
    const of = (attrs: object): Network =>
      new Network({
        inputs: [{ name: 'x', shape: [3], dtype: 'float32' }],
        nodes: [
          nodeOf('quantize', 'q', ['x'], {}, { format }),
          nodeOf('dense', 'd', ['q'], { ...linear, ...attrs }, { weights: { kernel: 'd/kernel' }, format }),
          nodeOf('add', 'sum', ['d', 'd'], {}, { format }),
          nodeOf('activation', 'r', ['sum'], linear, { format }),
          nodeOf('dequantize', 'y', ['r'], {}),
        ],
        outputs: ['y'],
        weights: new Map([['d/kernel', int8]]),
      });
    expect([{}, { rule: 'multiplier' }, { rule: 'xnnpack' }].map((attrs) => writtenAs(of(attrs)))).toEqual([2, 4, 5]);
    const { nodes, ...rest } = productOf(int8);
    const dynamic = new Network({ ...rest, nodes: [{ ...nodes[0]!, attrs: { ...linear, dynamic: true } } as never] });
    expect(writtenAs(dynamic)).toBe(4);
    expect(decodeNetwork(encodeNetwork(dynamic)).network).toEqual(dynamic);
  });

  test('is 4 for int8 in operations that were of real numbers alone, and 2 for those that were not', () => {
    const format = { scale: 0.5, zeroPoint: 3 };
    const value = { shape: [2, 2, 2], dtype: 'float32', format } as const;
    const of = (op: string, attrs: object = {}, own: typeof format | null = format): number => {
      const node = { name: 'y', op, inputs: ['q'], weights: {}, attrs, format: own } as never;
      const network = { inputs: [], nodes: [node], outputs: ['y'], weights: new Map() };
      return versionOf(network, new Map([['q', value]]), [null], false);
    };
    const linearOnes = ['dense', 'conv', 'add', 'concat', 'pool', 'globalPool', 'flatten', 'upsample', 'dequantize'];
    expect(of('globalPool', { kind: 'average', rule: 'multiplier' })).toBe(5);
    expect(linearOnes.map((op) => of(op, linear))).toEqual(linearOnes.map(() => 2));
    for (const op of ['convTranspose', 'batchNorm', 'layerNorm', 'embedding']) expect(of(op, linear), op).toBe(4);
    expect(of('activation', { activation: { name: 'tanh' } })).toBe(4);
    expect(of('activation', { activation: { name: 'relu' } })).toBe(4); // of a format that has numbers below 0
    expect(of('dense', { activation: { name: 'tanh' } })).toBe(4);
    expect(of('dense', { activation: { name: 'tanh' } }, null)).toBe(2);
  });
});

// Bytes --------------------------------------------------------------------------------------------------------------

/** The formula of docs/design.md, of a weight [terms, units] with so many bits a number. */
function formula(weight: Stored, bits: number, scaleBytes: number): number {
  const numbers = decodeWeight(weight)!;
  const n = product(weight.shape);
  const isHeld = [...numbers].map((x, i) => (weight.mask === null ? x !== 0 || bits === 1 : weight.mask[i] === 1));
  const held = isHeld.filter(Boolean).length;
  let hops = 0;
  let gap = 0;
  for (const each of [...isHeld, true]) {
    if (each) hops += Math.floor(gap / 255);
    gap = each ? 0 : gap + 1;
  }
  const bitmask = Math.ceil(n / 8);
  const places = held + hops + 16 < bitmask ? held + hops : bitmask;
  const [all, some] = [Math.ceil((n * bits) / 8), Math.ceil((held * bits) / 8)];
  const isMasked = weight.mask !== null;
  const isCoded = all - some > (isMasked ? 30 : places + 140);
  return scaleBytes + (isCoded ? some : all) + (isCoded || isMasked ? places : 0);
}

/** Bits of a number, and bytes of the scales and zero points of a matrix of these sizes. */
const FORMATS: readonly [WeightFormat, bits: number, scaleBytes: (terms: number, units: number) => number][] = [
  [{ type: 'float32' }, 32, () => 0],
  [{ type: 'float16' }, 16, () => 0],
  [{ type: 'bfloat16' }, 16, () => 0],
  [{ type: 'fixed8' }, 8, () => 0],
  [{ type: 'fixed16' }, 16, () => 0],
  [{ type: 'int8', group: 'column' }, 8, (_, units) => 4 * units],
  [{ type: 'int8', group: 16 }, 8, (terms, units) => 4 * Math.ceil(terms / 16) * units],
  [{ type: 'uint8', group: 'column' }, 8, (_, units) => 5 * units],
  [{ type: 'int4', group: 32 }, 4, (terms, units) => 4 * Math.ceil(terms / 32) * units],
  [{ type: 'uint4', group: 32 }, 4, (terms, units) => 5 * Math.ceil(terms / 32) * units],
  [{ type: 'ternary', group: 'column' }, 2, (_, units) => 4 * units],
  [{ type: 'binary', group: 'column' }, 1, (_, units) => 4 * units],
];

describe.each(Object.entries(FIVE))('the bytes of %s', (_, make) => {
  const model = make();
  test.each([0, 0.5, 0.95])('are those of the formula in every format, with %f pruned', (sparsity) => {
    const network = toNetwork(sparsity === 0 ? model : prune(model, { sparsity }));
    for (const [format, bits, scaleBytes] of FORMATS) {
      if (format.type === 'binary' && sparsity > 0) continue;
      const isKernel = (key: string): boolean => /kernel$/i.test(key);
      const weights = new Map(
        [...network.weights].map(([key, weight]) =>
          isKernel(key) ? [key, encodeWeight('test', key, weight, format)] : [key, weight],
        ),
      );
      const made = new Network({ ...network, weights });
      const { tensors } = decodeSafetensors(encodeNetwork(made));
      let all = 0;
      for (const [key, weight] of weights) {
        const units = weight.shape.at(-1)!;
        const own = isKernel(key) ? scaleBytes(product(weight.shape) / units, units) : 0;
        const promised = formula(weight, isKernel(key) ? bits : 32, own);
        const parts = [...tensors].filter(([name]) => name === key || name.startsWith(`${key}.`));
        const bytes = parts.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
        expect([bytes, storedBytes(weight)], `${key} in ${format.type}`).toEqual([promised, promised]);
        all += promised;
      }
      expect([...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0)).toBe(all);
      expect(textOf(decodeNetwork(encodeNetwork(made)).network)).toBe(textOf(made));
    }
  });
});

// Hostile files ------------------------------------------------------------------------------------------------------

const of = (dtype: SafeTensor['dtype'], data: SafeTensor['data']): SafeTensor => ({
  dtype,
  shape: [data.length],
  data,
});

/** A file with its record of the kernel and its tensors changed. */
function changed(network: Network, json: object, tensors: Record<string, SafeTensor | null> = {}): Uint8Array {
  const file = decodeSafetensors(encodeNetwork(network));
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor === null) file.tensors.delete(`d/kernel${name}`);
    else file.tensors.set(`d/kernel${name}`, tensor);
  }
  const root = JSON.parse(file.metadata.get('whittle')!);
  root.weights = [{ ...root.weights[0], ...json }];
  return encodeSafetensors(file.tensors, { whittle: JSON.stringify(root) });
}

describe('decodeNetwork refuses', () => {
  const full = productOf(levels({ shape: [5, 3] }, 4, 2, true));
  const few = productOf(levels({ shape: [40, 20], share: 0.01, masked: true }, 4, 8));
  const point = productOf(
    everyEncoding({ shape: [5, 3] }).find(([name]) => name.includes('8 bits') && name.startsWith('fix'))![1],
  );
  const u8 = (...numbers: number[]): SafeTensor => of('U8', Uint8Array.from(numbers));
  const codes = decodeSafetensors(encodeNetwork(few)).tensors.get('d/kernel.values')!.data as Uint8Array;

  test('nothing of what the others are made of', () => {
    for (const network of [full, few, point]) expect(decodeNetwork(changed(network, {})).network).toEqual(network);
    expect(codes.length).toBeGreaterThan(1);
  });

  test.each<[what: string, file: Uint8Array, message: string]>([
    ['3 bits', changed(full, { bits: 3 }), 'weights[0].bits: must be 1, 2, 4 or 8'],
    ['bits of text', changed(full, { bits: '4' }), 'bits: must be a finite number'],
    ['bits of 2 ** 31', changed(full, { bits: 2 ** 31 }), 'bits: must be 1, 2, 4 or 8'],
    ['more bits than there are', changed(full, { bits: 8 }), 'd/kernel: must have shape [15], got [8]'],
    ['a group of 0', changed(full, { group: 0 }), 'group must be an integer from 1 to 5, got 0'],
    ['a huge group', changed(full, { group: 2 ** 53 - 1 }), 'group must be an integer from 1 to 5'],
    ['another group', changed(full, { group: 5 }), 'scales length must be 3 for shape [5, 3], got 9'],
    ['no group', changed(full, { group: undefined }), 'group: is missing'],
    ['a huge shape', changed(full, { shape: [2 ** 20, 2 ** 10] }), 'must have shape [536870912], got [8]'],
    [
      'a huge shape of nothing',
      changed(few, { shape: [2 ** 20, 2 ** 10] }),
      'deltas of one file walk over 33554432 numbers at most',
    ],
    ['no shape', changed(full, { shape: undefined }), 'shape: is missing'],
    [
      'zero points that are not there',
      changed(few, { zeroPoints: true }),
      'd/kernel.zeroPoints: the tensor is missing',
    ],
    ['zero points that are text', changed(few, { zeroPoints: 'd' }), 'zeroPoints: must be true or false'],
    ['codes of all that are not there', changed(few, { coded: false }), 'd/kernel: the tensor is missing'],
    ['codes of some that are not there', changed(full, { coded: true }), 'd/kernel.values: the tensor is missing'],
    ['codes in int8', changed(full, {}, { '': of('I8', new Int8Array(8)) }), 'there are no levels weights of I8'],
    ['too few codes', changed(few, {}, { '.values': u8(...codes.subarray(1)) }), 'd/kernel.values: must have shape'],
    [
      'a code behind the last',
      changed(full, {}, { '': u8(0, 0, 0, 0, 0, 0, 0, 16) }),
      '0 behind the last code, got 16',
    ],
    ['scales of another type', changed(full, {}, { '.scales': u8(1, 1, 1) }), 'd/kernel.scales: must be F32, got U8'],
    ['no scales', changed(full, {}, { '.scales': null }), 'd/kernel.scales: the tensor is missing'],
    [
      'a scale of NaN',
      changed(few, {}, { '.scales': of('F32', new Float32Array(100).fill(NaN)) }),
      'scales[0] must be',
    ],
    [
      'a fraction of floats',
      changed(point, {}, { '': of('F32', new Float32Array(15)) }),
      'there are no fixed weights of F32',
    ],
    ['a fraction of text', changed(point, { fraction: '3' }), 'fraction: must be a finite number'],
    [
      'a fraction past the end',
      changed(point, { fraction: 1000 }),
      'fraction must be an integer from -112 to 126, got 1000',
    ],
    ['a fraction and bits', changed(full, { fraction: 3 }), 'fraction: this reader does not know the field'],
    ['a width and bits', changed(full, { width: 16 }), 'bits: this reader does not know the field'],
    ['more of a weight', changed(full, { scale: 3 }), 'scale: this reader does not know the field'],
  ])('%s', (_, file, message) => {
    expect(() => decodeNetwork(file)).toThrow(WhittleError);
    expect(() => decodeNetwork(file)).toThrow(message);
  });

  test('one bit that leaves out numbers, and bits behind those held', () => {
    const held = [...codes];
    const record = { key: 'd/kernel', shape: [16, 2], bits: 1, group: 16, coded: true };
    const tensors = {
      '.values': u8(3),
      '.bitmask': u8(3, 0, 0, 0),
      '.scales': of('F32', new Float32Array(2).fill(1)),
      '': null,
    };
    const one = productOf(levels({ shape: [16, 2] }, 1, 16));
    expect(() => decodeNetwork(changed(one, record, tensors))).toThrow('cannot be coded: no code of 1 bit is 0');
    const { tensors: own } = decodeSafetensors(encodeNetwork(productOf(oddlyMany())));
    const last = [...(own.get('d/kernel.values')!.data as Uint8Array)];
    last[last.length - 1]! |= 0xf0;
    expect(() => decodeNetwork(changed(productOf(oddlyMany()), {}, { '.values': u8(...last) }))).toThrow(
      'd/kernel.values: must be 0 behind the last code',
    );
    expect(held.length).toBe(codes.length);
  });
});

/** Levels of 4 bits of which an odd number lives. */
function oddlyMany(): Stored {
  const weight = levels({ shape: [40, 20], share: 0.05, masked: true }, 4, 40);
  const alive = [...weight.mask!.keys()].filter((i) => weight.mask![i] === 1);
  if (alive.length % 2 === 1) return weight;
  return levels({ shape: [40, 20], share: 0.05, masked: true, seed: 2 }, 4, 40);
}

describe('a valid network or a WhittleError', () => {
  const files = everyEncoding({ shape: [30, 7], share: 0.2, masked: true }).map(
    ([name, weight]) => [name, productOf(weight)] as const,
  );
  const outcomes = { valid: 0, refused: 0 };
  const check = (file: Uint8Array): void => {
    const before = process.memoryUsage().arrayBuffers;
    try {
      const { network } = decodeNetwork(file);
      validateNetwork(network);
      expect(textOf(decodeNetwork(encodeNetwork(network)).network)).toBe(textOf(network));
      for (const weight of network.weights.values()) decodeWeight(weight);
      outcomes.valid++;
    } catch (error) {
      if (!(error instanceof WhittleError)) throw error;
      outcomes.refused++;
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  };

  test.each(files)('is what every mutant of the JSON gives: %s', (_, network) => {
    const { tensors, metadata } = decodeSafetensors(encodeNetwork(network));
    const root = JSON.parse(metadata.get('whittle')!);
    for (const { text } of mutants(root.weights ?? []))
      check(encodeSafetensors(tensors, { whittle: JSON.stringify({ ...root, weights: JSON.parse(text) }) }));
  });

  test('is what mutants of the arrays give, longer, shorter and other numbers', () => {
    const next = randoms(11);
    const below = (n: number): number => Math.min(n - 1, Math.floor(((next() + 1) / 2) * n));
    for (const [, network] of files) {
      const { tensors, metadata } = decodeSafetensors(encodeNetwork(network));
      for (const [name, { dtype, data }] of tensors)
        for (let round = 0; round < 25; round++) {
          const numbers = Array.from(data as Uint8Array);
          for (let change = below(3); change >= 0; change--) {
            const at = below(numbers.length);
            const kind = below(5);
            if (kind === 0) numbers[at] = [0, 1, -1, 255, Number.NaN][below(5)]!;
            else if (kind === 1) numbers[at] = (numbers[at] ?? 0) + 1;
            else if (kind === 2) numbers.splice(at, 1);
            else if (kind === 3) numbers.splice(at, 0, below(256));
            else numbers.push(numbers[at] ?? 1);
          }
          const mutant = new (data.constructor as Uint8ArrayConstructor)(numbers);
          check(encodeSafetensors(new Map(tensors).set(name, of(dtype, mutant)), Object.fromEntries(metadata)));
        }
    }
    expect(outcomes.valid).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(1000);
  });

  test('is what a file that was cut gives', () => {
    for (const [, network] of files) {
      const file = encodeNetwork(network);
      for (let length = 0; length < file.length; length += 41)
        expect(() => decodeNetwork(file.subarray(0, length))).toThrow(WhittleError);
    }
  });
});
