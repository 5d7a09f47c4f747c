import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { LIGHTS } from '../../lab/src/explain.ts';
import { renderPage } from '../../lab/src/page.ts';
import { renderTables } from '../../lab/src/tables.ts';
import type { JobReport } from '../../lab/src/types.ts';
import { fixture, withLight } from './fixture.ts';

const sectionOf = (report: JobReport) =>
  parseHTML(renderPage(report).replaceAll('\u00a0', ' ')).document.querySelector('section[aria-labelledby="light"]')!;
const cellsOf = (row: Element): string[] => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent ?? '');
const tipsOf = (chart: Element): [number, number, string][] => JSON.parse(chart.getAttribute('data-tips')!);

test('a report without networks for images has no section and no link for them, and one with them has both', () => {
  expect(sectionOf(fixture())).toBeNull();
  expect(renderPage(fixture())).not.toContain('href="#light"');
  expect(renderTables(fixture())).not.toContain('Networks for images');
  expect(renderPage(withLight())).toContain('href="#light"');
});

test('networks stand beside each other with the figures of the report, and folded with all variants', () => {
  const section = sectionOf(withLight());
  const [trained, all] = [...section.querySelectorAll('table')].map((table) => [...table.querySelectorAll('tbody tr')]);
  expect(trained!.map(cellsOf)[0]).toEqual([
    ...['plain CNN', '28×28×1', '693,962', '888,192', '2,776,896', '0.972', '100 µs', '6.00 ms'],
  ]);
  expect(trained!.map((row) => cellsOf(row)[5])).toEqual(['0.972', '0.581', '0.981', '0.981', '0.986']);
  expect(all).toHaveLength(15);
  expect(cellsOf(all![4]!).slice(0, 5)).toEqual([
    ...['plain CNN, channel means, half the channels', '28×28×1', '1,750', '444,096', '9,763'],
  ]);
  expect(all![0]!.closest('details')?.hasAttribute('open')).toBe(false);
});

test('says which images they take, how they were trained, what they are and what was found', () => {
  const report = withLight();
  const section = sectionOf(report);
  const text = section.textContent ?? '';
  const [plain, small] = [
    '(plain CNN; plain CNN, channel means)',
    '(depthwise-separable; MobileNetV2-like; ShuffleNetV2-like)',
  ];
  expect(text).toContain(`images are 28×28×1, to which they are enlarged ${plain} or 8×8×1 ${small}.`);
  expect(text).toContain('the half with the smallest incoming weights goes.');
  expect(text).toContain('BatchNorms are folded into the convolutions, as quantize does.');
  for (const finding of report.light!.findings) expect(text).toContain(finding);
  const cards = [...section.querySelectorAll('.card')].map((card) => card.textContent ?? '');
  for (const [i, { name, training }] of report.light!.networks.entries()) {
    expect(cards[i]).toContain(LIGHTS[name].what);
    expect(cards[i]).toContain(LIGHTS[name].source);
    expect(cards[i]).toContain(training);
    expect(cards[i]).toContain(`${name}: activations are int8.`);
    expect(LIGHTS[name].source).toMatch(/\b(19|20)\d\d\b/);
  }
});

test('a chart has all variants with their exact figures, each at its place', () => {
  const report = withLight(3);
  const [tradeOff, one, many] = [...sectionOf(report).querySelectorAll('svg.plot')];
  const tips = tipsOf(tradeOff!);
  expect(tips.map(([, , text]) => text)).toEqual(
    report.light!.results.map(({ name, variant, score, bytes }) => {
      const [mean, low, high] = [score.mean, score.min, score.max].map((x) => x.toFixed(4));
      return `${name}, ${variant}: accuracy ${mean} (${low}..${high}), ${bytes.mean.toLocaleString('en-US')} bytes`;
    }),
  );
  const scores = report.light!.results.map(({ score }) => score.mean);
  expect(tradeOff!.textContent).toContain('0.50.60.70.80.91.0');
  const [high, low] = [Math.max(...scores), Math.min(...scores)];
  const [top, bottom] = [high, low].map((score) => tips[scores.indexOf(score)]![1]) as [number, number];
  tips.forEach(([, y], i) => {
    expect(Math.abs(y - (top + ((high - scores[i]!) / (high - low)) * (bottom - top)))).toBeLessThanOrEqual(1);
  });
  // A better score is higher, a smaller file is further left.
  const [plain, , plainInt8] = tips;
  expect(tips[12]![1]).toBeLessThan(plain![1]);
  expect(plainInt8![0]).toBeLessThan(plain![0]);
  for (const [chart, samples] of [
    [one, '1 sample'],
    [many, '64 samples'],
  ] as const) {
    expect(tipsOf(chart!)).toHaveLength(15);
    expect(tipsOf(chart!)[0]![2]).toContain(`for ${samples}`);
    for (let i = 0; i < 15; i += 3) expect(tipsOf(chart!)[i + 2]![0]).toBeLessThan(tipsOf(chart!)[i]![0]);
  }
});

test('the axis of a chart does not get narrower than a tenth, and reaches down to the lowest network', () => {
  const ticksOf = (score: number): string => {
    const report = withLight();
    const best = { ...report.light!.results[0]!.score, mean: 1 };
    const results = report.light!.results.map((one, i) => ({
      ...one,
      score: i === 0 ? { ...one.score, mean: score } : best,
    }));
    return sectionOf({ ...report, light: { ...report.light!, results } }).querySelector('svg.plot')!.textContent!;
  };
  expect(ticksOf(1)).toMatch(/^0\.900\.92.*0\.981\.00/);
  expect(ticksOf(0.08)).toMatch(/^0\.00\.2.*1\.0/);
});

test('says so where the teacher is one of the networks, and where light ones have more to compute', () => {
  const plain = withLight(2);
  expect(sectionOf(plain).textContent).toContain('Networks beside the teacher, not forms of it');
  expect(sectionOf(plain).textContent).not.toMatch(/is the teacher|parameters alone/);
  const digests = [0, 1].flatMap((seed) =>
    [...['teacher', 'MobileNetV2-like, float32', 'plain CNN, float32']].map((model, i) => ({
      ...{ seed, model, sha256: i < 2 || seed === 0 ? `${seed}`.repeat(64) : 'f'.repeat(64) },
    })),
  );
  const same = sectionOf({ ...plain, digests }).textContent!;
  expect(same).toContain('The MobileNetV2-like is the teacher, trained and timed once more: its weights are the same');
  expect(same).not.toContain('beside the teacher');
  const results = plain.light!.results.map((result) =>
    result.name === 'MobileNetV2-like' || result.name === 'plain CNN, channel means'
      ? {
          ...result,
          macs: { ...result.macs, mean: 888_192 * 3.64 },
          parameters: { ...result.parameters, mean: result.name === 'MobileNetV2-like' ? 22_194 : 700_000 },
        }
      : result,
  );
  expect(sectionOf({ ...plain, light: { ...plain.light!, results } }).textContent).toContain(
    'Compared with the plain CNN, MobileNetV2-like (364 % of its multiply-adds) is light in parameters alone.',
  );
});

test('the terminal has a row for every network and variant, and how they were trained', () => {
  const text = renderTables(withLight());
  expect(text).toMatch(/│ plain CNN, float32 +│ +28×28×1 │ +693,962 │ +888,192 │ 2,776,896 │ +0\.972 │/);
  expect(text.match(/, int8 +│ /g)).toHaveLength(5);
  expect(text).toContain('- MobileNetV2-like: 23 epochs at a rate');
  expect(text).toContain('- Of the 693,962 parameters');
});
