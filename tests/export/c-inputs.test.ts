import { describe, expect, test, vi } from 'vitest';
import { AVR, CORTEX_M4, digestOn, RISC_V } from '../../scripts/boards.mjs';
import { networksBy, SAMPLES } from '../../scripts/exported-networks.mjs';
import { toC } from '../../src/export/index.ts';
import { testDigest } from '../../src/export/self-test.ts';
import * as library from '../../src/index.ts';
import { describeWith, folder, STRICT } from './c-compilers.ts';
import { type Case, CONTRACTING, differing, GCC } from './c-harness.ts';
import { everyNetwork } from './networks.ts';

vi.setConfig({ testTimeout: 200_000 }); // compilers and simulators, beside other work

/** Inputs that come as int8. */

const refusal = (network: library.Graph<library.Stored>): unknown => {
  try {
    toC(network, { inputs: 'int8' });
  } catch (error) {
    return error;
  }
  return null;
};

const all = [...everyNetwork()]
  .filter(([, { inputs }]) => inputs.every(({ dtype }) => dtype !== 'int32'))
  .map(([name, network]): Case & { readonly error: unknown } => ({ name, network, error: refusal(network) }));
const taken = all.filter(({ error }) => error === null);

describe('toC with inputs in int8', () => {
  test('takes those of networks in static int8 and refuses others by the name of the input', () => {
    const isStatic = /, int8|sparse int8|of int8/;
    expect(taken.length).toBeGreaterThan(30);
    for (const { name, network, error } of all) {
      if (error === null) expect(name).toMatch(isStatic);
      else {
        expect(error, name).toBeInstanceOf(library.StateError);
        const named = network.inputs.some((input) => String(error).includes(`input "${input.name}"`));
        expect(named, `${name}: ${error}`).toBe(true);
      }
    }
    for (const name of ['a dense network', 'convolutions', 'MobileNetV2', 'two inputs and outputs'])
      for (const rule of ['int8', 'int8 in whole numbers'])
        expect(taken.map((each) => each.name)).toContain(`${name}, ${rule}`);
  });

  test('refuses an input that another layer reads as real numbers', () => {
    const { Dense, Model, Random, StateError } = library;
    const x = library.input([4]);
    const first = new Dense(3, { name: 'first' }).apply(x);
    const last = new Dense(2, { name: 'last' }).apply(x);
    const calibration = new Random(1).normal([20, 4]);
    const network = library.quantize(new Model([x], [first, last]), { calibration, layers: { last: 'float32' } });
    expect(() => toC(network, { inputs: 'int8' })).toThrow(StateError);
    expect(() => toC(network, { inputs: 'int8' })).toThrow(/toC: input ".+" is not read as int8 alone/);
  });

  test('says their format in the header, and needs no memory for them', () => {
    const [, network] = [...everyNetwork()].find(([name]) => name === 'convolutions, int8')!;
    const real = toC(network, { name: 'net' });
    const { source, header } = toC(network, { name: 'net', inputs: 'int8' });
    expect(header).toContain('int net_run(const int8_t *input, float *output);');
    expect(header).toMatch(/^#define NET_INPUT_SCALE [0-9.e-]+f /m);
    expect(header).toMatch(/^#define NET_INPUT_ZERO_POINT \(-?\d+\)$/m);
    expect(source).not.toContain('quantize(84');
    expect(real.source).toContain('quantize(84');
    const memory = (text: string): number => Number(/NET_MEMORY (\d+)/.exec(text)![1]);
    expect(memory(header)).toBeLessThanOrEqual(memory(real.header));
    expect(real.header).not.toContain('INPUT_SCALE');
  });
});

describeWith('C with inputs in int8', [GCC], () => {
  const at = folder();
  test('gives the bits of the engine, and holds its self-test', () => {
    expect(differing(taken, [...STRICT, ...CONTRACTING], at, { inputs: 'int8' })).toEqual([]);
  });
});

for (const board of [CORTEX_M4, RISC_V, AVR])
  describeWith(`C with inputs in int8: ${board.title}`, board.tools, () => {
    const at = folder();
    test('gives the digest of the engine', () => {
      const { make, name } = networksBy(library).networks.find((each) => each.name === 'small_cnn')!;
      const network = make();
      const expected = testDigest(network, SAMPLES).toString(16).padStart(8, '0');
      expect(digestOn(board, { name, ...toC(network, { name, inputs: 'int8' }) }, SAMPLES, at)).toBe(expected);
    });
  });
