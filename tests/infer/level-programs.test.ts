import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { Encoding, Stored } from '../../src/graph/encoding.ts';
import { type Graph, mapWeights } from '../../src/graph/graph.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { prune, Random, toNetwork } from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { encodeWeight } from '../../src/quantize/encode.ts';
import { WEIGHT_FORMATS, type WeightFormat, type WeightFormatName } from '../../src/quantize/formats.ts';
import { FIVE } from '../compress/five-networks.ts';

const tables = { reference, cpu, wasm: wasm() };

const formatsOf = (type: WeightFormatName): WeightFormat[] => {
  const { group } = WEIGHT_FORMATS[type];
  return group === null
    ? [{ type }]
    : [
        { type, group: 3 },
        { type, group: 'column' },
      ];
};
const formats = (Object.keys(WEIGHT_FORMATS) as WeightFormatName[]).flatMap(formatsOf);

const decoded = (network: Graph<Stored>): Graph<Stored> =>
  mapWeights(network, (weight) => ({
    ...weight,
    encoding: { type: 'float32', values: decodeWeight(weight) as Float32Array },
  }));

/** What a network gives for so many samples, and the calls of one kernel. */
function run(network: Graph<Stored>, table: object, samples: number): Float32Array[] {
  const inputs = network.inputs.map(({ shape }, i) => {
    const x = new Random(i, 'levels').normal([samples, ...shape]).data as Float32Array;
    return x.map((value) => value);
  });
  const program = compileNetwork(network, samples, table);
  const y = program.run(inputs, samples).map((each) => each.slice());
  expect(program.run(inputs, samples)).toEqual(y);
  program.dispose();
  return y;
}

/** A table that counts the calls of `gemmLevels` and notes their bits. */
function counting(): { table: object; bits: number[] } {
  const bits: number[] = [];
  const gemmLevels: typeof cpu.gemmLevels = (...args) => {
    if (args[0] > 0) bits.push(args[4]);
    cpu.gemmLevels(...args);
  };
  return { table: { ...cpu, gemmLevels }, bits };
}

describe('a network of real numbers with weights in another format', () => {
  const cases = Object.keys(FIVE).flatMap((name) => formats.map((format) => [name, format] as const));
  test.each(cases)('has the bits of the network with decoded weights, on every table: %s, %o', (name, format) => {
    const whole = toNetwork(FIVE[name]!());
    const network = mapWeights(whole, (weight, key) => encodeWeight('test', key, weight, format));
    for (const samples of [1, 3]) {
      const wanted = run(decoded(network), reference, samples);
      for (const [table, kernels] of Object.entries(tables))
        expect(run(network, kernels, samples), table).toEqual(wanted);
    }
  });

  test('keeps what was pruned at 0, and the bits', () => {
    const whole = toNetwork(prune(FIVE.MLP!(), { sparsity: 0.6 }));
    for (const type of ['int4', 'uint4', 'ternary', 'fixed16'] as const) {
      const network = mapWeights(whole, (weight, key) => encodeWeight('test', key, weight, { type, group: 'column' }));
      for (const weight of network.weights.values()) {
        const pruned = [...decodeWeight(weight)!].filter((_, i) => weight.mask?.[i] === 0);
        expect(pruned.every((w) => w === 0)).toBe(true);
      }
      expect(run(network, cpu, 3)).toEqual(run(decoded(network), reference, 3));
    }
  });
});

const dense = (kernel: Stored): Graph<Stored> => ({
  inputs: [{ name: 'x', shape: [kernel.shape[0]!], dtype: 'float32' }],
  nodes: [nodeOf('dense', 'y', ['x'], { activation: { name: 'tanh' } }, { weights: { kernel: 'k' } })],
  outputs: ['y'],
  weights: new Map([['k', kernel]]),
});
const stored = (shape: readonly number[], encoding: Encoding): Stored => ({ shape, encoding, mask: null });
const real = (...shape: number[]): Stored =>
  stored(shape, { type: 'float32', values: new Random(5, 'k').normal(shape).data as Float32Array });

describe('a product of levels', () => {
  test('reads the least bits that hold all of them', () => {
    const wanted = { binary: 2, ternary: 2, int4: 4, uint4: 8, int8: 8, uint8: 16, fixed8: 8, fixed16: 16 } as const;
    for (const [type, bits] of Object.entries(wanted)) {
      const counted = counting();
      const group = WEIGHT_FORMATS[type as WeightFormatName].group === null ? {} : { group: 'column' as const };
      run(dense(encodeWeight('test', 'k', lopsided, { type: type as WeightFormatName, ...group })), counted.table, 2);
      expect(counted.bits.slice(0, 1), type).toEqual([bits]);
    }
  });

  test('is one of decoded floats on a table that lacks it, and for floats of 16 bits', () => {
    const { gemmLevels: _, ...without } = cpu;
    const network = dense(encodeWeight('test', 'k', real(7, 18), { type: 'int4', group: 2 }));
    expect(run(network, without, 3)).toEqual(run(network, reference, 3));
    const counted = counting();
    run(dense(encodeWeight('test', 'k', real(7, 18), { type: 'float16' })), counted.table, 3);
    expect(counted.bits).toEqual([]);
  });

  test('is one of a sparse kernel in int8 too, whose real numbers the panels of int8 do not read', () => {
    const values = new Int8Array(32).fill(3, 0, 16);
    const pattern = { width: 16, starts: Int32Array.of(0, 1), rows: Int32Array.of(4) } as const;
    const scales = new Float32Array(16).fill(0.5);
    const kernel = stored([5, 16], { type: 'sparseInt8', ...pattern, values: values.slice(0, 16), scales });
    const x = Float32Array.of(9, 9, 9, 9, 2);
    for (const sparse of ['always', 'never', 'measured'] as const)
      for (const table of Object.values(tables)) {
        const program = compileNetwork({ ...dense(kernel), nodes: [linear] }, 1, table, { sparse });
        expect([...program.run(x)]).toEqual(new Array(16).fill(3));
      }
  });

  test('is packed once for two nodes that share its kernel', () => {
    let packed = 0;
    const packLevels: typeof cpu.packLevels = (...args) => {
      packed++;
      cpu.packLevels(...args);
    };
    const network = dense(encodeWeight('test', 'k', real(6, 6), { type: 'int4', group: 2 }));
    const again = nodeOf('dense', 'z', ['y'], { activation: { name: 'linear' } }, { weights: { kernel: 'k' } });
    const twice = { ...network, nodes: [...network.nodes, again], outputs: ['z'] };
    compileNetwork(twice, 1, { ...cpu, packLevels });
    expect(packed).toBe(1);
    expect(run(twice, tables.wasm, 2)).toEqual(run(decoded(twice), reference, 2));
  });

  test('may have no terms or no units', () => {
    for (const shape of [
      [0, 3],
      [3, 0],
    ])
      for (const type of ['int4', 'fixed8'] as const) {
        const network = dense(encodeWeight('test', 'k', real(...shape), { type }));
        for (const table of Object.values(tables)) expect(run(network, table, 2)[0]).toHaveLength(2 * shape[1]!);
      }
  });
});

/** Numbers from 0 up, but for one: codes less a zero point at the end of their range are beyond the bits of a code. */
const lopsided = stored([6, 18], {
  type: 'float32',
  values: Float32Array.from({ length: 108 }, (_, i) => (i % 7) + 1),
});
const linear = nodeOf('dense', 'y', ['x'], { activation: { name: 'linear' } }, { weights: { kernel: 'k' } });
