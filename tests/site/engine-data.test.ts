import { describe, expect, test } from 'vitest';
import { partsOf, samplesOf } from '../../site/src/engine/data.ts';
import { scalingOf } from '../../site/src/engine/scaling.ts';
import { type DrawnByFormula, type Rows, rowsOf } from '../../site/src/engine/sets.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import type { DataSettings } from '../../site/src/state/settings.ts';
import { saidOfError } from './refused.ts';
import { digitsFile } from './sessions.ts';

const SETS: { readonly [N in DrawnByFormula]: readonly [inputs: number, classes: number] } = {
  spiral: [2, 2],
  moons: [2, 2],
  circles: [2, 2],
  xor: [2, 2],
  gaussians: [2, 3],
  aboveSine: [2, 2],
  polynomial: [1, 0],
  sine: [1, 0],
  plane: [2, 0],
};
const names = Object.keys(SETS) as DrawnByFormula[];
const settings = (changes: Partial<DataSettings>): DataSettings => ({ ...DEFAULTS.data, ...changes });
const digits = async (): Promise<Uint8Array<ArrayBuffer>> => digitsFile();
const labelsOf = ({ values, names: { length }, count }: Rows): number[] =>
  Array.from({ length: count }, (_, i) => values[(i + 1) * (length + 1) - 1]!);
const countsOf = (labels: readonly number[], classes: number): number[] =>
  Array.from({ length: classes }, (_, of) => labels.filter((label) => label === of).length);
const refusalOf = async (changes: Partial<DataSettings>, sources: object): Promise<string> =>
  samplesOf(settings(changes), { digits, wantsNumbers: false, ...sources }).then(
    () => 'nothing was refused',
    saidOfError,
  );

describe.each(names)('%s', (name) => {
  const [inputs, classes] = SETS[name];

  test('has samples of its shape, finite, as many of each class', () => {
    for (const count of [20, 101, 500]) {
      const rows = rowsOf(name, count, 0.3, 1);
      expect(rows.names).toHaveLength(inputs);
      expect(rows.classes).toHaveLength(classes);
      expect(rows.task).toBe(classes > 0 ? 'classification' : 'regression');
      expect(rows.values).toHaveLength(count * (inputs + 1));
      expect(rows.values.every(Number.isFinite)).toBe(true);
      if (classes === 0) continue;
      const members = countsOf(labelsOf(rows), classes);
      expect(members.reduce((a, b) => a + b)).toBe(count);
      expect(Math.max(...members) - Math.min(...members)).toBeLessThanOrEqual(1);
    }
  });

  test('is the same for the same seed, and another for another', () => {
    expect(rowsOf(name, 60, 0.2, 7).values).toEqual(rowsOf(name, 60, 0.2, 7).values);
    expect(rowsOf(name, 60, 0.2, 7).values).not.toEqual(rowsOf(name, 60, 0.2, 8).values);
  });

  test('spreads with its noise', () => {
    const [still, loud] = [rowsOf(name, 400, 0, 3), rowsOf(name, 400, 0.5, 3)];
    const moved = still.values.reduce((sum, value, i) => sum + Math.abs(value - loud.values[i]!), 0) / 400;
    expect(moved).toBeGreaterThan(0.05);
  });
});

test('above a noise of a half labels lie, at most every second', () => {
  const lies = (noise: number): number => {
    const rows = rowsOf('gaussians', 3000, noise, 1);
    return labelsOf(rows).filter((label, i) => label !== i % 3).length / 3000;
  };
  expect(lies(0.5)).toBe(0);
  expect(lies(0.7)).toBeCloseTo(0.2, 1);
  expect(lies(1)).toBeCloseTo(0.5, 1);
});

test('sets without noise are what they are called', () => {
  const row = (rows: Rows, i: number): number[] => [...rows.values.subarray(3 * i, 3 * i + 3)];
  for (let i = 0; i < 200; i++) {
    const [x1, x2, label] = row(rowsOf('xor', 200, 0, 1), i) as [number, number, number];
    expect(x1 * x2 > 0).toBe(label === 0);
    const [c1, c2, of] = row(rowsOf('circles', 200, 0, 1), i) as [number, number, number];
    expect(Math.hypot(c1, c2)).toBeCloseTo(of === 0 ? 1 : 0.45, 5);
    const [s1, s2, above] = row(rowsOf('aboveSine', 200, 0, 1), i) as [number, number, number];
    expect(s2 >= 0.6 * Math.sin(1.5 * Math.PI * s1) - 1e-6).toBe(above === 1);
  }
  const sine = rowsOf('sine', 50, 0, 1);
  for (let i = 0; i < 50; i++) expect(sine.values[2 * i + 1]).toBeCloseTo(sine.truth!(sine.values[2 * i]!), 5);
});

describe('the split', () => {
  test.each([
    [500, 0.2, 0.2],
    [20, 0.1, 0.1],
    [2000, 0.4, 0.4],
    [37, 0.4, 0.4],
  ])('of %d samples has every one once, and shares of classes stay', (count, validation, test) => {
    for (const name of names) {
      const rows = rowsOf(name, count, 0.1, 2);
      const parts = partsOf(rows, settings({ name, samples: count, validation, test, seed: 2 }));
      const all = [...parts.train, ...parts.validation, ...parts.test].sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: count }, (_, i) => i));
      const { length } = rows.classes;
      const wanted = Math.max(2, length, Math.round(count * validation));
      expect(parts.validation).toHaveLength(wanted);
      const labels = labelsOf(rows);
      for (const part of length === 0 ? [] : Object.values(parts)) {
        const members = countsOf(
          [...part].map((i) => labels[i]!),
          length,
        );
        expect(Math.min(...members)).toBeGreaterThan(0);
        expect(Math.max(...members) - Math.min(...members)).toBeLessThanOrEqual(2);
      }
    }
  });

  test('is another for another seed', () => {
    const rows = rowsOf('moons', 100, 0.1, 1);
    expect(partsOf(rows, settings({ seed: 1 }))).toEqual(partsOf(rows, settings({ seed: 1 })));
    expect(partsOf(rows, settings({ seed: 1 })).test).not.toEqual(partsOf(rows, settings({ seed: 2 })).test);
  });
});

describe('scaling', () => {
  test('powers of x have mean 0 and deviation 1 over training rows alone', () => {
    const train = Float32Array.of(0, 1, 2, 5);
    const scaling = scalingOf(['x'], 3, train, Float32Array.of(10, 20, 30, 40));
    expect(scaling.features).toEqual(['x', 'x^2', 'x^3']);
    const { data, shape } = scaling.inputs(train);
    expect(shape).toEqual([4, 3]);
    for (let p = 0; p < 3; p++) {
      const column = [0, 1, 2, 3].map((i) => data[3 * i + p]!);
      expect(column.reduce((a, b) => a + b)).toBeCloseTo(0, 5);
      expect(column.reduce((a, b) => a + b * b, 0) / 4).toBeCloseTo(1, 5);
    }
    // (7 - 2)/√3.5, whatever else is scaled with it.
    expect(scaling.inputs(Float32Array.of(7, 1000)).data[0]).toBeCloseTo(5 / Math.sqrt(3.5), 5);
    const back = scaling.numbers(scaling.targets(Float32Array.of(10, 25, -3)).data);
    expect([...back].map((value) => Math.round(1000 * value) / 1000)).toEqual([10, 25, -3]);
  });

  test('of several inputs there are no powers', () => {
    const scaling = scalingOf(['x1', 'x2'], 5, Float32Array.of(0, 1, 2, 3), null);
    expect(scaling.features).toEqual(['x1', 'x2']);
    expect(scaling.inputs(Float32Array.of(1, 2)).shape).toEqual([1, 2]);
  });
});

describe('points of one’s own', () => {
  const ring = (labels: readonly number[]): [number, number, number][] =>
    labels.map((label, i) => [Math.cos(i), Math.sin(i), label]);

  test('whole labels are classes, others numbers', async () => {
    const classes = await samplesOf(settings({ name: 'drawn' }), {
      digits,
      wantsNumbers: false,
      points: ring(Array(12).fill([1, 3]).flat()),
    });
    expect([classes.task, classes.classes, classes.count]).toEqual(['classification', ['1', '3'], 24]);
    expect(countsOf(labelsOf(classes), 2)).toEqual([12, 12]);
    const numbers = await samplesOf(settings({ name: 'drawn' }), {
      digits,
      wantsNumbers: false,
      points: ring(Array(12).fill([0, 0.5]).flat()),
    });
    expect([numbers.task, numbers.classes]).toEqual(['regression', []]);
  });

  test('whole labels are numbers where the loss is one of numbers', async () => {
    const points = ring(Array(12).fill([1, 3]).flat());
    const numbers = await samplesOf(settings({ name: 'drawn' }), { digits, wantsNumbers: true, points });
    expect([numbers.task, numbers.classes, labelsOf(numbers).slice(0, 2)]).toEqual(['regression', [], [1, 3]]);
  });

  test('too few, of one class, or no numbers, are refused', async () => {
    const drawn = { name: 'drawn' } as const;
    expect(await refusalOf(drawn, {})).toBe('There are 0 samples, and 10 are needed: add some.');
    expect(await refusalOf(drawn, { points: ring(Array(15).fill(2)) })).toMatch(/^All samples are of the class 2/);
    expect(await refusalOf(drawn, { points: ring([...Array(15).fill(2), 1]) })).toMatch(
      /^The class 1 has 1 of the 3 samples/,
    );
    expect(await refusalOf(drawn, { points: ring(Array(15).fill(0.5)) })).toMatch(
      /^All samples have the same number to learn, 0\.5: /,
    );
    expect(await refusalOf(drawn, { points: ring([...Array(15).fill(2), Number.NaN]) })).toMatch(/finite number/);
  });
});

describe('a table', () => {
  const lines = Array.from({ length: 40 }, (_, i) => `${i * 1.5};${(i * 7) % 11};${i % 2 === 0 ? 'yes' : 'no'}`);
  const table = (text: string, target: string): { table: { text: string; target: string } } => ({
    table: { text, target },
  });

  test('is read as it comes: delimiters, texts as classes', async () => {
    const rows = await samplesOf(settings({ name: 'table' }), {
      digits,
      wantsNumbers: false,
      ...table(`a;b;kind\n${lines.join('\n')}`, 'kind'),
    });
    expect([rows.task, rows.names, rows.classes, rows.count]).toEqual([
      'classification',
      ['a', 'b'],
      ['no', 'yes'],
      40,
    ]);
    expect([...rows.values.subarray(0, 6)]).toEqual([0, 0, 1, 1.5, 7, 0]);
  });

  test('a number to predict makes a regression', async () => {
    const rows = await samplesOf(settings({ name: 'table' }), {
      digits,
      wantsNumbers: false,
      ...table(`a;b;kind\n${lines.join('\n')}`, 'a'),
    });
    expect([rows.task, rows.names]).toEqual(['regression', ['b', 'kind=no', 'kind=yes']]);
  });

  test.each([
    ['', 'kind', /^There is no table yet/],
    [`a;b;kind\n${lines.join('\n')}`, 'knid', /kind/],
    [`a;b;kind\n${lines.slice(0, 4).join('\n')}`, 'kind', /^There are 4 samples/],
    ['<!doctype html><html></html>', 'kind', /HTML/],
    [`a;b;kind\n${lines.join('\n')}\n1;2;maybe`, 'kind', /^The class maybe has 1 of the 3 samples/],
    [`a,b\n1,2\n3`, 'b', /line 3/],
  ])('that does not do is refused in a sentence (%#)', async (text, target, sentence) => {
    expect(await refusalOf({ name: 'table' }, table(text, target))).toMatch(sentence);
  });
});

test('digits are as many of each, and all of them where more are asked for', async () => {
  const few = await samplesOf(settings({ name: 'digits', samples: 200 }), { digits, wantsNumbers: false });
  expect([few.count, few.names.length, few.classes]).toEqual([
    200,
    64,
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  ]);
  for (const members of countsOf(labelsOf(few), 10)) expect(Math.abs(members - 20)).toBeLessThanOrEqual(1);
  const again = await samplesOf(settings({ name: 'digits', samples: 200 }), { digits, wantsNumbers: false });
  expect(again.values).toEqual(few.values);
  expect((await samplesOf(settings({ name: 'digits', samples: 2000 }), { digits, wantsNumbers: false })).count).toBe(
    1797,
  );
});
