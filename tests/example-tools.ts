import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Example {
  readonly code: string;
  /** What it prints; null if the page does not say. */
  readonly printed: string | null;
  readonly line: number;
}

/** The blocks of a language in a page, with the ```text block right after each if there is one. */
export function examplesOf(file: string, language: 'ts' | 'js' = 'ts'): Example[] {
  const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  const pattern = new RegExp(
    `\`\`\`${language}\\n([\\s\\S]*?)\`\`\`(?:\\n\\n[^\\n\`]*\\n*)?(?:\\n*\`\`\`text\\n([\\s\\S]*?)\`\`\`)?`,
    'g',
  );
  return [...text.matchAll(pattern)].map((match) => ({
    code: match[1]!,
    printed: match[2] ?? null,
    line: text.slice(0, match.index).split('\n').length,
  }));
}

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
      timeout: 60_000,
    });
  } finally {
    rmSync(file);
  }
}
