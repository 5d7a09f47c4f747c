import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { Random, type Tensor, tensor } from 'whittle-ml';
import { readTable } from 'whittle-ml/node';
import { curvesOf } from '../../lab/src/article/curves.ts';
import { classifier, digitsOf, fitOf, meanWeight, regressor, train } from '../../lab/src/article/fitting.ts';
import { degreeTwo, FEATURES, noisy } from '../../lab/src/article/made-data.ts';
import { summarize } from '../../lab/src/article/statistics.ts';
import { claim } from './article-fixture.ts';
import { DIGITS } from './run.ts';

describe('samples', () => {
  test('that are made up are the same for a seed and a stream, and others for others', () => {
    const [x, y] = noisy(1, 'train', 5);
    expect(x.shape).toEqual([5, FEATURES]);
    expect(y.shape).toEqual([5, 1]);
    expect(noisy(1, 'train', 5)[1].data).toEqual(y.data);
    expect(noisy(1, 'test', 5)[1].data).not.toEqual(y.data);
    expect(noisy(2, 'train', 5)[1].data).not.toEqual(y.data);
  });

  test('of degree 2 have every feature, square and product once', () => {
    expect(degreeTwo(tensor([[2, 3, 5]])).toArray()).toEqual([[2, 3, 5, 4, 6, 10, 9, 15, 25]]);
  });

  test('of digits are apart, and a longer training part begins as a shorter one', async () => {
    const table = await readTable(DIGITS, { target: 'digit' });
    const rows = ([x]: readonly [Tensor, Tensor]): string[] =>
      Array.from({ length: x.shape[0]! }, (_, i) => x.data.subarray(64 * i, 64 * i + 64).join());
    const [few, many] = [digitsOf(table, 4, 20), digitsOf(table, 4, 1000)];
    expect(rows(many.own).slice(0, 20)).toEqual(rows(few.own));
    expect(many.others[0].shape).toEqual([400, 64]);
    const seen = new Set(rows(many.own));
    expect(rows(many.others).filter((row) => seen.has(row))).toEqual([]);
    expect(Math.max(...many.own[0].data)).toBe(1);
  });
});

describe('models', () => {
  test('have layers and penalties as asked, and scores before less after as the gap', () => {
    const own = noisy(0, 'train', 20);
    const model = regressor(0, { hidden: [4, 3], dropout: 0.5, kernelRegularizer: { l1: 0.1, l2: 0 } });
    train(model, own, 2);
    expect(model.layers.map(({ type }) => type)).toEqual(['dense', 'dropout', 'dense', 'dropout', 'dense']);
    const fit = fitOf(model, own, noisy(0, 'test', 20));
    expect(fit.gap).toBe(fit.train - fit.test);
    expect(meanWeight(model)).toBeGreaterThan(0);
    const line = regressor(0, { hidden: [], dropout: 0.5 });
    expect(line.layers.map(({ type }) => type)).toEqual(['dropout', 'dense']);
    const digits = classifier(0);
    const images = new Random(0).uniform([20, 64]);
    const labels = tensor(Array.from({ length: 20 }, (_, i) => i % 10));
    train(digits, [images, labels], 1);
    const { train: percent } = fitOf(digits, [images, labels], [images, labels]);
    expect(percent).toBe(Math.round(percent / 5) * 5);
  });
});

test('curves name what is varied and every point, in the language, and have a tip a point', () => {
  const rows = [0, 1, 2, 3, 4].map((seed) => ({ seed, figures: { before: 1, after: 3 + seed, loss: 0 } }));
  const summary = summarize(claim, rows);
  for (const isLog of [false, true]) {
    const chart = curvesOf({
      name: { en: 'samples', zh: '样本数' },
      at: [10, 1000],
      curves: [{ name: { en: 'gap', zh: '差距' }, color: 'test', arms: ['before', 'after'] }],
      isLog,
    });
    const { document } = parseHTML(chart(claim, summary, 'en'));
    const svg = document.querySelector('svg')!;
    expect(svg.getAttribute('aria-label')).toBe('samples: gap (10: 1, 1,000: 5)');
    const tips = JSON.parse(svg.getAttribute('data-tips')!) as [number, number, string][];
    expect(tips.map(([, , text]) => text)).toEqual([
      ...['gap, 10: 1 points (1 to 1)', 'gap, 1,000: 5 points (3.04 to 6.96)'],
    ]);
    expect(svg.querySelectorAll('circle')).toHaveLength(10);
    expect(chart(claim, summary, 'zh')).toContain('aria-label="样本数: 差距 (10: 1, 1,000: 5)"');
  }
});
