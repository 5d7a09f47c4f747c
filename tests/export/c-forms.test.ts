import { expect, test, vi } from 'vitest';
import { toC } from '../../src/export/index.ts';
import type { FormName } from '../../src/export/storage.ts';
import { Conv2D, Dense, Flatten, quantize, Random, Sequential, toNetwork } from '../../src/index.ts';
import { describeWith, folder, STRICT } from './c-compilers.ts';
import { type Case, CONTRACTING, differing, GCC } from './c-harness.ts';

vi.setConfig({ testTimeout: 200_000 }); // compilers, beside other work

/** Kernels whose numbers are best held in each form, read by dense layers and by convolutions, of real numbers and in int8. */

const random = new Random(12, 'forms');
const drawn = random.uniform([100_000], 0, 1).data;
let at = 0;
const next = (): number => drawn[at++]!;
const level = (kinds: number): number => (Math.floor(next() * kinds) - (kinds - 1) / 2 || 1) / kinds;

const NUMBERS: { readonly [F in FormName]: () => number } = {
  plain: () => next() - 0.5,
  palette: () => level(4),
  masked: () => (next() < 0.7 ? 0 : next() - 0.5),
  maskedPalette: () => (next() < 0.5 ? 0 : level(4)),
  coded: () => (next() < 0.95 ? 0 : level(4)),
};

const dense = (): Sequential => new Sequential([new Dense(40, { inputShape: [96], activation: 'relu' }), new Dense(7)]);
const convolution = (): Sequential =>
  new Sequential([new Conv2D(24, 3, { padding: 'same', inputShape: [5, 4, 16] }), new Flatten(), new Dense(2)]);

function* cases(form: FormName): Generator<Case> {
  for (const [name, make, shape] of [
    ['dense', dense, [96]],
    ['convolution', convolution, [5, 4, 16]],
  ] as const) {
    const model = make();
    model.weights[0]!.value.data.forEach((_, i, data) => {
      data[i] = NUMBERS[form]();
    });
    yield { name: `${name}, real`, network: toNetwork(model) };
    yield { name: `${name}, int8`, network: quantize(model, { calibration: random.normal([20, ...shape]) }) };
  }
}

/** Kernels of few numbers, whose units have few scales, before one whose units all have scales of their own. */
function* withFewScales(): Generator<Case> {
  const first = new Dense(40, { inputShape: [24], activation: 'relu' });
  const model = new Sequential([first, new Dense(30, { activation: 'relu' }), new Dense(5)], { seed: 4 });
  for (const { value } of model.weights.slice(0, 4))
    value.data.forEach((x, i, data) => {
      data[i] = (1 + (i % 3)) * Math.sign(x || 1) * 0.1;
    });
  const calibration = random.normal([40, 24]);
  yield { name: 'scales', network: quantize(model, { calibration }) };
  yield { name: 'multipliers', network: quantize(model, { calibration, rule: 'multiplier' }) };
  yield { name: 'dynamic', network: quantize(model, { format: 'dynamic' }) };
}

describeWith('scales of units', [GCC], () => {
  const folderOf = folder();
  test('are named by a byte a unit where many have the same', () => {
    const all = [...withFewScales()];
    for (const { name, network } of all) {
      const small = toC(network).source;
      expect(small, name).toContain('layer->scale_of[unit]');
      expect(small, name).toMatch(/_(scales|multipliers)\[3\] = /);
      expect(small, name).toMatch(/_(scales|multipliers)\[5\] = /);
      expect(toC(network, { storage: 'plain' }).source, name).not.toContain('scale_of');
    }
    expect(differing(all, [...STRICT, ...CONTRACTING], folderOf, {})).toEqual([]);
  });

  test('are no such bytes where all differ', () => {
    const network = quantize(dense(), { calibration: random.normal([20, 96]) });
    expect(toC(network).source).not.toContain('scale_of');
  });
});

describeWith('more numbers than 16 bits count', [GCC], () => {
  const folderOf = folder();
  test('are all read, since sizes have 32 bits there', () => {
    const model = new Sequential([new Dense(70, { inputShape: [1000] })]);
    const drawn = new Random(5).uniform([70_000], 0, 1).data;
    model.weights[0]!.value.data.forEach((_, i, data) => {
      data[i] = drawn[i]! < 0.9 ? 0.5 : 1 + (Math.floor(drawn[i]! * 1000) % 12);
    });
    const network = toNetwork(model);
    const { source } = toC(network);
    expect(source).toContain('typedef uint32_t size_of;');
    expect(source).toContain('.held = 70000,');
    expect(differing([{ name: 'many', network }], [...STRICT, ...CONTRACTING], folderOf, {})).toEqual([]);
  });
});

describeWith('numbers of a kernel', [GCC], () => {
  const folderOf = folder();
  test.each(Object.keys(NUMBERS) as FormName[])('are read in the form %s', (form) => {
    const all = [...cases(form)];
    for (const { name, network } of all) {
      const { source } = toC(network);
      const decoder = `${form === 'maskedPalette' ? 'masked_palette' : form}_${name.endsWith('int8') ? 'int8' : 'float'}`;
      if (form === 'plain') expect(source, name).not.toContain('struct reader');
      else expect(source, name).toContain(`static void ${decoder}(`);
    }
    expect(differing(all, [...STRICT, ...CONTRACTING], folderOf, {})).toEqual([]);
  });
});
