import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  checkSizes,
  FIRST_LOAD_LIMIT,
  gzipped,
  loadedWith,
  pageFiles,
  sizesText,
  staticImports,
  sum,
  weighed,
  workersOf,
} from '../../scripts/site-sizes.mjs';

describe('what the first load takes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'whittle-sizes-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const files: Record<string, string> = {
    'index.html':
      '<script type="module" crossorigin src="./assets/index-1.js"></script><link rel="stylesheet" href="./assets/index-2.css"><link rel="icon" href="data:,">',
    'assets/index-1.js':
      'import{a as b}from"./shared-3.js";const w=new Worker(new URL(new URL(`worker-4.js`,import.meta.url).href,``+import.meta.url),{type:`module`});import("./Article-5.js")',
    'assets/index-2.css': 'body{margin:0}',
    'assets/shared-3.js': 'export{x}from"./deep-6.js";import"./index-1.js"',
    'assets/deep-6.js': 'export const x=1',
    'assets/worker-4.js': 'import{t}from"./tensor-7.js";const later=()=>import("./compress-8.js")',
    'assets/tensor-7.js': 'export const t=2;import("./kernels-loaded-12.js")',
    'assets/kernels-loaded-12.js': 'export const k=6',
    'assets/compress-8.js': 'export const c=3',
    'assets/Fit-9.js': 'import{p}from"./plane-10.js";import("./chart-13.js")',
    'assets/chart-13.js': 'export const c=7',
    'assets/first-14.js': 'export const fit="few"',
    'assets/first-15.js': 'export const fit="more words"',
    'assets/plane-10.js': 'export const p=4',
    'assets/Article-5.js': 'new Worker(new URL(new URL("worker-11.js",import.meta.url).href))',
    'assets/worker-11.js': 'large',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  test('is the page, its scripts and styles, the first part with its chart and words, and the worker with what it imports', () => {
    const sizes = weighed(folder);
    const names = sizes.first.map(({ path }) => path.replace('assets/', '')).sort();
    expect(names).toEqual([
      ...[
        'Fit-9.js',
        'chart-13.js',
        'deep-6.js',
        'first-15.js',
        'index-1.js',
        'index-2.css',
        'index.html',
        'plane-10.js',
      ],
      ...['shared-3.js'],
      ...['tensor-7.js', 'worker-4.js'],
    ]);
    expect(sizes.later.map(({ path }) => path).sort()).toEqual([
      ...['assets/Article-5.js', 'assets/compress-8.js', 'assets/first-14.js', 'assets/kernels-loaded-12.js'],
      ...['assets/worker-11.js'],
    ]);
    expect(sizes.soon.map(({ path }) => path)).toEqual(['assets/kernels-loaded-12.js']);
    expect(sizes.isWhole).toBe(true);
    expect(sum(sizes.first)).toBe(sizes.first.reduce((all, { path }) => all + gzipped(files[path]!), 0));
    expect(sizesText(sizes)).toContain('first load, gzipped: ');
  });

  test('fails from the limit on, and where not all of it was found', () => {
    const of = (bytes: number) => ({ first: [{ path: 'a', bytes }], later: [], soon: [], isWhole: true });
    expect(() => checkSizes(of(FIRST_LOAD_LIMIT - 1))).not.toThrow();
    expect(() => checkSizes(of(FIRST_LOAD_LIMIT))).toThrow('takes 200000 bytes gzipped, and may take 200000');
    expect(() => checkSizes({ ...of(1), isWhole: false })).toThrow('have other names');
  });

  test('reads imports as they are written, minified or not, and no others', () => {
    const code =
      'import a,{b}from"./a.js";import*as c from\'./b.js\';import "./c.js";export*from"./d.js";\nexport { e } from "./e.js";';
    expect(staticImports(code)).toEqual(['./a.js', './b.js', './c.js', './d.js', './e.js']);
    expect(staticImports('const f=()=>import("./later.js");import x from"svelte";"from \'./text.js\'"')).toEqual([]);
    expect(workersOf('new Worker(new URL("./w.js", import.meta.url))')).toEqual(['./w.js']);
    expect(
      pageFiles('<script src="a.js"></script><link rel="prefetch" href="b.js"><link rel=icon href="c.png">'),
    ).toEqual(['a.js']);
    expect(loadedWith(['x/a.js'], (path) => (path === 'x/a.js' ? 'import"../y/b.js"' : ''))).toEqual([
      'x/a.js',
      'y/b.js',
    ]);
  });
});
