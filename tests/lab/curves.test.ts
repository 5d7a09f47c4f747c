import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { scoreDomain } from '../../lab/src/charts.ts';
import { curveScales, cut } from '../../lab/src/curves.ts';
import { size, time } from '../../lab/src/format.ts';
import { draw, logAxis, logTicks, short } from '../../lab/src/plot.ts';
import { fixture } from './fixture.ts';

const same = (x: number): number => x;

describe('a line that leaves its axes', () => {
  const points = (...values: number[]) => values.map((value, i) => ({ epoch: i + 1, value }));

  test('ends and begins where it meets the edge', () => {
    expect(cut(points(0, 4, 12, 8), [2, 10], same)).toEqual([
      { epoch: 1, value: Number.NaN },
      { epoch: 1.5, value: 2 },
      { epoch: 2, value: 4 },
      { epoch: 2.75, value: 10 },
      { epoch: 3, value: Number.NaN },
      { epoch: 3.5, value: 10 },
      { epoch: 4, value: 8 },
    ]);
  });

  test('goes through the axes from one side to the other between two points', () => {
    const through = cut(points(0, 12), [3, 9], same);
    expect(through.map(({ epoch, value }) => [epoch, value])).toEqual([
      ...[
        [1, Number.NaN],
        [1.25, 3],
        [1.75, 9],
        [2, Number.NaN],
      ],
    ]);
  });

  test('is cut where it crosses on a logarithmic axis', () => {
    expect(cut(points(100, 1), [0.1, 10], Math.log)[1]).toEqual({ epoch: 1.5, value: 10 });
  });

  test('keeps every point inside, in order, and nothing outside', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 30 }), (values) => {
        const parts = cut(points(...values), [-5, 5], same);
        const shown = parts.filter(({ value }) => !Number.isNaN(value));
        expect(shown.every(({ value }) => value >= -5 && value <= 5)).toBe(true);
        expect(shown.filter(({ epoch }) => Number.isInteger(epoch)).map(({ value }) => value)).toEqual(
          expect.arrayContaining(values.filter((value) => Math.abs(value) <= 5)),
        );
        const epochs = parts.map(({ epoch }) => epoch);
        expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
      }),
    );
  });
});

describe('axes', () => {
  test('of curves show where the fits end that are not meant to be poor', () => {
    const { fits } = fixture();
    const { score, loss, epochs, scoreKey } = curveScales(fits);
    expect({ epochs, scoreKey }).toEqual({ epochs: 60, scoreKey: 'accuracy' });
    const ends = fits.slice(1).flatMap(({ history }) => [history.accuracy!.at(-1)!, history.val_accuracy!.at(-1)!]);
    expect(score[0]).toBeCloseTo(2 * Math.min(...ends) - Math.max(...ends), 10);
    expect(score[1]).toBeGreaterThan(Math.max(...ends));
    const losses = fits.flatMap(({ history }) => [...history.loss!, ...history.val_loss!]).filter((x) => x > 0);
    expect(loss[0]).toBeGreaterThan(0);
    expect(loss[1]).toBeGreaterThan(Math.max(...losses));
    expect(loss[1] / loss[0]).toBeLessThan(15_000);
  });

  test('of scores leave out the fit that is meant to be poor, and end at 1', () => {
    const [low, high] = scoreDomain(fixture().fits);
    expect(low).toBeCloseTo(0.871 - 0.08 * 0.127, 10);
    expect(high).toBe(1);
    expect(scoreDomain([])).toEqual([0, 1]);
  });

  test('that are logarithmic have ticks at 1, 2 and 5, or at powers of ten when those are many', () => {
    const atMost = (most: number) => (ticks: readonly number[]) => ticks.length <= most;
    expect(logTicks(900, 60_000, atMost(7))).toEqual([1000, 2000, 5000, 10_000, 20_000, 50_000]);
    expect(logTicks(900, 60_000, atMost(5))).toEqual([1000, 3000, 10_000, 30_000]);
    expect(logTicks(0.0005, 3, atMost(7))).toEqual([0.001, 0.01, 0.1, 1]);
    expect(logTicks(0.02, 2, atMost(4))).toEqual([0.03, 0.1, 0.3, 1]);
  });

  test('that are logarithmic have texts that keep apart and inside of the picture', () => {
    const sides = { width: 380, marginLeft: 160, marginRight: 14 };
    const textsOf = (low: number, high: number, text: (x: number) => string) => {
      const svg = draw(
        '',
        {
          ...{ ...sides, height: 60, marginBottom: 22, x: { type: 'log', domain: [low, high], axis: null } },
          marks: logAxis([low, high], sides, text),
        },
        () => [],
      );
      const texts = [...parseHTML(svg).document.querySelectorAll('text')].filter((node) => node.textContent !== '');
      return texts.map((node) => {
        const shift = (of: Element | null): number =>
          of === null || of.tagName === 'svg'
            ? 0
            : Number(/\(([-\d.]+)/.exec(of.getAttribute('transform') ?? '')?.[1] ?? 0) + shift(of.parentElement);
        return { text: node.textContent!, x: shift(node) };
      });
    };
    const spans: readonly (readonly [number, number])[] = [
      [60, 215],
      [0.09, 101],
      [9000, 2_100_000],
      [0.02, 3],
      [99, 999],
      [5, 10],
    ];
    for (const [low, high] of spans) {
      for (const format of [size, time]) {
        const texts = textsOf(low, high, (x) => short(format(x)));
        expect(texts.length).toBeGreaterThan(0);
        texts.forEach(({ text, x }, i) => {
          const half = text.length * 3.1;
          expect(x - half).toBeGreaterThan(0);
          expect(x + half).toBeLessThan(sides.width);
          const before = texts[i - 1];
          if (before !== undefined) expect(x - half - (before.x + before.text.length * 3.1)).toBeGreaterThan(4);
        });
      }
    }
    expect(textsOf(60, 201, (x) => `${x} µs`).map(({ text }) => text)).toEqual(['100 µs', '200 µs']);
  });

  test('have short texts, and bytes in megabytes from a million on', () => {
    expect([999, 1000, 999_000, 1e6, 2_776_896].map(size)).toEqual([
      '999 B',
      '1.00 kB',
      '999 kB',
      '1.00 MB',
      '2.78 MB',
    ]);
    expect(['5.00 µs', '0.20 µs', '250 µs', '1.25 ms', '2.0'].map(short)).toEqual([
      ...['5 µs', '0.2 µs', '250 µs', '1.25 ms', '2'],
    ]);
  });
});
