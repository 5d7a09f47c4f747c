import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import * as w from '../../src/index.ts';
import { cpu, reference, setBackend, type Tensor } from '../../src/index.ts';
import { copyOf } from '../../src/tensor/tensor.ts';
import { Draw, type OpCase, opCases, type Sample } from '../op-cases.ts';
import type { Plain } from '../plain.ts';
import { asVector, bits, layouts, near, outputs, planted, toTensor } from './tools.ts';

afterEach(() => {
  setBackend(cpu);
});

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
/** Few seeds: the shapes are in the table, the seeds only vary the numbers. */
const overSeeds = (check: (draw: Draw) => void, numRuns = 2): void =>
  fc.assert(
    fc.property(seeds, (seed) => check(new Draw(seed))),
    { numRuns },
  );

const tensors = (sample: Sample, dtype: 'float32' | 'float64'): Tensor[] =>
  sample.inputs.map((input) => toTensor(input, dtype));

const isSmooth = (sample: Sample): boolean => sample.smooth !== false;
const row = (name: string): OpCase => opCases.find((c) => c.name === name)!;

describe('the operation table', () => {
  test('has exactly one row for every exported operation', async () => {
    const plumbing = ['tape.ts', 'operands.ts', 'gradcheck.ts', 'trace.ts'];
    const folder = new URL('../../src/autograd/', import.meta.url);
    const files = readdirSync(folder).filter((file) => !plumbing.includes(file));
    const modules = await Promise.all(files.map((file) => import(new URL(file, folder).href) as Promise<object>));
    const exported = new Set(Object.keys(w));
    const operations = modules.flatMap((module) => Object.keys(module).filter((name) => exported.has(name)));
    expect(operations.length).toBeGreaterThan(60);
    expect(opCases.map(({ name }) => name).sort()).toEqual(operations.sort());
  });

  test('knows the cost of every operation', () => {
    for (const { flops } of opCases) expect(flops(16)).toBeGreaterThanOrEqual(0);
    expect(row('matmul').flops(10)).toBe(2000);
  });
});

describe.each(opCases)('$name', ({ name, gradient, tolerance, samples, errors }) => {
  test('gives in float32 what plain loops give, with the same bits from cpu and reference, leaving its inputs alone', () => {
    overSeeds((draw) => {
      for (const sample of samples(draw)) {
        const inputs = tensors(sample, 'float32');
        const before = inputs.map((t) => bits(t));
        setBackend(cpu);
        const fast = outputs(sample.apply(...inputs));
        setBackend(reference);
        const slow = outputs(sample.apply(...inputs));
        expect(fast.map(bits)).toEqual(slow.map(bits));
        expect(inputs.map(bits)).toEqual(before);
        expectNear(fast, sample, (got, want, dtype) => near(got, dtype ? want : Math.fround(want), tolerance));
      }
    });
  });

  test('gives in float64 what plain loops give', () => {
    overSeeds((draw) => {
      for (const sample of samples(draw)) {
        const got = outputs(sample.apply(...tensors(sample, 'float64')));
        // A cast to float32 rounds, whatever it was given.
        expectNear(got, sample, (x, y) => near(x, y, 1e-9) || (name === 'cast' && near(x, Math.fround(y), 0)));
      }
    });
  });

  test('gives on views what it gives on copies of them, and so do its gradients', () => {
    overSeeds((draw) => {
      for (const sample of samples(draw)) {
        for (const [layout, view] of Object.entries(layouts)) {
          for (const only of [undefined, 0]) {
            const views = tensors(sample, 'float32').map((t, i) => (only === undefined || i === only ? view(t) : t));
            const copies = views.map(copyOf);
            const [got, want] = [views, copies].map((x) => outputs(sample.apply(...x)).map(bits));
            expect(got, `${layout} ${only}`).toEqual(want);
            if (gradient !== 'differences' || only === 0) continue;
            const [gotGrads, wantGrads] = [views, copies].map((x) => gradientsOf(sample, x).map(bits));
            expect(gotGrads, `gradient, ${layout}`).toEqual(wantGrads);
          }
        }
      }
    }, 1);
  });

  if (gradient === 'differences') {
    test('has the gradient that differences show', () => {
      overSeeds((draw) => {
        for (const sample of samples(draw).filter(isSmooth)) {
          const { f, floats } = asVector(sample, tensors(sample, 'float64'));
          const error = w.gradcheck(f, floats, new w.Random(Math.floor(draw.next() * 1e9)));
          expect(error, shapesOf(sample)).toBeLessThan(1e-7);
        }
      }, 3);
    });

    test.each(Object.entries(planted))('is caught when its gradient is %s', (_, plant) => {
      const draw = new Draw(5);
      const errors = samples(draw)
        .filter(isSmooth)
        .map((sample) => {
          const { f, floats } = asVector(sample, tensors(sample, 'float64'));
          return w.gradcheck(plant(f), floats);
        });
      expect(Math.max(...errors)).toBeGreaterThan(1e-7);
    });

    test('leaves its inputs and the gradient it is given alone on the way back', () => {
      for (const sample of samples(new Draw(3))) {
        const inputs = tensors(sample, 'float32');
        const { f, floats } = asVector(sample, inputs);
        const given = w.linspace(-1, 2, f(...floats).size);
        const before = [...inputs, given].map(bits);
        // Hands the operation a gradient that can be looked at afterwards.
        const giving = w.customGrad('giving', (value) => ({ value, pullback: () => [given] }));
        w.grad(() => w.sum(giving(f(...floats))), floats);
        expect([...inputs, given].map(bits)).toEqual(before);
      }
    });
  } else if (gradient === 'none') {
    test('is a constant to gradients', () => {
      for (const sample of samples(new Draw(1))) {
        const inputs = tensors(sample, 'float32');
        for (const t of inputs) if (t.dtype === 'float32') w.parameter(t);
        for (const y of outputs(sample.apply(...inputs))) expect(y.node).toBeNull();
      }
    });
  }

  if (errors.length > 0) {
    test('refuses what it cannot do, by the right error, in words that name the operation and what came', () => {
      for (const { call, error, text } of errors) {
        expect(call).toThrow(error);
        expect(call).toThrow(text);
      }
    });
  }
});

/** Gradients of a asVector sum of every float output with respect to every float input. */
function gradientsOf(sample: Sample, inputs: readonly Tensor[]): readonly Tensor[] {
  const { f, floats } = asVector(sample, inputs);
  return w.grad(() => {
    const y = f(...floats);
    return w.sum(w.mul(y, w.linspace(0.5, 1.5, y.size, y.dtype as w.FloatDType)));
  }, floats);
}

function expectNear(
  got: readonly Tensor[],
  sample: Sample,
  close: (got: number, want: number, dtype: Plain['dtype']) => boolean,
): void {
  const expected = sample.expected(...sample.inputs);
  const want = (Array.isArray(expected) ? expected : [expected]) as readonly Plain[];
  const floatType = sample.inputs.find((input) => input.dtype === undefined) === undefined ? 'float32' : undefined;
  expect(got.map((t) => t.shape)).toEqual(want.map((p) => p.shape));
  got.forEach((t, i) => {
    const { data, dtype } = want[i]!;
    if (dtype !== undefined) expect(t.dtype).toBe(dtype);
    else if (floatType !== undefined) expect(t.dtype).toBe(floatType);
    const wrong = Array.from(t.data).findIndex((x, j) => !close(x, data[j]!, dtype));
    if (wrong >= 0) {
      expect.fail(`${shapesOf(sample)}: element ${wrong} is ${t.data[wrong]}, should be ${data[wrong]}`);
    }
  });
}

const shapesOf = (sample: Sample): string => sample.inputs.map(({ shape }) => `[${shape.join(', ')}]`).join(' and ');
