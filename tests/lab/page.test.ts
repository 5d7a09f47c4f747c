import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { renderPage } from '../../lab/src/page.ts';
import type { JobReport } from '../../lab/src/types.ts';
import { fixture } from './fixture.ts';

const documentOf = (report: JobReport) => parseHTML(renderPage(report)).document;

describe('renderPage', () => {
  test('draws every figure, each with a title, a caption and a label for readers who do not see it', () => {
    const document = documentOf(fixture());
    const titles = [...document.querySelectorAll('figure h3')].map((node) => node.textContent);
    expect(titles).toEqual([
      'Accuracy on training and test samples',
      'Gap: training minus test',
      'Learning curves',
      'Accuracy against bytes',
      'Latency of one call',
      'Weights before and after',
    ]);
    const charts = [...document.querySelectorAll('svg.plot')];
    // 2 bar charts, loss and score of 8 fits, the trade-off, 2 latencies, 4 histograms
    expect(charts).toHaveLength(2 + 16 + 1 + 2 + 4);
    for (const chart of charts) {
      expect(chart.getAttribute('role')).toBe('img');
      expect(chart.getAttribute('aria-label')?.length).toBeGreaterThan(10);
      expect(chart.getAttribute('viewBox')).toMatch(/^0 0 \d+ \d+$/);
      expect(chart.hasAttribute('width')).toBe(false);
    }
  });

  test('needs no other file and no script', () => {
    const page = renderPage(fixture(3));
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|url\(|@import/i);
    expect(page.match(/https?:\/\/[^"]*/g) ?? []).toEqual(
      (page.match(/http:\/\/www\.w3\.org\/[^"]*/g) ?? []) as string[],
    );
  });

  test('texts of a file stay texts, wherever they stand', () => {
    const evil = `<script>alert("x")</script>'"><img src=x onerror=alert(1)>&amp;`;
    const base = fixture(1, evil);
    const report: JobReport = {
      ...base,
      scoreName: evil,
      findings: [evil],
      environment: { ...base.environment, cpu: evil },
      fits: base.fits.map((fit, i) => ({ ...fit, name: `${evil}${i}`, description: evil })),
      forms: base.forms.map((form, i) => ({ ...form, name: `${evil}${i}`, notes: [evil] })),
      histograms: base.histograms.map((histogram) => ({ ...histogram, name: evil })),
    };
    const page = renderPage(report);
    expect(page).not.toMatch(/<script|<img/i);
    const { document } = parseHTML(page);
    expect(document.querySelectorAll('script, img')).toHaveLength(0);
    expect([...document.querySelectorAll('*')].filter((node) => node.hasAttribute('onerror'))).toHaveLength(0);
    expect(document.querySelector('h1')?.textContent).toContain(evil);
    expect(document.querySelector('title')?.textContent).toContain(evil);
  });

  test('draws lines from the lowest to the highest seed only when there are several', () => {
    expect(renderPage(fixture(1))).not.toContain('highest seed');
    const several = renderPage(fixture(3));
    expect(several).toContain('lowest to highest seed');
    expect(several).toContain('0.871 (0.861..0.881)');
  });

  test('a number that is missing is a dash, not NaN', () => {
    const base = fixture();
    const gone = { mean: Number.NaN, min: Number.NaN, max: Number.NaN, values: [Number.NaN] };
    const report: JobReport = {
      ...base,
      fits: base.fits.map((fit, i) =>
        i === 0 ? { ...fit, test: gone, gap: gone, history: { loss: [Number.NaN, Number.POSITIVE_INFINITY] } } : fit,
      ),
      forms: base.forms.map((form, i) => (i === 0 ? { ...form, score: gone, latency1: gone } : form)),
    };
    expect(renderPage(report)).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('R² below zero and reports without any fit, form or histogram can be drawn', () => {
    const base = fixture();
    const low = { mean: -0.7, min: -0.7, max: -0.7, values: [-0.7] };
    const regression: JobReport = {
      ...base,
      scoreName: 'R²',
      data: { ...base.data, classes: null, task: 'regression' },
      distillation: { ...base.distillation, agreement: null },
      fits: base.fits.map((fit) => ({ ...fit, test: low })),
    };
    expect(renderPage(regression)).toContain('-0.700');
    const empty = renderPage({ ...base, fits: [], forms: [], histograms: [], digests: [], findings: [] });
    expect(empty).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('is the same text for the same report', () => {
    const [first, second] = [renderPage(fixture(2)), renderPage(fixture(2))];
    expect(first === second).toBe(true);
  });
});
