import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** A ```ts block, and the ```text block right after it if there is one: what the example prints. */
function examplesOf(file: string): { code: string; printed: string | null; line: number }[] {
  const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  const blocks = text.matchAll(/```ts\n([\s\S]*?)```(?:\n\n[^\n`]*\n*)?(?:\n*```text\n([\s\S]*?)```)?/g);
  return [...blocks].map((match) => ({
    code: match[1]!,
    printed: match[2] ?? null,
    line: text.slice(0, match.index).split('\n').length,
  }));
}

/** Runs a program inside the repository, where `whittle-ml` is the built package itself. */
function run(code: string, name: string): string {
  const folder = new URL('../.cache/examples/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${name}.mjs`, folder);
  writeFileSync(file, code);
  try {
    return execFileSync(process.execPath, [fileURLToPath(file)], {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    });
  } finally {
    rmSync(file);
  }
}

describe.each(['README.md', 'docs/reading-order.md'])('examples of %s', (file) => {
  const examples = examplesOf(file);

  test('there are some', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  test.each(examples)('the one at line $line runs and prints what is shown', ({ code, printed, line }) => {
    const output = run(code, `${file.replace(/\W/g, '-')}-${line}`);
    if (printed === null) expect(output).not.toBe('');
    else expect(output).toBe(printed);
  });
});

test('the first example of the README has at most ten lines', () => {
  const first = examplesOf('README.md')[0]!;
  expect(first.code.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
  expect(first.printed).not.toBeNull();
});
