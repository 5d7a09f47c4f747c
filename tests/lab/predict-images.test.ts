import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from 'whittle-ml';
import { readCSV, TableEncoder } from 'whittle-ml/data';
import { compileNetwork } from 'whittle-ml/infer';
import { decodeNetwork } from 'whittle-ml/io';
import { cpu } from 'whittle-ml/kernels';
import type { JobReport } from '../../lab/src/types.ts';
import { type Ended, whittle } from './run.ts';

const FORMS = ['teacher', 'pruned', 'sparse-panels', 'neurons-pruned', 'int8', 'student-distilled', 'combined'];
const NAMES = Array.from({ length: 30 }, (_, i) => `p${i}`);

/** Images of 6×5 that are bright at the top or at the bottom; the first pixel is always 0. */
function table(rows: number, from = 0): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const noise = new Random(from + row, 'halves').uniform([30]).data;
    const pixels = NAMES.map((__, i) =>
      i === 0 ? 0 : Math.round(99 * noise[i]!) + (i < 15 === (row % 2 === 0) ? 90 : 0),
    );
    return [...pixels, row % 2 === 0 ? 'top' : 'bottom'].join(',');
  });
  return `${[[...NAMES, 'where'].join(','), ...lines].join('\n')}\n`;
}

let folder = '';
let ended: Ended;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-images-'));
  writeFileSync(join(folder, 'halves.csv'), table(80));
  writeFileSync(join(folder, 'new.csv'), table(24, 1000));
  const image = ['--model', 'cnn', '--image', '6x5x1', '--no-light'];
  ended = await whittle(folder, [
    'halves.csv',
    '--target',
    'where',
    ...image,
    '--epochs',
    '20',
    '--no-progress',
    '--no-criteria',
  ]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a run on images leaves a report and seven networks that take images', () => {
  expect({ code: ended.code, err: ended.err }).toEqual({ code: 0, err: '' });
  const report = JSON.parse(readFileSync(join(folder, 'report', 'report.json'), 'utf8')) as JobReport;
  expect(report.data).toMatchObject({ image: [6, 5, 1], features: 30 });
  expect(report.light).toBeNull();
  expect(report.data.notes.join()).not.toContain('left out'); // a constant pixel is a pixel
  const page = readFileSync(join(folder, 'report', 'index.html'), 'utf8');
  expect(page).toContain('These networks are perceptrons on the pixels, whatever the teacher is.');
  expect(page).toContain('cnn of ');
});

test.each(FORMS)('%s predicts another table, to the bit what its file says of the pixels in a row', async (form) => {
  const path = join('report', 'models', `${form}.safetensors`);
  const { code, out, err } = await whittle(folder, ['predict', path, 'new.csv', '--out', 'out.csv']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('24 rows predicted');
  const { network, metadata } = decodeNetwork(readFileSync(join(folder, path)));
  expect(network.inputs[0]!.shape).toEqual([6, 5, 1]);
  const encoder = TableEncoder.fromJSON(JSON.parse(metadata.get('encoder')!));
  const { features } = encoder.transform(readCSV(readFileSync(join(folder, 'new.csv'))), { target: false });
  const program = compileNetwork(network, 24, cpu);
  const [p] = program.run([features.data as Float32Array], 24);
  const rows = readFileSync(join(folder, 'out.csv'), 'utf8').trim().split('\n').slice(1);
  rows.forEach((row, i) => {
    const [said, bottom, top] = row.split(',').slice(31);
    expect([Math.fround(Number(bottom)), Math.fround(Number(top))]).toEqual([p![2 * i], p![2 * i + 1]]);
    expect(said).toBe(p![2 * i]! >= p![2 * i + 1]! ? 'bottom' : 'top');
  });
  expect(rows.filter((row) => row.split(',')[30] === row.split(',')[31]).length).toBeGreaterThan(20);
});
