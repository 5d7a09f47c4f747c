import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { examplesOf, runExample } from './example-tools.ts';

describe.each([
  'README.md',
  'docs/reading-order.md',
  'docs/layers.md',
  'docs/tables.md',
  'docs/convolutions.md',
  'docs/files.md',
  'docs/learn.md',
  'docs/zeros.md',
  'docs/pruning.md',
  'docs/quantization.md',
  'docs/distillation.md',
  'docs/sharing.md',
  'docs/pareto.md',
  'docs/sorting.md',
  'docs/export.md',
])('examples of %s', (file) => {
  const scripts = ['docs/learn.md', 'docs/quantization.md'].includes(file) ? examplesOf(file, 'js') : []; // those that are no TypeScript by strict rules
  const examples = [...examplesOf(file), ...scripts];

  test('there are some', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  test.each(examples)('the one at line $line runs and prints what is shown', ({ code, printed, line }) => {
    const output = runExample(code, `${file.replace(/\W/g, '-')}-${line}`);
    if (printed === null) expect(output).not.toBe('');
    else expect(output).toBe(printed);
  });
});

test('the first example of the README has at most ten lines', () => {
  const first = examplesOf('README.md')[0]!;
  expect(first.code.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
  expect(first.printed).not.toBeNull();
});

describe('programs in examples/', () => {
  const run = (name: string, ...args: readonly string[]): string[] => {
    const file = fileURLToPath(new URL(`../examples/${name}`, import.meta.url));
    return execFileSync(process.execPath, [file, ...args], { encoding: 'utf8', stdio: 'pipe', timeout: 55_000 })
      .trimEnd()
      .split('\n');
  };

  test('the classifier of sentences learns, and a later run tells new ones apart from its two files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'words-'));
    const classify = (...args: readonly string[]): string[] => run('text-classifier.mjs', '--folder', folder, ...args);
    try {
      expect(() => classify('rain')).toThrow(/There is no .*: run this without sentences first/);
      const lines = classify();
      const file = join(folder, 'vocabulary.txt');
      const words = readFileSync(file, 'utf8');
      expect(words).toMatch(/^([a-z]+\n)+$/);
      expect(lines[0]).toBe(`${words.trim().split('\n').length + 2} words, 5377 parameters`);
      const counts = lines.slice(1).map((line) => /^(\d+) .* ([\d.]+) % right$/.exec(line)!.slice(1).map(Number));
      expect(counts.map(([count]) => count)).toEqual([90, 30]);
      expect(counts[0]![1]).toBe(100);
      expect(counts[1]![1]).toBeGreaterThanOrEqual(90);
      const kinds = (): string[] =>
        classify('Slice the onion for the soup', 'a cold day with rain').map((line) => /": (\w+)/.exec(line)![1]!);
      expect(kinds()).toEqual(['kitchen', 'weather']);
      // numbers are places in the file: with other words in their places the sentences mean other things
      const swap: Readonly<Record<string, string>> = { onion: 'cold', cold: 'onion', soup: 'rain', rain: 'soup' };
      writeFileSync(
        file,
        words.replace(/^(onion|cold|soup|rain)$/gm, (word) => swap[word]!),
      );
      expect(kinds()).toEqual(['weather', 'kitchen']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('Deep Compression of the digits gives a file that is 20 times smaller, and its parts are all of it', () => {
    const rows = run('deep-compression.mjs', '--seeds', '1', '--epochs', '6').map((line) => line.split('|'));
    const [dense, file, times, accuracy, lost, ...parts] = rows[2]!.slice(2, -1).map(Number);
    expect(times).toBeGreaterThan(20);
    expect(times).toBeCloseTo(dense! / file!, 1);
    expect(parts.reduce((p, q) => p + q)).toBe(file);
    expect(accuracy).toBeGreaterThan(90);
    expect(lost).toBeLessThan(5);
    expect(Number(rows[6]![3])).toBeLessThanOrEqual(file!);
  });

  test('the memory of a training step is what the document says', () => {
    const rows = run('memory.mjs');
    expect(rows.length).toBe(4);
    expect(readFileSync(new URL('../docs/convolutions.md', import.meta.url), 'utf8')).toContain(rows.join('\n'));
  });

  test('the ledger: a row each format, and the layer that was made hard to quantize is found and repaired', () => {
    const lines = run('ledger.mjs', '--seeds', '1', '--epochs', '4');
    expect(lines.filter((line) => /^\| (float|int|ternary|binary)/.test(line))).toHaveLength(9);
    expect(lines).toContainEqual(expect.stringMatching(/^\| 1 \| third \| third \| /));
    expect(lines.at(-1)).toMatch(/^third /);
  });

  test('the networks on the digits: a row each, and the first learns in a few epochs', () => {
    const rows = run('digits.mjs', '--epochs', '1').slice(2);
    const names = [
      'dense layers alone',
      'convolution, dense layers',
      'convolutions, means of channels',
      'MobileNetV2, 3 blocks',
      'ShuffleNetV2, 4 units',
      'residual blocks, one shared layer',
    ];
    expect(rows.map((row) => row.split(' | ')[0]!.slice(2))).toEqual(names);
    for (const row of rows) expect(row).toMatch(/^\|( [^|]+ \|){6}$/);
    const [, , first] = run('digits.mjs', '--epochs', '10', '--only', 'convolution, dense');
    expect(Number(/([\d.]+) % \(/.exec(first!)![1])).toBeGreaterThan(94);
  });

  test('products of features: everything that counts has converged, and what was held back is predicted', () => {
    const lines = run('polynomial.mjs');
    const cells = lines.slice(2, 7).map((line) => line.split('|').map((cell) => cell.trim()));
    expect(cells.map((row) => row[4])).toEqual([
      '',
      'not done in 100',
      ...cells.slice(2).map(() => expect.stringMatching(/^\d+$/)),
    ]);
    for (const row of cells.slice(2)) expect(Number.parseFloat(row[2]!)).toBeGreaterThan(95);
    expect(lines[8]).toMatch(/^Chosen: degree \d, C [\d.]+, F1 0\.9\d+ as the best of ten$/);
    expect(Number(/^Held back: ([\d.]+) % right$/.exec(lines[9]!)![1])).toBeGreaterThan(90);
  });

  test('care after rounding: a row for each format, and channels of unlike size made alike', () => {
    const lines = run('after-care.mjs', '--seeds', '1', '--epochs', '4', '--steps', '20');
    const cells = (start: string): number[] =>
      lines
        .find((line) => line.startsWith(start))!
        .split('|')
        .slice(2, -1)
        .map(Number);
    for (const name of ['int4', 'ternary', 'ternary, int8 values']) expect(cells(`| ${name} |`)).toHaveLength(6);
    expect(cells('| equalize |')[0]).toBeGreaterThan(cells('| as they are |')[0]! + 10);
    expect(lines.at(-1)).toMatch(/ by \d+ to \d+ %$/);
  });

  test('training rounded: a row for each way, accuracies, and what is gained against rounding afterwards', () => {
    const rows = run('qat.mjs', '--seeds', '1', '--epochs', '3', '--more', '1').slice(2);
    expect(rows.length).toBe(7);
    for (const row of rows) expect(row).toMatch(/^\| [\w ,]+ \| [\d.]+ \| (-?[\d.]+)? \|$/);
    expect(Number(/\| ([\d.]+) \|/.exec(rows[0]!)![1])).toBeGreaterThan(85);
  });

  test('lottery tickets: a row for each share that is left, accuracies with intervals, differences of them', () => {
    const rows = run(
      'lottery.mjs',
      '--seeds',
      '2',
      '--epochs',
      '3',
      '--left',
      '50 20',
      '--only',
      'dense',
      '--rewind',
      '5',
    );
    expect(rows.length).toBe(4);
    rows.slice(2).forEach((row, i) => {
      const [, name, left, rounds, ...cells] = row.split('|').map((cell) => cell.trim());
      expect([name, left, rounds]).toEqual(['dense layers', ['50 %', '20 %'][i], ['4', '8'][i]]);
      const [dense, ticket, random, behind, ahead] = cells
        .slice(0, 5)
        .map((cell) => /^(-?[\d.]+) ± [\d.]+$/.exec(cell)![1]);
      for (const accuracy of [dense, ticket, random]) expect(Number(accuracy)).toBeGreaterThan(60);
      expect(Math.abs(Number(ticket) - Number(dense) - Number(behind))).toBeLessThan(0.16);
      expect(Math.abs(Number(ticket) - Number(random) - Number(ahead))).toBeLessThan(0.16);
    });
  });
});
