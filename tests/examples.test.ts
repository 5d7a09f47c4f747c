import { describe, expect, test } from 'vitest';
import { examplesOf, runExample } from './example-tools.ts';

describe.each(['README.md', 'docs/reading-order.md', 'docs/layers.md', 'docs/tables.md'])('examples of %s', (file) => {
  const examples = examplesOf(file);

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
