// Makes the documentation's pages of the files of the repository, in .cache/docs: their links lead to pages, files that they
// name are laid beside them, and the Chinese list of pages is written. VitePress builds what comes of it.
// Usage: node scripts/site-docs.mjs [--base /] [--out site/dist]
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { GROUPS } from '../site/docs/pages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'site', 'docs');
const made = join(root, '.cache', 'docs');
const pages = GROUPS.flatMap((group) => group.pages);
const names = new Map(pages.map(({ file, name }) => [file, name]));

/** Where a link of a file leads, from the root of the repository, or null for one that leads elsewhere. */
export function targetOf(file, link) {
  const [path, anchor = ''] = link.split('#');
  if (path === '' || /^[a-z]+:/i.test(path) || path.startsWith('/')) return null;
  return { path: posix.join(posix.dirname(file), path), anchor: anchor === '' ? '' : `#${anchor}` };
}

/**
 * The text of a page with links to pages and files of the site; a link to neither is its text alone. Code is left as it is.
 * `fileAt` is told each file that is named, and says whether it is there.
 */
export function relinked(text, file, pageNames, fileAt) {
  const link = (all, image, label, to) => {
    const target = targetOf(file, to);
    if (target === null) return all;
    const page = pageNames.get(target.path);
    if (page !== undefined) return `[${label}](/${page}${target.anchor})`;
    if (fileAt(target.path)) return `${image}[${label}](/source/${target.path})`;
    return image === '' ? label : '';
  };
  // Fences and code spans are taken whole, so that links within are not touched.
  return text.replace(
    /^(```|~~~)[\s\S]*?^\1|(`+)(?!`)[^\n]*?[^`]\2(?!`)|(!?)\[((?:`[^`]*`|[^\]`])*)\]\(([^)\s]+)\)/gm,
    (all, fence, span, image, label, to) => ((fence ?? span) === undefined ? link(all, image, label, to) : all),
  );
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function checkComplete() {
  const missing = readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .filter((name) => !names.has(`docs/${name}`));
  if (missing.length > 0) throw new Error(`site/docs/pages.mjs has no row for docs/${missing.join(', docs/')}`);
}

/** All pages in their Chinese names, which say that they are in English. */
function chineseList() {
  const parts = GROUPS.map(({ zh, pages: own }) => {
    const rows = own.map((page) => `- [${page.zh}](/${page.name})：${page.en}`);
    return `## ${zh}\n\n${rows.join('\n')}\n`;
  });
  return `# 文档\n\n以下页面的正文均为英文；实验室页面和“实测一篇文章”的内容有中文版。\n\n${parts.join('\n')}`;
}

export function prepare() {
  checkComplete();
  rmSync(made, { recursive: true, force: true });
  const fileAt = (path) => {
    const from = join(root, path);
    if (path.startsWith('..') || !existsSync(from) || !statSync(from).isFile()) return false;
    const to = join(made, 'public', 'source', path);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
    return true;
  };
  for (const { file, name } of pages) {
    write(join(made, `${name}.md`), relinked(readFileSync(join(root, file), 'utf8'), file, names, fileAt));
  }
  for (const name of ['index.md', 'zh/index.md']) write(join(made, name), readFileSync(join(source, name), 'utf8'));
  write(join(made, 'zh', 'pages.md'), chineseList());
}

/** A base begins and ends with a slash. */
export function baseOf(text) {
  if (/^\/(?:[\w.~-]+\/)*$/.test(text)) return text;
  throw new Error(`--base must begin and end with a slash, such as /lab/, got ${JSON.stringify(text)}`);
}

export async function buildDocs(base, out) {
  prepare();
  const { build } = await import('vitepress');
  await build(source, { base: `${baseOf(base)}docs/`, outDir: join(out, 'docs') });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const { values } = parseArgs({ options: { base: { type: 'string' }, out: { type: 'string' } } });
    await buildDocs(values.base ?? '/', resolve(root, values.out ?? 'site/dist'));
  } catch (error) {
    console.error(`docs: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
