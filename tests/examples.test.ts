import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { examplesOf, runExample } from './example-tools.ts';

describe.each(['README.md', 'docs/reading-order.md', 'docs/layers.md', 'docs/tables.md', 'docs/convolutions.md'])(
  'examples of %s',
  (file) => {
    const examples = examplesOf(file);

    test('there are some', () => {
      expect(examples.length).toBeGreaterThan(0);
    });

    test.each(examples)('the one at line $line runs and prints what is shown', ({ code, printed, line }) => {
      const output = runExample(code, `${file.replace(/\W/g, '-')}-${line}`);
      if (printed === null) expect(output).not.toBe('');
      else expect(output).toBe(printed);
    });
  },
);

test('the first example of the README has at most ten lines', () => {
  const first = examplesOf('README.md')[0]!;
  expect(first.code.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
  expect(first.printed).not.toBeNull();
});

describe('programs in examples/', () => {
  const run = (name: string, ...args: readonly string[]): string[] => {
    const file = fileURLToPath(new URL(`../examples/${name}`, import.meta.url));
    return execFileSync(process.execPath, [file, ...args], { encoding: 'utf8', timeout: 55_000 })
      .trimEnd()
      .split('\n');
  };

  test('the classifier of sentences tells those apart that it has not learned', () => {
    const lines = run('text-classifier.mjs', 'slice the onion for the soup', 'a cold day with rain');
    expect(lines[0]).toBe('207 words, 3329 parameters');
    const [known, held] = lines.slice(1, 3).map((line) => Number(/([\d.]+) % right$/.exec(line)![1]));
    expect(known).toBe(100);
    expect(held).toBeGreaterThanOrEqual(90);
    expect(lines[3]).toContain('"slice the onion for the soup": kitchen');
    expect(lines[4]).toContain('"a cold day with rain": weather');
  });

  test('the networks on the digits: a row each, and the first learns in a few epochs', () => {
    const rows = run('digits.mjs', '--epochs', '1').slice(2);
    const names = [
      'convolution, dense layers',
      'convolutions, means of channels',
      'MobileNetV2, 3 blocks',
      'ShuffleNetV2, 4 units',
    ];
    expect(rows.map((row) => row.split(' | ')[0]!.slice(2))).toEqual(names);
    for (const row of rows) expect(row).toMatch(/^\|( [^|]+ \|){5}$/);
    const [, , first] = run('digits.mjs', '--epochs', '10', '--only', 'dense');
    expect(Number(/([\d.]+) % \(/.exec(first!)![1])).toBeGreaterThan(94);
  });
});
