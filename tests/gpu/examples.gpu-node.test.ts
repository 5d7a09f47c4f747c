import { expect, test } from 'vitest';
import { examplesOf, runExample } from '../example-tools.ts';

const examples = examplesOf('README.md', 'js');

test('the README has an example for a graphics processor', () => {
  expect(examples.length).toBe(1);
});

test.each(examples)('it runs, prints what is shown, and lets Node end', ({ code, printed }) => {
  expect(printed).not.toBeNull();
  expect(runExample(code, 'README-gpu')).toBe(printed);
});
