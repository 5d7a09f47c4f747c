import { expect, test, vi } from 'vitest';
import { measure, type RowResult, type Settings } from '../../bench/measure.ts';
import { renderRow } from '../../bench/report.ts';
import { CheckError, type Row, type Variant } from '../../bench/row.ts';
import { sink } from '../../bench/sampler.ts';

const settings: Settings = { rounds: 4, minTime: 1e-4, warmUp: 1e-9, budget: 10 };

const rowOf = (variants: readonly Variant[], close = (): void => {}): Row => ({
  name: 'row',
  work: 1,
  unit: 'steps/s',
  ratio: 'time',
  quick: true,
  peers: false,
  open: () => ({ variants, failures: [], close }),
});

const variantOf = (who: string, changes: Partial<Variant> = {}): Variant =>
  ({ who, how: '', ours: true, run: () => 1, check: () => {}, ...changes }) as Variant;

test('variants are checked and warmed up, then sampled in turns, each reset before, another one first each round', async () => {
  const log: string[] = [];
  const variants = ['a', 'b'].map((who) =>
    variantOf(who, { check: () => void log.push(`check ${who}`), reset: () => void log.push(who) }),
  );
  const before = sink.total;
  const result = await measure(
    rowOf(variants, () => void log.push('close')),
    settings,
  );
  expect(log.join(' ')).toBe('check a a check b b a b b a a b b a close');
  expect(result.variants.map(({ samples, rounds }) => [samples.length, rounds])).toEqual([
    [4, [0, 1, 2, 3]],
    [4, [0, 1, 2, 3]],
  ]);
  expect(result.variants[0]!.ratio).toMatchObject({ median: 1, mad: 0, low: 1, high: 1, best: 1 });
  expect(result.variants[1]!.best).toBe(Math.min(...result.variants[1]!.samples));
  expect(sink.total).toBeGreaterThan(before);
});

test('after each round but the last it tells what there is, and each time a round more', async () => {
  const told: number[][] = [];
  const variants = ['a', 'b'].map((who) => variantOf(who));
  const tell = (soFar: RowResult): void => void told.push(soFar.variants.map(({ samples }) => samples.length));
  const result = await measure(rowOf(variants), settings, tell);
  expect(told).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  expect(result.variants.map(({ samples }) => samples.length)).toEqual([4, 4]);
});

test('a variant that clocks itself is given enough runs to fill its time, and its seconds are those of one run', async () => {
  const asked: number[] = [];
  const time = async (iterations: number): Promise<number> => {
    asked.push(iterations);
    return iterations * 1e-6;
  };
  const { run: _, ...rest } = variantOf('slow') as Variant & { run: () => number };
  const { variants } = await measure(rowOf([{ ...rest, time }]), settings);
  expect(variants[0]!.samples.every((seconds) => Math.abs(seconds - 1e-6) < 1e-12)).toBe(true);
  expect(asked.at(-1)!).toBeGreaterThanOrEqual(100);
});

test('a slow variant sits rounds out, spread over the row, and shares three or more with every other', async () => {
  let now = 0; // a clock that only the variants move
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  const taking = (who: string, milliseconds: number): Variant => {
    const { run: _, ...rest } = variantOf(who) as Variant & { run: () => number };
    const time = async (iterations: number): Promise<number> => {
      now += iterations * milliseconds;
      return (iterations * milliseconds) / 1000;
    };
    return { ...rest, time };
  };
  const row = rowOf([taking('fast', 1), taking('slow', 15), taking('slower', 200)]);
  const { variants } = await measure(row, { ...settings, rounds: 12, budget: 0.12 });
  clock.mockRestore();
  const [fast, slow, slower] = variants.map(({ rounds }) => rounds);
  expect(fast).toHaveLength(12);
  expect(slow).toHaveLength(8);
  expect(slower).toEqual([0, 4, 8]);
  expect(slow).toEqual(expect.arrayContaining([...slower!]));
  expect(fast).toEqual(expect.arrayContaining([...slow!]));
});

test('what fails is told and the others go on, whether it is wrong at first or breaks down later', async () => {
  let calls = 0;
  const breaks = (): number => {
    if (++calls > 10) throw new Error('out of\nmemory');
    return 1;
  };
  const row = rowOf([
    variantOf('mine', {
      check: () => {
        throw new CheckError('mine: element 0 is 1, should be 2');
      },
    }),
    variantOf('good'),
    variantOf('peer', { ours: false, run: breaks } as Partial<Variant>),
  ]);
  const result = await measure(row, settings);
  expect(result.variants.map(({ name, base }) => [name, base])).toEqual([['good', 'good']]);
  expect(result.failures).toEqual([
    { name: 'mine', ours: true, message: 'mine: element 0 is 1, should be 2' },
    { name: 'peer', ours: false, message: 'out of memory' },
  ]);
  const text = renderRow(result, null);
  expect(text).toContain('mine: WRONG: mine: element 0 is 1, should be 2');
  expect(text).toContain('peer: failed: out of memory');
});

test('a ratio is to the base that a variant names, and its limit is judged by it', async () => {
  const variants = [
    variantOf('a'),
    variantOf('b'),
    variantOf('c', { how: 'int8', base: 'b', limit: 1e9, note: 'odd' }),
  ];
  const result = await measure(rowOf(variants), settings);
  expect(result.variants.map(({ name, base }) => [name, base])).toEqual([
    ['a', 'a'],
    ['b', 'a'],
    ['c int8', 'b'],
  ]);
  const text = renderRow(result, null);
  expect(text).toMatch(/c int8 takes \S+ times as long as b: within the limit of 1000000000\n/);
  expect(text).toContain('c int8: odd');
});

test('a variant that does more in a run is compared by rates, and its goal is judged by them', async () => {
  let now = 0; // a clock that only the variants move
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  const taking = (who: string, milliseconds: number, rest: Partial<Variant>): Variant => {
    const { run: _, ...others } = variantOf(who) as Variant & { run: () => number };
    const time = async (iterations: number): Promise<number> => {
      now += iterations * milliseconds;
      return (iterations * milliseconds) / 1000;
    };
    return { ...others, ...rest, time };
  };
  const row = { ...rowOf([]), work: 1000, unit: 'GOP/s', ratio: 'speed' } as const;
  const variants = [
    taking('product', 10, {}),
    taking('larger', 40, { work: 3000, goal: 0.7 }),
    taking('slow', 40, { work: 3000, goal: 0.8 }),
    taking('plain', 40, {}),
  ];
  const result = await measure({ ...row, open: () => ({ variants, failures: [], close: () => {} }) }, settings);
  clock.mockRestore();
  expect(result.variants.map(({ ratio }) => ratio.median)).toEqual([1, 0.75, 0.75, 0.25].map((x) => expect.closeTo(x)));
  expect(result.variants.map(({ rate }) => rate)).toEqual(
    [1e-4, 7.5e-5, 7.5e-5, 2.5e-5].map((x) => expect.closeTo(x, 9)),
  );
  const text = renderRow(result, null);
  expect(text).toContain('larger has 75.0 % of the rate of product: reaches the goal of 70.0 %');
  expect(text).toContain('slow has 75.0 % of the rate of product: BELOW the goal of 80.0 %');
});

test('noisy variants are marked and stay in the table', () => {
  const ratio = { median: 1, mad: 0, low: 1, high: 1, best: 1 };
  const figures = {
    how: '',
    ours: true,
    median: 1,
    mad: 0.2,
    best: 1,
    rate: 1,
    base: 'a',
    ratio,
    samples: [1],
    rounds: [0],
  };
  const row = { name: 'row', work: 1, unit: 'GFLOP/s', ratio: 'speed', failures: [] } as const;
  const text = renderRow({ ...row, variants: [{ name: 'a', who: 'a', noisy: true, ...figures }] }, 4);
  expect(text).toMatch(/ a +1\.00 +25\.0 % .* noisy\n/);
});

test('what a process held at most is asked for after the last sample, and told', async () => {
  let samples = 0;
  const run = (): number => samples++;
  const { variants } = await measure(
    rowOf([variantOf('a', { run, memory: () => (samples > 4 ? 7.4e6 : 0) })]),
    settings,
  );
  expect(variants[0]!.note).toBe('holds 7 MB at most');
});
