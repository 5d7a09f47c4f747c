import { readFileSync } from 'node:fs';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, test } from 'vitest';
import { ledger, type Network, quantize, repair, type Samples, toNetwork } from 'whittle-ml';
import { readCSV } from 'whittle-ml/data';
import { addedText, decibelText, ledgerFindings, worstOf } from '../../lab/src/findings-ledger.ts';
import { ledgersOf, type Seed } from '../../lab/src/ledgers.ts';
import { renderPage } from '../../lab/src/page.ts';
import { prepare, understand } from '../../lab/src/prepare.ts';
import { renderTables } from '../../lab/src/tables.ts';
import type { JobReport } from '../../lab/src/types.ts';
import type { Ledgers } from '../../lab/src/types-layers.ts';
import { Workbench } from '../../lab/src/workbench.ts';
import { fixture, ledgers, rounding } from './fixture.ts';

const quiet = { stage: () => {}, tick: () => {} };
const wine = readFileSync(new URL('../../data/wine.csv', import.meta.url), 'utf8');

/** What the job looks at, after a short training. */
function tested(target: string): { seed: Seed; teacher: Network; int8: Network; test: Samples } {
  const data = understand('wine', readCSV(wine), { target });
  const bench = new Workbench(prepare(data, 1, 'columns'), 1, 1, quiet);
  const model = bench.network([24, 12]);
  bench.fit('teacher', model, bench.data.train, { epochs: 30 });
  const teacher = toNetwork(model);
  const int8 = quantize(model, { calibration: bench.data.train[0] });
  const { test } = bench.data;
  const forms = [
    { name: 'teacher', network: teacher },
    { name: 'int8', network: int8 },
  ] as const;
  return { seed: { forms, test, validation: bench.data.validation, rows: [] }, teacher, int8, test };
}

describe('the ledgers of a job', () => {
  let given: ReturnType<typeof tested>;
  let found: Ledgers;
  beforeAll(() => {
    given = tested('class');
    found = ledgersOf(given.seed, true);
  });

  test('are those of the library, for the form int8 and two formats of fewer bits', () => {
    const { teacher, int8, test: samples } = given;
    expect(found.forms.map(({ format }) => format)).toEqual(['int8', 'int4', 'ternary']);
    const networks = [int8, quantize(teacher, { format: 'int4' }), quantize(teacher, { format: 'ternary' })];
    for (const [i, network] of networks.entries()) {
      const own = ledger(teacher, network, { samples, loss: 'sparseCategoricalCrossentropy' });
      const form = found.forms[i]!;
      expect(found.real).toEqual({ loss: own.real.loss, score: own.real.score });
      expect(form).toMatchObject({ bytes: own.bytes, loss: own.quantized.loss, score: own.quantized.score });
      expect(form.layers.map(({ name, loss, outputs, saturated }) => ({ name, loss, outputs, saturated }))).toEqual(
        own.layers.map(({ name, alone, saturated }) => ({ name, loss: alone.loss, outputs: alone.sqnr, saturated })),
      );
    }
  });

  test('are judged on the test samples, and chosen on the validation samples', () => {
    const { teacher, test: samples, seed } = given;
    const told = { loss: 'sparseCategoricalCrossentropy' } as const;
    const ternary = quantize(teacher, { format: 'ternary' });
    const until = { accuracy: 0.001 };
    const mended = repair(teacher, ternary, { ...told, samples: seed.validation, share: 0.1, until });
    const { real, quantized } = ledger(teacher, mended.network, { ...told, samples });
    const [, shown] = found.repaired;
    expect(shown!.steps).toHaveLength(mended.steps.length);
    expect(shown!.lost.after).toBe(real.score! - quantized.score!);
    expect(shown!.bytes.after).toBe(mended.bytes.after);
    for (const chance of found.forms.flatMap(({ layers }) => layers.map((layer) => layer.chance)))
      expect(chance).toBeGreaterThanOrEqual(0);
  });

  test('hold repairs within a tenth more bytes, and formats half way between ternary and int4', () => {
    expect(found.repaired.map(({ format }) => format)).toEqual(['int4', 'ternary']);
    for (const { bytes } of found.repaired) expect(bytes.after).toBeLessThanOrEqual(1.1 * bytes.before);
    const [, int4, ternary] = found.forms;
    expect(found.mixed!.budget).toBe(Math.round((int4!.bytes + ternary!.bytes) / 2));
    expect(found.mixed!.bytes).toBeLessThanOrEqual(found.mixed!.budget);
    expect(found.mixed!.layers).toHaveLength(3);
  });

  test('are the same again, and survive as JSON', () => {
    expect(ledgersOf(given.seed, true)).toEqual(found);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });
});

test('the ledgers of numbers go by the squared error', () => {
  const { seed } = tested('alcohol');
  const found = ledgersOf(seed, false);
  expect(found.loss).toBe('mean squared error');
  for (const { layers } of found.forms) expect(layers.every(({ loss }) => Number.isFinite(loss))).toBe(true);
});

describe('findings', () => {
  test('name the layer that does most harm in each format, what a repair bought, and what a choice by layer scores', () => {
    expect(ledgers().findings).toEqual([
      'In int8 what a layer alone adds to the cross-entropy of 360 samples is chance, at most +0.0015 ± 0.002 by dense_1; all layers together have an accuracy of 0.971 instead of 0.972.',
      'In int4 most harm is done by dense_1, alone +0.03 ± 0.006 of cross-entropy; all layers together have an accuracy of 0.952 instead of 0.972.',
      'In ternary most harm is done by dense_1, alone +0.45 ± 0.09 of cross-entropy; all layers together have an accuracy of 0.672 instead of 0.972.',
      'int4 needs no repair by the validation samples; on those of the test it loses 0.004 of accuracy.',
      'On the test samples ternary loses 0.300 of accuracy; repaired by the validation samples, for 8.0 % more bytes in 2 steps, it loses 0.020 of accuracy.',
      'A format for each layer within 6,000 bytes, half way between ternary and int4, chosen on the validation samples, has an accuracy of 0.970; ternary throughout has 0.672, int4 0.952.',
    ]);
  });

  test('are decided by the numbers', () => {
    const base = ledgers();
    const calm = base.forms.map((form) => ({
      ...form,
      layers: form.layers.map((layer) => ({ ...layer, loss: base.real.loss })),
    }));
    expect(ledgerFindings({ ...base, forms: calm })[0]).toContain('no layer alone adds to the cross-entropy');
    expect(worstOf(calm[1]!.layers).name).toBe('dense_1'); // the noisiest
    const helpless = [{ ...base.repaired[1]!, steps: [] }];
    expect(ledgerFindings({ ...base, repaired: helpless, mixed: null }).slice(3)).toEqual([
      'By the validation samples a tenth more bytes repairs nothing in ternary; on those of the test it loses 0.300 of accuracy.',
    ]);
    const same = base.forms.map((form) => ({ ...form, score: base.real.score }));
    expect(ledgerFindings({ ...base, forms: same })[0]).toContain('have an accuracy of 0.972, as the teacher.');
    const near = base.forms.map((form) => ({
      ...form,
      layers: form.layers.map((layer) => ({ ...layer, loss: form.layers[1]!.loss })),
    }));
    expect(ledgerFindings({ ...base, forms: near })[1]).toContain('do not tell apart from');
    const lost = { before: 0, after: -0.004 };
    expect(ledgerFindings({ ...base, repaired: [{ ...base.repaired[1]!, lost }] })[3]).toMatch(
      /loses no accuracy; .* it loses no accuracy, it gains 0\.004\.$/,
    );
    const smaller = [{ ...base.repaired[1]!, bytes: { before: 4000, after: 3900, most: 4400 } }];
    expect(ledgerFindings({ ...base, repaired: smaller })[3]).toContain('for 2.5 % fewer bytes in 2 steps');
  });

  test.each([
    [
      { gain: 0.004, low: -0.006, high: 0.014 },
      '360 test samples cannot tell the two apart (+0.004, from -0.006 to +0.014)',
    ],
    [{ gain: 0.02, low: 0.01, high: 0.03 }, 'training rounded is better (+0.020, from +0.010 to +0.030)'],
    [{ gain: -0.02, low: -0.03, high: -0.01 }, 'training rounded is worse (-0.020, from -0.030 to -0.010)'],
  ])('say whether kernels are better trained rounded: %o', (gain, said) => {
    expect(rounding(gain).finding).toBe(
      `Kernels of 4 bits have an accuracy of 0.966 trained rounded and 0.962 rounded afterwards: ${said}. As many epochs in float32, 4, and rounding then have 0.964.`,
    );
  });

  test('show numbers as words', () => {
    expect([0.0123456, -0.5, 1e-9, -1e-9, Number.NaN].map(addedText)).toEqual(['+0.0123', '-0.5', '0', '0', '–']);
    expect([null, 12.345].map(decibelText)).toEqual(['exact', '12.3 dB']);
  });
});

describe('the page', () => {
  const sectionOf = (report: JobReport) =>
    parseHTML(renderPage(report)).document.querySelector('section[aria-labelledby="ledger"]')!;

  test('shows every layer in a table with heads, and two charts that say what they show', () => {
    const section = sectionOf(fixture());
    const tables = [...section.querySelectorAll('table')];
    expect(tables).toHaveLength(6);
    const heads = [...tables[0]!.querySelectorAll('thead th')].map(({ textContent }) => textContent);
    expect(heads).toContain('loss added');
    for (const { textContent } of tables[0]!.querySelectorAll('caption'))
      expect(textContent).toMatch(/^Layers in int8: /);
    const cells = [...tables[0]!.querySelectorAll('tbody tr')].map((row) =>
      [...row.querySelectorAll('th, td')].map(({ textContent }) => textContent!.replaceAll('\u00a0', ' ')),
    );
    expect(cells).toHaveLength(3);
    expect(cells[2]).toEqual([
      'dense_2',
      'dense',
      'int8, static',
      '1,333',
      '5,333',
      '44.0 dB',
      '42.0 dB',
      '0.1 %',
      '-0.00002',
      '0.972',
      'exact',
    ]);
    const charts = [...section.querySelectorAll('svg.plot')];
    expect(charts).toHaveLength(2);
    for (const chart of charts) {
      expect(chart.getAttribute('role')).toBe('img');
      expect(chart.getAttribute('aria-label')).toContain('dense_1 in ternary');
    }
    const tips: [number, number, string][][] = charts.map((chart) => JSON.parse(chart.getAttribute('data-tips')!));
    expect(tips.map(({ length }) => length)).toEqual([9, 8]); // outputs that do not differ have no place
    const [worse, fine] = [tips[0]![7]!, tips[0]![1]!];
    expect(worse[2]).toBe('dense_1 in ternary: +0.45 of cross-entropy');
    expect(worse[0]).toBeGreaterThan(fine[0]);
    expect(worse[1]).toBe(fine[1]);
    for (const finding of ledgers().findings)
      expect((section.textContent ?? '').replaceAll('\u00a0', ' ')).toContain(finding.replaceAll('\u00a0', ' '));
  });

  test('leaves out what a network of many layers has not', () => {
    const base = fixture();
    const section = sectionOf({ ...base, ledger: { ...base.ledger, repaired: [], mixed: null } });
    expect(section.querySelectorAll('table')).toHaveLength(4);
    expect(renderPage(base)).toContain('href="#ledger"');
  });

  test('has the same in text', () => {
    const text = renderTables(fixture());
    expect(text).toContain('Which layer lost what (360 test samples');
    expect(text).toMatch(/ternary.*dense_1.*\+0\.45/);
  });
});
