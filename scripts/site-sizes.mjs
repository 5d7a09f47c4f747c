// What the page weighs: the gzipped bytes that a browser takes before the page is there, and those that come later.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * What the first load may take, in bytes: index.html with its styles and scripts, the part that is seen first with the chart
 * and the words that it loads by itself, and the worker with what it imports.
 */
export const FIRST_LOAD_LIMIT = 200_000;

/** The part of the page that one sees who has set nothing, and the chart that it loads when it is there. */
const FIRST_PARTS = [/^assets\/Fit-[\w-]+\.(?:js|css)$/, /^assets\/chart-[\w-]+\.(?:js|css)$/];
/** Words of what is seen first, a file for each language. A browser loads one of them: the largest counts. */
const FIRST_WORDS = /^assets\/first-[\w-]+\.js$/;
/** Loaded after the first pictures, which are computed in TypeScript. */
const SOON = /^assets\/kernels-loaded-[\w-]+\.js$/;

export const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** What a script imports when it is loaded, as it is written there: not what it may import later. */
export function staticImports(code) {
  const found = code.matchAll(/(?:^|[;}\n])\s*(?:import|export)\s*(?:[\w*{][^'"`;()]*?\bfrom\s*)?["']([^"']+)["']/g);
  return [...new Set([...found].map(([, from]) => from))].filter(
    (from) => from.startsWith('.') || from.startsWith('/'),
  );
}

/** Scripts and styles of a page: what its tags name, relative to it. */
export function pageFiles(html) {
  const tags = html.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"[^>]*>/g);
  return [...tags]
    .filter(([tag]) => !/rel="(?:prefetch|icon)"/.test(tag))
    .map(([, from]) => from)
    .filter((from) => /\.(?:js|css)$/.test(from));
}

/** All files that are loaded with one of them, by their paths from the folder. `read` gives the text of a path. */
export function loadedWith(entries, read) {
  const found = new Set();
  const walk = (path) => {
    if (found.has(path)) return;
    found.add(path);
    if (!path.endsWith('.js')) return;
    for (const from of staticImports(read(path))) walk(posix.join(posix.dirname(path), from));
  };
  for (const entry of entries) walk(entry);
  return [...found].sort();
}

/** Workers that a script starts, as Vite writes them: `new Worker(new URL(new URL("worker-….js", import.meta.url).href, …`. */
export function workersOf(code) {
  const found = code.matchAll(/new Worker\(\s*new URL\([^;]{0,80}?["'`]([^"'`]+\.js)["'`]/g);
  return [...found].map(([, from]) => from);
}

/**
 * The files of the first load with what each weighs, gzipped, and all other files of the page; `soon` are those of them that
 * come after the first pictures without being asked for. The part that is shown first and the worker that the first load's
 * own scripts start belong to it; other parts, and workers that they start, do not.
 */
export function weighed(folder) {
  const read = (path) => readFileSync(join(folder, path), 'utf8');
  const weigh = (path) => ({ path, bytes: gzipped(readFileSync(join(folder, path))) });
  const assets = readdirSync(join(folder, 'assets')).map((name) => `assets/${name}`);
  const named = pageFiles(read('index.html')).map((path) => posix.normalize(path));
  const parts = FIRST_PARTS.map((pattern) => assets.filter((path) => pattern.test(path)));
  const words = assets.filter((path) => FIRST_WORDS.test(path)).map(weigh);
  const [largest] = words.sort((a, b) => b.bytes - a.bytes);
  const page = loadedWith([...named, ...parts.flat(), ...(largest === undefined ? [] : [largest.path])], read);
  const workers = page
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) => workersOf(read(path)).map((from) => posix.join(posix.dirname(path), from)));
  const first = ['index.html', ...loadedWith([...page, ...workers], read)].map(weigh);
  const later = assets.filter((path) => !first.some((file) => file.path === path)).map(weigh);
  const kernels = loadedWith(
    assets.filter((path) => SOON.test(path)),
    read,
  );
  const soon = later.filter(({ path }) => kernels.includes(path));
  const isWhole = parts.every((files) => files.length > 0) && words.length > 0 && soon.length > 0 && workers.length > 0;
  return { first, later, soon, isWhole };
}

export const sum = (files) => files.reduce((total, { bytes }) => total + bytes, 0);

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;

/** A table of them; of what comes later the largest. */
export function sizesText({ first, later, soon }) {
  const line = ({ path, bytes }) => `  ${path.padEnd(44)}${kilobytes(bytes).padStart(10)}`;
  const largest = [...later].sort((a, b) => b.bytes - a.bytes);
  return [
    `first load, gzipped: ${kilobytes(sum(first))} of ${kilobytes(FIRST_LOAD_LIMIT)}`,
    ...[...first].sort((a, b) => b.bytes - a.bytes).map(line),
    'after the first pictures:',
    ...soon.map(line),
    `later, as parts are shown: ${kilobytes(sum(later))}`,
    ...largest.slice(0, 6).map(line),
  ].join('\n');
}

/** Throws where the first load is too large, or where some of it was not found: then the count would be of half a page. */
export function checkSizes({ first, isWhole }) {
  if (!isWhole)
    throw new Error('sizes: the first part, its chart, its words, the worker or its later kernels have other names');
  const bytes = sum(first);
  if (bytes < FIRST_LOAD_LIMIT) return;
  throw new Error(
    `sizes: the first load takes ${bytes} bytes gzipped, and may take ${FIRST_LOAD_LIMIT}: load parts later`,
  );
}
