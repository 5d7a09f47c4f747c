import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellSize, cellsOf } from '../../site/src/compress/cells.ts';
import { withBits } from '../../site/src/compress/choices.ts';
import { bytesText, timeText } from '../../site/src/compress/figures.ts';
import { layoutOf } from '../../site/src/compress/graph.ts';
import { histogramOf } from '../../site/src/compress/histogram.ts';
import { byteTicks, frameOf, frontOf, placeOf } from '../../site/src/compress/tradeoff.ts';
import { damageWords, settingsWords, stepWords } from '../../site/src/compress/words.ts';
import type { CompressStep, DamageLine, Weighed } from '../../site/src/engine/messages.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import type { Tried } from '../../site/src/state/tried.ts';
import { compress as en } from '../../site/src/text/en/compress.ts';
import { compress as zh } from '../../site/src/text/zh/compress.ts';

/** Percents stand by a space that does not break. */
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

test('training for fewer bits ends where more are chosen, and stays where it means something', () => {
  const set = { ...DEFAULTS.compress, bits: 4, trained: true } as const;
  expect(withBits(set, 8)).toEqual({ ...set, bits: 8 });
  for (const bits of [16, 32] as const) expect(withBits(set, bits)).toEqual({ ...set, bits, trained: false });
  expect(withBits(DEFAULTS.compress, 8).trained).toBe(false);
});

describe('a histogram of weights', () => {
  test('counts each number once: in a bin, or as a zero', () => {
    const weights = fc.float32Array({ noNaN: true, noDefaultInfinity: true, maxLength: 200 });
    fc.assert(
      fc.property(weights, weights, fc.integer({ min: 1, max: 60 }), (before, after, bins) => {
        const found = histogramOf(before, after, bins);
        expect(sum(found.before) + found.zeros.before).toBe(before.length);
        expect(sum(found.after) + found.zeros.after).toBe(after.length);
        expect(found.most).toBe(Math.max(1, ...found.before, ...found.after));
      }),
    );
  });

  test('has the largest numbers in the outer bins, and the same range for both', () => {
    const found = histogramOf(Float32Array.of(-1, -0.9, 0.05, 2), Float32Array.of(0, 0, 0, 2), 4);
    expect(found.limit).toBe(2);
    expect(found.before).toEqual([0, 2, 1, 1]);
    expect(found.after).toEqual([0, 0, 0, 1]);
    expect(found.zeros).toEqual({ before: 0, after: 3 });
  });
});

describe('the cells of a kernel', () => {
  const kernel = {
    ...{ name: 'h1', rows: 2, columns: 2, mask: Uint8Array.of(1, 0, 1, 1) },
    before: Float32Array.of(0.5, 0.1, -2, 3),
    exact: Float32Array.of(0.5, 0, -1.5, 3),
    after: Float32Array.of(0.5, 0, -1.75, 3.5),
  };
  const cells = cellsOf(kernel);

  test('are pruned where the mask says so, and have no error there', () => {
    expect([...cells.pruned]).toEqual([0, 1, 0, 0]);
    expect(cells.prunedCount).toBe(1);
    expect([...cells.errors]).toEqual([0, 0, -0.25, 0.5]);
  });

  test('sum up to the largest and the typical error, and to how many numbers are left', () => {
    expect(cells.largestError).toBe(0.5);
    expect(cells.largest).toBe(3.5);
    expect(cells.typicalError).toBeCloseTo(Math.sqrt((0.25 ** 2 + 0.5 ** 2) / 3), 12);
    expect(cells.distinct).toBe(3);
  });

  test('are as large as fit, within limits', () => {
    expect([cellSize(16, 160), cellSize(2, 400), cellSize(64, 100), cellSize(0, 100)]).toEqual([10, 18, 3, 18]);
  });
});

describe('size against score', () => {
  const weighed = (bytes: number, score: number): Weighed => ({
    ...{ bytes, score, macs: 1, parameters: 1, nonZero: 1, microseconds: 1 },
  });
  const tried = (bytes: number, score: number): Tried => ({
    ...{ settings: DEFAULTS.compress, before: weighed(1000, 1), after: weighed(bytes, score) },
  });
  const points = fc.array(
    fc
      .record({ bytes: fc.integer({ min: 1, max: 50 }), score: fc.integer({ min: 0, max: 20 }) })
      .map((point) => tried(point.bytes, point.score / 20)),
  );

  test('the front has whatever is beaten by none, and nothing else', () => {
    const beats = (a: Tried, b: Tried): boolean =>
      a.after.bytes <= b.after.bytes &&
      a.after.score >= b.after.score &&
      (a.after.bytes < b.after.bytes || a.after.score > b.after.score);
    fc.assert(
      fc.property(points, (all) => {
        const front = frontOf(all);
        const key = ({ after }: Tried): string => `${after.bytes} ${after.score}`;
        const unbeaten = all.filter((point) => !all.some((other) => beats(other, point)));
        expect(front.map(key)).toEqual(
          unbeaten.map(key).sort((a, b) => Number(a.split(' ')[0]) - Number(b.split(' ')[0])),
        );
      }),
    );
  });

  test('two that are alike are both beaten by none, as the trained network and one that is no smaller', () => {
    const [trained, same, worse] = [tried(20, 0.9), tried(20, 0.9), tried(30, 0.9)];
    expect(frontOf([same, worse, trained])).toEqual([same, trained]);
    expect(frontOf([worse, tried(10, 0.5), trained]).map(({ after }) => after.bytes)).toEqual([10, 20]);
  });

  test('a score that is no number is on no front', () => {
    expect(frontOf([tried(10, Number.NaN)])).toEqual([]);
  });

  test('every point is within the frame, sizes by their ratio', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 1e8 }), fc.double({ min: -50, max: 1, noNaN: true })), {
          minLength: 1,
        }),
        (all) => {
          const frame = frameOf(
            all.map(([bytes]) => bytes),
            all.map(([, score]) => score),
          );
          for (const [bytes, score] of all)
            for (const share of placeOf(frame, bytes, score)) {
              expect(share).toBeGreaterThanOrEqual(0);
              expect(share).toBeLessThanOrEqual(1);
            }
        },
      ),
    );
    const frame = { low: 100, high: 10_000, worst: 0, best: 1 };
    expect(placeOf(frame, 1000, 0.75)[0]).toBeCloseTo(0.5, 12);
    expect(placeOf(frame, 1000, 0.75)[1]).toBeCloseTo(0.25, 12);
  });

  test('ticks are powers of two within the range, few enough to be read', () => {
    expect(byteTicks(500, 5000)).toEqual([512, 1024, 2048, 4096]);
    const many = byteTicks(1, 1e9);
    expect(many.length).toBeLessThanOrEqual(6);
    for (const tick of many) expect(Number.isInteger(Math.log2(tick))).toBe(true);
  });
});

describe('the graph of a file', () => {
  const node = (name: string, ...inputs: string[]) => ({ name, op: 'dense', inputs, shape: [2], bytes: 4 });

  test('has each node below all that it takes, and no two in one place', () => {
    const { nodes, edges, rows, columns } = layoutOf(
      [node('a', 'x'), node('b', 'x'), node('c', 'a', 'b'), node('d', 'c', 'a', 'gone')],
      [{ name: 'x', shape: [2] }],
    );
    expect(nodes.map(({ node: { name }, row, column }) => [name, row, column])).toEqual([
      ['x', 0, 0],
      ['a', 1, 0],
      ['b', 1, 1],
      ['c', 2, 0],
      ['d', 3, 0],
    ]);
    expect({ rows, columns }).toEqual({ rows: 4, columns: 2 });
    expect(edges.map(({ from, to }) => from.node.name + to.node.name)).toEqual(['xa', 'xb', 'ac', 'bc', 'cd', 'ad']);
  });

  test('of no nodes is empty', () => {
    expect(layoutOf([])).toEqual({ nodes: [], edges: [], rows: 0, columns: 0 });
  });
});

test('bytes and times have the unit that fits', () => {
  expect([bytesText(0), bytesText(9999), bytesText(12_345), bytesText(2.5e6)]).toEqual([
    '0 B',
    '9,999 B',
    '12.3 kB',
    '2.5 MB',
  ]);
  expect([timeText(0), timeText(0.25), timeText(1500)]).toEqual(['< 0.01 µs', '0.25 µs', '1.5 ms']);
});

describe('words', () => {
  const share = (count: number) => ({ count, of: 100, share: count / 100, low: 0.01, high: 0.2 });
  const lines: readonly DamageLine[] = [
    { kind: 'changed', changed: share(7) },
    { kind: 'moved', how: 'rightToWrong', count: 5 },
    { kind: 'accuracy', before: share(96), after: share(91), lost: 0.05, low: 0.01, high: 0.09, chance: 0.0004 },
    { kind: 'worst', class: { name: '1', before: share(50), after: share(40) } },
    { kind: 'calibration', before: 0.01, after: 0.02 },
    { kind: 'distance', typical: 0.1, largest: 0.4, at: 11 },
  ];

  test('of the damage have the figures', () => {
    const said = plain(lines.flatMap((line) => damageWords(line, en)).join(' '));
    expect(said).toContain('7 of 100 test points (7 %) changed their class');
    expect(said).toContain('5 went from right to wrong');
    expect(said).toContain('Right answers: 96 % before, 91 % after');
    expect(said).toContain(
      'in percentage points: +1 to +9 (95 % interval). Probability of so uneven a change by luck alone: < 0.1 %',
    );
    expect(said).toContain('class 1: 50 % before, 40 % after');
    expect(said).toContain('test sample 12');
    expect(damageWords({ kind: 'changed', changed: share(0) }, en)).toEqual([
      'None of the 100 test points changed its class.',
    ]);
  });

  test('have the same figures in both languages', () => {
    const figures = (text: string): string[] => (text.match(/[\d.,]*\d/g) ?? []).sort();
    const steps: readonly CompressStep[] = [
      { kind: 'taught', parameters: 120, epochs: 50 },
      { kind: 'pruned', pattern: 'panels', zeros: 64, of: 256 },
      { kind: 'narrowed', units: [4, 5], before: [16, 16] },
      { kind: 'rounded', format: 'int4', isTrained: true },
      { kind: 'coded', coding: 'range', bytes: 800, plain: 1500 },
    ];
    for (const line of lines) expect(damageWords(line, zh).map(figures)).toEqual(damageWords(line, en).map(figures));
    for (const step of steps) expect(figures(stepWords(step, zh))).toEqual(figures(stepWords(step, en)));
  });

  test('count one as one', () => {
    expect(stepWords({ kind: 'tuned', after: 'pruned', epochs: 1 }, en)).toBe('Trained for 1 epoch after pruning.');
    expect(stepWords({ kind: 'tuned', after: 'pruned', epochs: 20 }, en)).toBe('Trained for 20 epochs after pruning.');
    expect(stepWords({ kind: 'sparse', kernels: 1, of: 3 }, en)).toMatch(/^1 of 3 weight matrices is held/);
    const [one] = damageWords({ kind: 'changed', changed: share(1) }, en);
    expect(one).toMatch(/^1 of 100 test points .* changed its class/);
    expect(stepWords({ kind: 'narrowed', units: [4, 5], before: [16, 16] }, zh)).toContain('16、16');
  });

  test('of settings name what is done and nothing else', () => {
    const none = { ...DEFAULTS.compress, sparsity: 0, bits: 32, shared: 0, student: 1, trained: true } as const;
    expect(settingsWords(none, en)).toBe('nothing removed');
    const some = { ...none, sparsity: 0.8, bits: 8, epochs: 50 } as const;
    expect(plain(settingsWords(some, en))).toBe(
      '80 % removed (single weights), 8 bits, trained for it, 50 epochs after it',
    );
  });
});
