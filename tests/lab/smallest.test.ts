import { readFileSync } from 'node:fs';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeWeight, encodeNetwork, measure, predictNetwork } from 'whittle-ml';
import { readCSV } from 'whittle-ml/data';
import { decodeNetwork, fileParts } from 'whittle-ml/io';
import { allParts, bitsOf, bytesOf, smallestFindings } from '../../lab/src/findings-smallest.ts';
import { modelFile, readModel } from '../../lab/src/models.ts';
import { renderPage } from '../../lab/src/page.ts';
import { type Prepared, prepare, understand } from '../../lab/src/prepare.ts';
import { type SmallestRun, smallestOf, smallestRun } from '../../lab/src/smallest.ts';
import { renderTables } from '../../lab/src/tables.ts';
import type { JobReport } from '../../lab/src/types.ts';
import type { FormResult } from '../../lab/src/types-forms.ts';
import type { Smallest } from '../../lab/src/types-smallest.ts';
import { type Form, whittle } from '../../lab/src/whittling.ts';
import { Workbench } from '../../lab/src/workbench.ts';
import { fixture } from './fixture.ts';
import { smallest } from './fixture-taught.ts';

const quiet = { stage: () => {}, tick: () => {} };
const text = readFileSync(new URL('../../data/wine.csv', import.meta.url), 'utf8');
const wine = understand('wine', readCSV(text), { target: 'class' });

const sectionOf = (report: JobReport) =>
  parseHTML(renderPage(report)).document.querySelector('section[aria-labelledby="smallest"]');

describe('the smallest file', () => {
  let data: Prepared;
  let forms: readonly Form[];
  let run: SmallestRun;
  let found: Smallest;
  const ticks = { announced: 0, ticked: 0 };
  beforeAll(() => {
    data = prepare(wine, 1);
    const told = {
      stage(_: string, steps: number) {
        ticks.announced = steps;
      },
      tick: () => void ticks.ticked++,
    };
    ({ forms } = whittle(new Workbench(data, 1, 0.2, quiet), '', quiet));
    run = smallestRun(new Workbench(data, 1, 0.2, told), '', told, forms);
    const sizes = forms.map(({ name, measurement }) => ({ name, bytes: { values: [measurement.bytes] } }));
    found = smallestOf([run], sizes as unknown as FormResult[], 'accuracy');
  });

  test('is taken apart into bytes that sum to those of the file, layer by layer and whole', () => {
    const network = run.networks.get(found.subject)!;
    const file = encodeNetwork(network, { coding: 'range' });
    const total = found.files.find(({ subject, stage }) => subject === found.subject && stage === 'range coded')!;
    expect(total.bytes.mean).toBe(file.length);
    expect(bytesOf(allParts(found))).toBe(file.length);
    expect(bytesOf(fileParts(file))).toBe(file.length);
    for (const { parts, bytes } of found.files) if (parts !== null) expect(bytesOf(parts)).toBe(bytes.mean);
    for (const { name, kept, numbers, float32Bytes } of found.layers) {
      const kernel = decodeWeight(network.weights.get(`${name}/kernel`)!)!;
      expect(numbers).toBe(kernel.length);
      expect(kept).toBe(kernel.filter((value) => value !== 0).length);
      expect(float32Bytes).toBeGreaterThan(4 * numbers); // with its biases
    }
  });

  test('gives the network back, whose answers and score are those of the report', () => {
    for (const [subject, network] of run.networks) {
      const back = decodeNetwork(encodeNetwork(network, { coding: 'range' })).network;
      expect(predictNetwork(back, data.test[0]).data).toEqual(predictNetwork(network, data.test[0]).data);
      const { score } = measure(back, { samples: data.test, latency: false });
      const own = found.files.filter((file) => file.subject === subject);
      for (const { stage, score: told } of own)
        if (['shared', 'Huffman coded', 'range coded'].includes(stage)) expect(told.mean).toBeCloseTo(score!, 12);
      const [first, , shared, huffman, range] = own.map(({ bytes }) => bytes.mean);
      for (const less of [huffman!, range!]) expect(less).toBeLessThan(Math.min(first!, shared!));
      const zeros = [...network.weights]
        .filter(([key]) => key.endsWith('/kernel'))
        .flatMap(([, w]) => [...decodeWeight(w)!]);
      const { sparsity, clusters } = found.settings.find((setting) => setting.subject === subject)!;
      expect(zeros.filter((value) => value === 0).length / zeros.length).toBeCloseTo(sparsity, 1);
      for (const [key, weight] of network.weights)
        if (key.endsWith('/kernel')) expect(new Set(decodeWeight(weight)!).size).toBeLessThanOrEqual(clusters);
    }
  });

  test('loses what its accuracy falls by, within an interval', () => {
    expect(found.samples).toBe(data.test[1].shape[0]);
    for (const subject of ['teacher', 'student (distilled)'] as const) {
      const [whole, coded] = (['float32', 'range coded'] as const).map(
        (stage) => found.files.find((file) => file.subject === subject && file.stage === stage)!.score.mean,
      );
      const { lost, low, high } = found.lost[subject];
      expect(lost).toBeCloseTo(whole! - coded!, 12);
      expect(low).toBeLessThanOrEqual(lost);
      expect(high).toBeGreaterThanOrEqual(lost);
    }
  });

  test('is the smallest of the job, or is not called so', () => {
    const coded = found.files.filter(({ stage }) => stage === 'range coded').map(({ bytes }) => bytes.mean);
    const [least] = forms.map(({ measurement }) => measurement.bytes).sort((a, b) => a - b);
    expect(found.files.find((f) => f.subject === found.subject && f.stage === 'range coded')!.bytes.mean).toBe(
      Math.min(...coded),
    );
    expect(found.isSmallest).toBe(Math.min(...coded) < least!);
    const tiny = [{ bytes: { values: [3] } }] as unknown as FormResult[];
    expect(smallestOf([run], tiny, 'accuracy').isSmallest).toBe(false);
  });

  test('was announced, survives as JSON, and can be predicted with', () => {
    expect(ticks.ticked).toBe(ticks.announced);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
    const network = run.networks.get(found.subject)!;
    const { encoder } = data;
    const [coded, plain] = (['range', 'none'] as const).map((coding) =>
      modelFile({ network, encoder }, wine.table, {}, coding),
    );
    expect(coded!.length).toBeLessThan(plain!.length);
    expect(predictNetwork(readModel(coded!, '').network, data.test[0]).data).toEqual(
      predictNetwork(network, data.test[0]).data,
    );
  });
});

describe('findings', () => {
  test('say how much smaller the files are, what it cost, where the bytes are, and what coding does', () => {
    expect(smallest().findings).toEqual([
      'The teacher, with 90 % of its weights zero, the others of 16 numbers in each kernel, and all of it range coded, is 28 times smaller: 7,290 bytes instead of 204,120 in float32; accuracy falls from 0.975 to 0.970 (-0.005), 0.6 (0.1 to 1.0) points lost: that is more than chance.',
      'The distilled student, with 30 % of its weights zero, the others of 16 numbers in each kernel, and all of it range coded, is 10 times smaller: 1,049 bytes instead of 10,950 in float32; accuracy stays 0.958, 0.0 (-0.8 to 0.8) points lost: 360 test samples cannot tell the two apart.',
      'Of the 1,049 bytes of the smallest, made of the distilled student, are header 38 %, values 33 %, codebook 12 %, positions 7.8 %, biases 7.6 % and scales 0.8 %; 518 of 740 weights are left, with 16.2 bits of the file for each.',
      'The same shared network takes 2,480 bytes uncoded, 1,101 in Huffman’s code and 1,049 range coded: coding changes no number, so the answers are the same.',
    ]);
  });

  test('say what is lost of the first seed where there are several, and what is a gain', () => {
    const { lost, ...rest } = smallest(3);
    const gained = { ...lost, teacher: { lost: -0.02, low: -0.03, high: -0.01 } };
    const [first, second] = smallestFindings({ ...rest, lost: gained }, 'R²');
    expect(first).toContain(
      '-2.0 (-3.0 to -1.0) hundredths of R² lost in the first seed: that is a gain beyond chance.',
    );
    expect(second).toContain('lost in the first seed: 360 test samples cannot tell');
  });

  test('call a file larger that is larger', () => {
    const { files, ...rest } = smallest();
    const grown = files.map((file) => (file.stage === 'range coded' ? { ...file, bytes: files[0]!.bytes } : file));
    const [same, larger] = smallestFindings({ ...rest, files: grown }, 'accuracy');
    expect(same).toContain('is as large: 204,120 bytes');
    expect(larger).toContain('is 19 times larger: 204,120 bytes instead of 10,950');
  });

  test('have no bits where no weight is left', () => {
    const { layers, ...rest } = smallest();
    const gone = layers.map((layer) => ({ ...layer, kept: 0 }));
    expect(smallestFindings({ ...rest, layers: gone }, 'accuracy')[2]).toContain('no weight is left');
    expect(bitsOf(gone[0]!)).toBeNull();
    expect(bitsOf(layers[0]!)).toBeCloseTo((8 * (160 + 64 + 41 + 8)) / 448, 12);
  });
});

describe('the section', () => {
  const tipsOf = (chart: Element) => JSON.parse(chart.getAttribute('data-tips')!) as [number, number, string][];

  test('has bars whose parts sum to the bytes of the file, and the same in its table', () => {
    const section = sectionOf(fixture())!;
    const [files, layers] = [...section.querySelectorAll('svg.plot')];
    const sum = (tips: [number, number, string][], name: string): number =>
      tips
        .filter(([, , tip]) => tip.startsWith(`${name}: `))
        .reduce((all, [, , tip]) => all + Number(/: ([\d,]+) bytes/.exec(tip)![1]!.replace(',', '')), 0);
    expect(sum(tipsOf(files!), 'student, range')).toBe(1049);
    expect(sum(tipsOf(files!), 'teacher, range')).toBe(7290);
    expect(files!.textContent).not.toContain('204,120');
    expect(tipsOf(layers!).reduce((all, [, , tip]) => all + Number(/: ([\d,]+) bytes/.exec(tip)![1]), 0)).toBe(1049);
    const cells = [...section.querySelectorAll('details table tbody tr:last-child td')].map((cell) => cell.textContent);
    expect(cells).toEqual(['740', '518', '3,040', '350', '128', '82', '8', '80', '401', '1,049', '16.2']);
    for (const finding of smallest().findings)
      expect(section.textContent!.replaceAll('\u00a0', ' ')).toContain(finding.replaceAll('\u00a0', ' '));
  });

  test('is not called that of the smallest file where a form is smaller', () => {
    const base = fixture();
    expect(sectionOf(base)!.querySelector('h2')!.textContent).toBe('Where the bytes of the smallest file are');
    const other = sectionOf({ ...base, smallest: { ...base.smallest!, isSmallest: false } })!;
    expect(other.querySelector('h2')!.textContent).toBe('Where the bytes of a coded file are');
    expect(renderPage({ ...base, smallest: null })).not.toContain('#smallest');
  });

  test('is in text too', () => {
    expect(renderTables(fixture())).toMatch(/student \(distilled\), range coded +│ +1,049/);
    expect(renderTables({ ...fixture(), smallest: null })).not.toContain('range coded');
  });
});
