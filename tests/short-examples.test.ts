import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const folder = new URL('../examples/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
const index = read('README.md');
const programs = ['article', 'recipes'].flatMap((each) =>
  readdirSync(new URL(each, folder))
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => `${each}/${file}`),
);

/** What the comment at the top of a program says that it prints, and the lines behind the comment. */
function partsOf(text: string): {
  readonly head: readonly string[];
  readonly printed: string;
  readonly code: string[];
} {
  const lines = text.trimEnd().split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  const head = lines.slice(0, end);
  const from = head.indexOf('// prints');
  const printed = from < 0 ? '' : head.slice(from + 2).map((line) => `${line.replace(/^\/\/ {3}/, '')}\n`);
  return { head, printed: [...printed].join(''), code: lines.slice(end) };
}

test('there are some', () => expect(programs.length).toBeGreaterThanOrEqual(18));

describe.each(programs)('%s', (file) => {
  const { head, printed, code } = partsOf(read(file));

  test('is short, stands by itself, and says how it is run and what it shows', () => {
    expect(code.length).toBeLessThanOrEqual(50);
    expect(head[0]).toMatch(/^\/\/ [A-Z].{40}/);
    expect(head.join('\n')).toContain(`npm run build && node examples/${file}`);
    for (const [, from] of code.join('\n').matchAll(/ from '([^']+)'/g)) expect(from).toMatch(/^(whittle-ml|node:)/);
  });

  test('prints what it says', () => {
    const path = fileURLToPath(new URL(file, folder));
    const output = execFileSync(process.execPath, [path], { encoding: 'utf8', stdio: 'pipe', timeout: 55_000 });
    expect(printed).not.toBe('');
    expect(output).toBe(printed);
  });
});

test('the list has a line for every example, and no other', () => {
  const listed = [...index.matchAll(/^- \[`([^`]+)`\]\(([^)]+)\): [A-Za-z1-9]/gm)].map(([, name, link]) => {
    expect(link).toBe(name);
    return name!;
  });
  const others = readdirSync(folder).filter((file) => file.endsWith('.mjs'));
  expect(listed.filter((file) => !file.endsWith('.html')).sort()).toEqual([...programs, ...others].sort());
  expect(listed.filter((file) => file.endsWith('.html'))).toEqual(['recipes/csv-to-page.html', 'worker/index.html']);
});

test('the lines of the page that a program shows are those of the page', () => {
  const shown = read('recipes/csv-to-page.mjs').match(/^\/\/ {3}(import|const) .*$/gm)!;
  expect(shown).toHaveLength(5);
  for (const line of shown) expect(read('recipes/csv-to-page.html')).toContain(`    ${line.slice(5)}\n`);
});
