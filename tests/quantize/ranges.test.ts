import { describe, expect, test } from 'vitest';
import {
  Activation,
  compare,
  Dense,
  decodeNetwork,
  encodeNetwork,
  fromData,
  type Model,
  type Network,
  predictNetwork,
  quantize,
  Sequential,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { Observer, type Range, type RangeChoice, rangeMethod } from '../../src/quantize/ranges.ts';
import { normal, quick, values } from '../compress/tools.ts';

/** What an observer says of numbers that it sees in these batches. */
function rangeOf(ranges: RangeChoice, ...batches: readonly (readonly number[])[]): Range {
  const observer = new Observer(rangeMethod('test', ranges));
  for (const batch of batches) observer.see(Float32Array.from(batch));
  return observer.range();
}

/** Numbers from 1 to n, and their opposites. */
const upTo = (n: number): number[] => Array.from({ length: 2 * n }, (_, i) => (i < n ? i + 1 : n - i - 1));

describe('the range', () => {
  test('by extremes holds all numbers, and 0', () => {
    expect(rangeOf('minMax', [3, 1], [2, 9, 4])).toEqual({ low: 0, high: 9 });
    expect(rangeOf('minMax', [-3], [-1, 2])).toEqual({ low: -3, high: 2 });
    expect(rangeOf('minMax', [0, 0])).toEqual({ low: 0, high: 0 });
  });

  test('by percentile leaves out as many numbers at each end, and no more', () => {
    const all = upTo(1000); // 2,000 numbers
    const at = (percent: number): Range => rangeOf({ name: 'percentile', percent }, all);
    expect(at(100)).toEqual({ low: -1000, high: 1000 });
    expect(at(99.95)).toEqual({ low: -999, high: 999 });
    expect(at(99.99)).toEqual({ low: -1000, high: 1000 }); // a fifth of a number
    expect(rangeOf('percentile', all)).toEqual(at(99.99));
    // Numbers of one bin, here from 992 to 999, go together
    expect(at(99.5).high).toBeGreaterThanOrEqual(990);
    expect(at(99.5).high).toBeLessThan(1000);
    expect(rangeOf({ name: 'percentile', percent: 75 }, [0, 0, 0, 8])).toEqual({ low: 0, high: 0 });
  });

  test('by moving average is the mean of the extremes of batches, in which the past counts', () => {
    const mean = { name: 'movingAverage', momentum: 0.75 } as const;
    expect(rangeOf(mean, [4, -8])).toEqual({ low: -8, high: 4 });
    expect(rangeOf(mean, [4, -8], [8, 1], [16])).toEqual({ low: -4.5, high: 7.75 });
    expect(rangeOf('movingAverage', [100], [200]).high).toBeCloseTo(101, 10);
  });

  test('by histogram has the least expected error of all ranges', () => {
    const cases: number[][] = [
      values(normal([4000], 2)),
      values(normal([3000], 3)).map((x) => x * x * x),
      values(normal([2000], 4)).map((x) => Math.max(0, x)),
      [...values(normal([3000], 5)), 9, -30],
      values(normal([500], 6)).map((x) => -Math.abs(x)),
    ];
    for (const numbers of cases) {
      const cost = ({ low, high }: Range): number =>
        numbers.reduce((sum, x) => {
          if (x === 0) return sum;
          if (x < low || x > high) return sum + (x < low ? low - x : x - high) ** 2;
          return sum + (high - low) ** 2 / 255 ** 2 / 12;
        }, 0);
      const found = rangeOf('histogram', numbers);
      const low = Math.min(0, ...numbers);
      const high = Math.max(0, ...numbers);
      let best = Infinity;
      for (let i = 0; i <= 120; i++)
        for (let j = 0; j <= 120; j++) best = Math.min(best, cost({ low: (low * i) / 120, high: (high * j) / 120 }));
      expect(cost(found)).toBeLessThan(1.02 * best);
      expect(cost(found)).toBeLessThanOrEqual(cost({ low, high }) * (1 + 1e-9));
    }
    expect(rangeOf('histogram', [0, 0])).toEqual({ low: 0, high: 0 });
    expect(rangeOf('histogram', [1, 1, 1])).toEqual({ low: 0, high: 1 });
  });

  test('is that of extremes by itself, unless a few of many numbers are far out', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => (i % 1000) / 500 - 1);
    const { low, high } = rangeOf('minMax', many);
    expect(rangeOf('auto', many)).toEqual({ low, high });
    expect(rangeOf('auto', [...many, 3])).toEqual({ low, high: 3 }); // twice as wide
    expect(rangeOf('auto', [...many, 1000])).toEqual({ low, high });
    expect(rangeOf('auto', [...many, -1000])).toEqual({ low, high });
    expect(rangeOf('auto', [...many, -1000, 1000])).toEqual({ low, high });
    expect(rangeOf('auto', [...many, 1000, 1000, 1000])).toEqual({ low, high: 1000 }); // too many to be mistakes
    expect(rangeOf('auto', [...many.slice(0, 5000), 1000]).high).toBe(1000); // one of too few
    // Nothing else is there: it is what matters
    expect(rangeOf('auto', [...new Array<number>(20_000).fill(0), 5])).toEqual({ low: 0, high: 5 });
  });

  test('refuses what it does not know', () => {
    const on = (ranges: unknown) => () => quantize(net(), { calibration: normal([9, 16]), ranges: ranges as 'auto' });
    expect(on('max')).toThrow('quantize: ranges must be one of auto, minMax, movingAverage, histogram, percentile, or');
    expect(on({ name: 'percentile', percentile: 99 })).toThrow('got ["percentile"]');
    expect(on({ name: 'histogram', percent: 99 })).toThrow('got ["percent"]');
    expect(on(null)).toThrow('quantize: ranges must be one of');
    expect(on({ name: 'toString' })).toThrow('quantize: ranges must be one of');
    expect(on({ name: 'percentile', percent: 50 })).toThrow('quantize: percent must be above 50, at most 100, got 50');
    expect(on({ name: 'movingAverage', momentum: 1 })).toThrow('quantize: momentum must be in [0, 1), got 1');
  });
});

function net(): Sequential {
  return new Sequential([new Dense(32, { activation: 'relu', inputShape: [16] }), new Dense(4)], { seed: 1 });
}

/** The norm of the difference of a network to a model, over the model's. */
function errorOf(model: Model, network: Network, x: Tensor): number {
  const real = values(model.predict(x));
  const integers = values(predictNetwork(network, x));
  const norm = (list: readonly number[]): number => Math.sqrt(list.reduce((sum, value) => sum + value * value, 0));
  return norm(real.map((value, i) => value - integers[i]!)) / norm(real);
}

describe('one bad reading among 16,000', () => {
  const x = normal([1000, 16], 5);
  const bad = fromData(
    Float32Array.from(x.data, (value, i) => (i === 7 ? 1000 : value)),
    [1000, 16],
  );

  test('costs nothing, in any layer, and is told', () => {
    const model = net();
    const [clean, network] = [x, bad].map((calibration) => quantize(model, { calibration }));
    expect(clean!.notes).toEqual([]);
    expect(errorOf(model, clean!, x)).toBeLessThan(0.012);
    expect(errorOf(model, network!, x)).toBeLessThan(0.012);
    expect(network!.notes).toHaveLength(1);
    expect(network!.notes[0]).toMatch(/^1 of 16000 numbers of "input" lie far outside of \[-\d.*\] and are cut off/);
    expect(network!.nodes.map(({ format }) => format?.scale)[1]).toBeCloseTo(
      clean!.nodes.map(({ format }) => format?.scale)[1]!,
      2,
    );
  });

  test('by extremes is told with the figure and the remedy, and compare says so', () => {
    const model = net();
    const network = quantize(model, { calibration: bad, ranges: 'minMax' });
    expect(errorOf(model, network, x)).toBeGreaterThan(0.3);
    const last = network.notes.at(-1)!;
    expect(last).toMatch(
      /^of "dense_1", int8 is \d+ % of its spread away from float32 on the calibration samples: try /,
    );
    expect(last).toContain('ranges: { name: "percentile", percent: 99.9 }');
    expect(compare(model, network, quick).notes.slice(-network.notes.length)).toEqual([...network.notes]);
    expect(compare(model, network, quick).notes.length).toBeGreaterThan(network.notes.length);
  });

  test('by percentile is cut off, as are a few more', () => {
    const model = net();
    const network = quantize(model, { calibration: bad, ranges: 'percentile' });
    expect(errorOf(model, network, x)).toBeLessThan(0.02);
    expect(network.notes).toEqual([]);
  });

  test('among few is kept, with a note of what it does and the cure', () => {
    for (const n of [60, 300]) {
      const few = fromData(bad.data.slice(0, 16 * n) as Float32Array, [n, 16]);
      const model = net();
      const network = quantize(model, { calibration: few });
      expect(errorOf(model, network, x)).toBeGreaterThan(0.3);
      expect(network.notes.join()).toMatch(/ of its spread away from float32 on the calibration samples: try /);
      const cured = quantize(model, { calibration: few, ranges: { name: 'percentile', percent: 99.8 } });
      expect(errorOf(model, cured, x)).toBeLessThan(0.1);
    }
  });

  test('notes are of the object, not of the network that files hold', () => {
    const network = quantize(net(), { calibration: bad });
    expect(decodeNetwork(encodeNetwork(network)).network).toEqual(network);
    expect(Object.keys(network)).not.toContain('notes');
  });
});

test.each<RangeChoice>(['minMax', 'movingAverage', 'histogram', 'percentile', { name: 'percentile', percent: 99.9 }])(
  'networks calibrated by %o stay near the real ones',
  (ranges) => {
    const model = new Sequential(
      [
        new Dense(24, { activation: 'relu', inputShape: [8] }),
        new Dense(24, { activation: 'relu' }),
        new Dense(24, { activation: 'tanh' }),
        new Dense(3),
      ],
      { seed: 4 },
    );
    const x = normal([2000, 8], 8);
    const network = quantize(model, { calibration: x, ranges });
    expect(errorOf(model, network, x)).toBeLessThan(0.06);
    expect(network.notes).toEqual([]);
  },
);

describe('notes', () => {
  /** 4000 beside a number below 1, behind an activation, so that they are not scaled. */
  const uneven = fromData(
    Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 4000 + i : Math.abs(Math.sin(i)))),
    [200, 2],
  );
  const on = (head: Dense, kernel: number[][], bias: number[]): Sequential => {
    const model = new Sequential([new Activation('relu', { inputShape: [2] }), head]);
    model.setWeights([tensor(kernel as number[][]), tensor(bias)]);
    return model;
  };

  test('tell of classes that are chosen otherwise, and not of few', () => {
    const small = [
      [0, 0],
      [1, -1],
    ];
    const model = on(new Dense(2, { activation: 'softmax' }), small, [-0.5, 0.5]);
    const { notes } = quantize(model, { calibration: uneven });
    expect(notes.at(-1)).toMatch(/^of "dense(_\d)?", int8 chooses other classes than float32 on \d+(\.\d)? % of the/);
    const x = normal([300, 2], 3);
    const few = new Sequential([new Dense(2, { activation: 'softmax', inputShape: [2] })], { seed: 3 });
    expect(quantize(few, { calibration: x }).notes).toEqual([]);
  });

  test('tell of classes of sigmoid too', () => {
    const model = new Sequential([new Dense(1, { inputShape: [1], activation: 'sigmoid' })]);
    model.setWeights([tensor([[1]]), tensor([0])]);
    const x = fromData(
      Float32Array.from({ length: 300 }, (_, i) => (i % 100 === 0 ? 1000 : Math.sin(i))),
      [300, 1],
    );
    expect(quantize(model, { calibration: x, ranges: 'minMax' }).notes.join()).toContain('chooses other classes');
  });

  test('tell of outputs that became constant', () => {
    const both = [
      [1, 0],
      [0, 1],
    ];
    // One that moves by less than a hundredth of the other is none to speak of
    expect(quantize(on(new Dense(2), both, [0, 0]), { calibration: uneven }).notes).toEqual([]);
    expect(quantize(on(new Dense(1), [[0], [1]], [0]), { calibration: uneven }).notes[0]).toMatch(
      /^"dense(_\d)?" became constant: always 0 on the calibration samples, where float32 moves by 1$/,
    );
  });

  test('are none for an output that does not move, or one sample', () => {
    const still = new Sequential([new Dense(2, { inputShape: [3], kernelInitializer: 'zeros' })]);
    expect(quantize(still, { calibration: normal([50, 3]) }).notes).toEqual([]);
    expect(quantize(net(), { calibration: normal([1, 16]) }).notes).toEqual([]);
  });
});

test('deep networks are observed part by part, with the ranges of one run', () => {
  const layers = Array.from({ length: 520 }, (_, i) => new Dense(2, i === 0 ? { inputShape: [2] } : {}));
  const model = new Sequential(layers, { seed: 1 });
  const x = normal([40, 2]);
  const [part, whole] = (['auto', 'minMax'] as const).map((ranges) => quantize(model, { calibration: x, ranges }));
  expect(part!.nodes).toEqual(whole!.nodes);
  expect(part!.nodes).toHaveLength(521);
});
