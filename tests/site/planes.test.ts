import { describe, expect, test } from 'vitest';
import type { Samples } from '../../site/src/engine/messages.ts';
import { nearest, valueRange } from '../../site/src/fit/visual/curve.ts';
import { percent, show, showScore, signed, ticks } from '../../site/src/fit/visual/numbers.ts';
import { markSize } from '../../site/src/fit/visual/painter.ts';
import { DARK, LIGHT, mix, pixel, STEPS, shades } from '../../site/src/fit/visual/palette.ts';
import {
  answerAt,
  contour,
  countWrong,
  fill,
  isWrong,
  lead,
  type PlanePicture,
  spread,
} from '../../site/src/fit/visual/plane.ts';
import { answerText, className, summaryText } from '../../site/src/fit/visual/plane-text.ts';
import { en } from '../../site/src/text/en.ts';
import { zh } from '../../site/src/text/zh.ts';

const plane = (classes: number, width: number, height: number, values: readonly number[]): PlanePicture => ({
  kind: 'plane',
  width,
  height,
  classes,
  values: Float32Array.from(values),
  neurons: [],
  neuronSize: 24,
});

const samples = (rows: readonly number[], classes: readonly string[] = ['0', '1']): Samples => ({
  task: classes.length === 0 ? 'regression' : 'classification',
  inputs: 2,
  names: ['x1', 'x2'],
  features: ['x1', 'x2'],
  classes,
  train: Float32Array.from(rows),
  validation: new Float32Array(),
  test: new Float32Array(),
  ranges: [
    [0, 2],
    [0, 2],
  ],
});

/** Of a plane of 2 by 2 over [0, 2]²: lower left is of the first class, the others of the second. */
const CORNER = plane(2, 2, 2, [0.9, 0.9, 0.2, 0.7]);

describe('numbers', () => {
  test('are written as they are read', () => {
    const cases: [number, string][] = [
      [0, '0'],
      [0.123456, '0.123'],
      [-12.5, '−12.5'],
      [1234567, '1.23e6'],
      [0.00001234, '1.23e−5'],
      [0.00001, '1e−5'],
      [Number.NaN, '–'],
      [Number.NEGATIVE_INFINITY, '−∞'],
      [Number.POSITIVE_INFINITY, '∞'],
    ];
    for (const [value, text] of cases) expect(show(value)).toBe(text);
    expect([signed(2), signed(-2), signed(0)]).toEqual(['+2', '−2', '0']);
    expect([percent(0.98765), percent(1), percent(Number.NaN)]).toEqual(['98.8 %', '100 %', '–']);
    expect([showScore(0.5, 'classification'), showScore(0.5, 'regression')]).toEqual(['50 %', '0.5']);
  });

  test('of axes are round, within, and about as many as asked', () => {
    expect(ticks(-1.2, 1.2)).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(ticks(0, 7)).toEqual([0, 2, 4, 6]);
    expect(ticks(0.1, 0.3)).toEqual([0.1, 0.15, 0.2, 0.25, 0.3]);
    for (const [low, high] of [
      [-3.7, 12.2],
      [1e-7, 3e-6],
      [-1000, 2],
    ] as const) {
      const found = ticks(low, high);
      expect(found.length).toBeGreaterThanOrEqual(3);
      expect(found.length).toBeLessThanOrEqual(8);
      for (const tick of found) expect(tick >= low && tick <= high).toBe(true);
    }
    expect([ticks(1, 1), ticks(Number.NaN, 2), ticks(0, Number.POSITIVE_INFINITY)]).toEqual([[], [], []]);
  });
});

describe('colours of a plane', () => {
  const table = shades(LIGHT, LIGHT.classes, 1);
  const [paper, first, second, third] = [LIGHT.paper, ...LIGHT.classes].map((colour) => pixel(colour));

  test('are pixels with the low byte first', () => {
    expect(Array.from(new Uint8Array(Uint32Array.of(pixel([1, 2, 3])).buffer))).toEqual([1, 2, 3, 255]);
    expect(mix([0, 0, 0], [100, 200, 50], 0.5)).toEqual([50, 100, 25]);
  });

  test('say the class, the stronger the surer', () => {
    const out = new Uint32Array(4);
    fill(plane(2, 4, 1, [0, 0.5, 1, 0.75]), table, out, { middle: 0, scale: 1 });
    expect([...out]).toEqual([first, paper, second, table[STEPS + Math.floor((STEPS - 1) / 2)]]);
  });

  test('of several classes are that of the likeliest', () => {
    const out = new Uint32Array(3);
    const third_ = 1 / 3;
    fill(plane(3, 3, 1, [0, 0, 1, third_, third_, third_, 1, 0, 0]), table, out, { middle: 0, scale: 1 });
    expect([...out]).toEqual([third, paper, first]);
    // Half way from a guess to certainty.
    fill(plane(3, 1, 1, [1 / 6, 2 / 3, 1 / 6]), table, out.subarray(0, 1), { middle: 0, scale: 1 });
    expect([STEPS + 63, STEPS + 64].map((at) => table[at])).toContain(out[0]);
  });

  test('begin again where there are more classes than colours', () => {
    const classes = LIGHT.classes.length + 1;
    const values = new Array(classes).fill(0);
    values[classes - 1] = 1;
    const out = new Uint32Array(1);
    fill(plane(classes, 1, 1, values), table, out, { middle: 0, scale: 1 });
    expect(out[0]).toBe(first);
  });

  test('of numbers go from low over paper to high, and no further; what is none is paper', () => {
    const numbers = shades(LIGHT, [LIGHT.low, LIGHT.high], 1);
    const out = new Uint32Array(5);
    fill(plane(0, 5, 1, [-3, -9, 1, 5, Number.NaN]), numbers, out, { middle: 1, scale: 4 });
    const [low, high] = [pixel(LIGHT.low), pixel(LIGHT.high)];
    expect([...out]).toEqual([low, low, paper, high, paper]);
  });

  test('differ between classes, on light and on dark paper', () => {
    for (const { classes, paper: ground } of [LIGHT, DARK]) {
      const all = [...classes, ground].map(String);
      expect(new Set(all).size).toBe(all.length);
    }
  });

  test('of numbers are about nought where there are both signs', () => {
    expect(spread(samples([0, 0, -1, 1, 1, 3], []))).toEqual({ middle: 0, scale: 3 });
    expect(spread(samples([0, 0, 10, 1, 1, 30], []))).toEqual({ middle: 20, scale: 10 });
    expect(spread(samples([0, 0, 5], []))).toEqual({ middle: 5, scale: 1 });
    expect(spread(samples([], []))).toEqual({ middle: 0, scale: 1 });
  });
});

describe('boundaries', () => {
  const lines = (field: readonly number[], width: number, height: number): number[][] => {
    const found: number[][] = [];
    contour(Float32Array.from(field), width, height, (...line) => found.push(line));
    return found;
  };

  test('lie where a field is 0 between middles of cells', () => {
    expect(lines([-1, 3, -1, 3], 2, 2)).toEqual([[0.75, 0.5, 0.75, 1.5]]);
    expect(lines([-1, -1, 1, 1], 2, 2)).toEqual([[0.5, 1, 1.5, 1]]);
    expect(lines([1, 1, 1, 1], 2, 2)).toEqual([]);
    expect(lines([Number.NaN, 1, -1, 1], 2, 2)).toEqual([]);
  });

  test('of each corner end on the edges beside it', () => {
    for (let corner = 0; corner < 4; corner++)
      for (const sign of [1, -1]) {
        const field = [-sign, -sign, -sign, -sign];
        field[corner] = sign;
        const [line] = lines(field, 2, 2);
        const at: [number, number] = [0.5 + (corner % 2), 0.5 + Math.floor(corner / 2)];
        const ends = [line!.slice(0, 2), line!.slice(2)].map(([x, y]) => Math.hypot(x! - at[0], y! - at[1]));
        expect(ends).toEqual([0.5, 0.5]);
      }
  });

  test('of a saddle go around the corners that the middle is not with', () => {
    const [one, other] = lines([1, -0.5, -0.5, 1], 2, 2);
    // The middle is positive, so each line cuts off a negative corner: upper right, lower left.
    expect(Math.max(one![0]!, one![2]!)).toBe(1.5);
    expect(Math.min(other![0]!, other![2]!)).toBe(0.5);
    expect(lines([0.5, -1, -1, 0.5], 2, 2)).toHaveLength(2);
  });

  test('of a circle have its length', () => {
    const n = 64;
    const field = Array.from({ length: n * n }, (_, i) => 20 - Math.hypot((i % n) - 31.5, Math.floor(i / n) - 31.5));
    const length = lines(field, n, n).reduce((sum, [a, b, c, d]) => sum + Math.hypot(a! - c!, b! - d!), 0);
    expect(length).toBeGreaterThan(0.99 * 40 * Math.PI);
    expect(length).toBeLessThan(1.01 * 40 * Math.PI);
  });

  test('are where a class is as likely as the next', () => {
    const out = new Float32Array(2);
    lead(plane(3, 2, 1, [0.5, 0.25, 0.25, 0.25, 0.5, 0.25]), 0, out);
    expect([...out]).toEqual([0.25, -0.25]);
    lead(plane(2, 2, 1, [0.75, 0.25]), 1, out);
    expect([...out]).toEqual([0.25, -0.25]);
    lead(plane(2, 2, 1, [0.75, 0.25]), 0, out);
    expect([...out]).toEqual([-0.25, 0.25]);
  });
});

describe('answers', () => {
  const { ranges } = samples([]);

  test('are those of the cell, counted from above', () => {
    expect(answerAt(CORNER, ranges, 0.5, 0.5)).toEqual({ label: 0, probability: 1 - Math.fround(0.2) });
    expect(answerAt(CORNER, ranges, 1.5, 0.5)).toEqual({ label: 1, probability: Math.fround(0.7) });
    expect(answerAt(CORNER, ranges, 0.1, 1.9)).toEqual({ label: 1, probability: Math.fround(0.9) });
    expect(answerAt(CORNER, ranges, 2.5, 0.5)).toBeNull();
    expect(answerAt(CORNER, ranges, Number.NaN, 0.5)).toBeNull();
    expect(answerAt(plane(0, 1, 1, [4.5]), ranges, 1, 1)).toEqual({ value: 4.5 });
    expect(answerAt(plane(3, 1, 1, [0.25, 0.5, 0.25]), ranges, 1, 1)).toEqual({ label: 1, probability: 0.5 });
  });

  test('that are not a sample’s class are wrong; numbers and what is outside are never', () => {
    expect(isWrong(CORNER, ranges, 0.5, 0.5, 0)).toBe(false);
    expect(isWrong(CORNER, ranges, 0.5, 0.5, 1)).toBe(true);
    expect(isWrong(CORNER, ranges, 5, 5, 1)).toBe(false);
    expect(isWrong(plane(0, 1, 1, [4]), ranges, 1, 1, 9)).toBe(false);
    expect([0, 1, 2].map((label) => isWrong(plane(3, 1, 1, [0.2, 0.5, 0.3]), ranges, 1, 1, label))).toEqual([
      true,
      false,
      true,
    ]);
    const wrong = countWrong(CORNER, samples([0.5, 0.5, 1, 1.5, 0.5, 1, 1.5, 1.5, 0]));
    expect(wrong).toEqual({ train: 2, validation: 0, test: 0 });
  });

  test('are wrong on the other side of the boundary that is drawn, also within a cell', () => {
    // The boundary is where x + y / 2 is 1.3, and no middle of a cell lies on it.
    const at = (x: number, y: number): number => 0.5 + 0.1 * (x + y / 2 - 1.3);
    const middles = Array.from({ length: 16 }, (_, i) => [((i % 4) + 0.5) / 2, (3.5 - Math.floor(i / 4)) / 2] as const);
    const two = plane(
      2,
      4,
      4,
      middles.map(([x, y]) => at(x, y)),
    );
    const three = plane(
      3,
      4,
      4,
      middles.flatMap(([x, y]) => [0.9 - at(x, y), at(x, y) - 0.1, 0.2]),
    );
    for (let x = 0.3; x < 1.7; x += 0.13)
      for (let y = 0.3; y < 1.7; y += 0.17) {
        const label = at(x, y) > 0.5 ? 1 : 0;
        for (const each of [two, three])
          expect([0, 1].map((said) => isWrong(each, ranges, x, y, said))).toEqual([label !== 0, label !== 1]);
      }
  });

  test('are sentences in both languages', () => {
    const named = samples([0.5, 0.5, 1], ['setosa', '7']);
    expect(answerText(CORNER, named, 0.5, 0.5, en.fit)).toBe('At (0.5, 0.5): setosa, 80 % sure');
    expect(answerText(CORNER, named, 1.5, 0.5, zh.fit)).toBe('在 (1.5, 0.5) 处：类别 7，置信度 70 %');
    expect(answerText(CORNER, named, 9, 9, en.fit)).toBeNull();
    expect(answerText(plane(0, 1, 1, [-4.5]), samples([], []), 1, 1, en.fit)).toBe('At (1, 1): −4.5');
    expect(className(['a'], 3, en.fit)).toBe('class 3');
    expect(summaryText(CORNER, named, en.fit)).toContain('Wrong: 1 in training, 0 in validation, 0 in test.');
    expect(summaryText(null, named, zh.fit)).not.toContain('分错');
  });

  test('of a curve are read at the nearest place, in a range that shows all samples', () => {
    const x = Float32Array.of(0, 1, 2, 5);
    expect([-3, 0.4, 0.6, 1.5, 4, 99].map((at) => nearest(x, at))).toEqual([0, 0, 1, 1, 3, 3]);
    const line = { ...samples([0, -1, 1, 3]), inputs: 1 };
    const [low, high] = valueRange({ kind: 'curve', x, y: x.map(() => 1e9), truth: x.map(() => 4) }, line);
    expect([low, high]).toEqual([-1.6, 4.6]);
    expect(valueRange(null, { ...line, train: new Float32Array() })).toEqual([-1, 1]);
  });

  test('have smaller marks where there are more samples on less room', () => {
    const few = samples(new Array(60).fill(0.5));
    const many = samples(new Array(6000).fill(0.5));
    expect(markSize(400, many)).toBeLessThan(markSize(400, few));
    expect(markSize(250, few)).toBeLessThan(markSize(400, few));
    expect(markSize(100, many)).toBeGreaterThanOrEqual(0.6);
  });
});
