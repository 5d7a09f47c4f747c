import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { entrySources } from '../../scripts/site-api.mjs';
import { baseOf, relinked, targetOf } from '../../scripts/site-docs.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('links of the documentation', () => {
  const pages = new Map([
    ['docs/learn.md', 'learn'],
    ['README.md', 'guide'],
  ]);
  const link = (text: string, file = 'docs/files.md'): string =>
    relinked(text, file, pages, (path) => path.endsWith('.mjs'));

  test('lead to pages, to files that lie beside them, or are text', () => {
    expect(link('[a](learn.md#b) and [c](../README.md)')).toBe('[a](/learn#b) and [c](/guide)');
    expect(link('[a](../examples/x.mjs), ![p](p.png)[b](../src/y.ts)')).toBe('[a](/source/examples/x.mjs), b');
    expect(link('[`a`](docs/learn.md)', 'README.md')).toBe('[`a`](/learn)');
  });

  test('of code, of this page and of elsewhere stay as they are', () => {
    for (const same of [
      '[a](#b)',
      '[a](https://x.org/learn.md)',
      '`[a](learn.md)`',
      '```\n[a](learn.md)\n```',
      'f(a)[b](c, d)',
    ]) {
      expect(link(same)).toBe(same);
    }
    expect(targetOf('a/b.md', '#c')).toBeNull();
    expect(targetOf('a/b.md', '../c.md#d')).toEqual({ path: 'c.md', anchor: '#d' });
  });

  test('begin with a base that is a folder', () => {
    expect([baseOf('/'), baseOf('/a/b-1/')]).toEqual(['/', '/a/b-1/']);
    for (const wrong of ['', 'a', '/a', 'a/', 'https://a/', '//', '/a b/'])
      expect(() => baseOf(wrong)).toThrow('--base');
  });
});

test('the reference has the entry points of package.json, and each is a file', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const sources = entrySources(manifest);
  expect(sources).toEqual(
    expect.arrayContaining(['src/index.ts', 'kernels/index.ts', 'src/learn/index.ts', 'src/gpu/index.ts']),
  );
  expect(sources).toHaveLength(Object.keys(manifest.exports).length - 2); // ./min and ./package.json
  for (const path of sources) expect(existsSync(join(root, path)), path).toBe(true);
});

const docs = join(root, 'site/dist/docs');

/** Of what is built: nothing where it is not. */
test.skipIf(!existsSync(docs))('every link of the built documentation leads somewhere', () => {
  const names = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'));
  const pages = names.filter((name) => !name.startsWith('source') && name !== '404.html');
  const built = new Map(pages.map((name) => [name, parseHTML(readFileSync(join(docs, name), 'utf8')).document]));
  const home = built.get('index.html')!.querySelector('a.title')!.getAttribute('href')!;
  const base = home.slice(0, -'docs/'.length);
  const broken: string[] = [];
  for (const [name, document] of built) {
    for (const anchor of document.querySelectorAll('a[href]')) {
      const { pathname, hash, host } = new URL(anchor.getAttribute('href')!, `http://site${base}docs/${name}`);
      if (host !== 'site') continue;
      const path = join(root, 'site/dist', decodeURIComponent(pathname).slice(base.length));
      const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'index.html') : path;
      if (file.startsWith(join(root, 'site/dist/api'))) continue; // built beside it, by another tool that checks its own
      if (!existsSync(file)) broken.push(`${name}: ${pathname}`);
      else if (hash !== '' && file.startsWith(docs) && dirname(file).startsWith(docs)) {
        const target = built.get(file.slice(docs.length + 1));
        if (target && target.getElementById(decodeURIComponent(hash.slice(1))) === null)
          broken.push(`${name}: ${pathname}${hash}`);
      }
    }
  }
  expect(pages.length).toBeGreaterThan(25);
  expect(broken).toEqual([]);
});
