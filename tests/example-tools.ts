import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Example, examplesIn } from '../scripts/examples.mjs';

/** The blocks of a language in a page. */
export const examplesOf = (file: string, language: 'ts' | 'js' = 'ts'): Example[] =>
  examplesIn(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'), language);

/** Runs a program inside the repository, where `whittle-ml` is the built package itself, and returns what it prints. */
export function runExample(code: string, name: string): string {
  const folder = new URL('../.cache/examples/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${name}.mjs`, folder);
  writeFileSync(file, code);
  try {
    return execFileSync(process.execPath, [fileURLToPath(file)], {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      timeout: 180_000,
    });
  } finally {
    rmSync(file);
  }
}
