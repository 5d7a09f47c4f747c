// Builds the whole site into site/dist: the library, the article's results, the page of the lab, the documentation and the
// reference of the API; then says what the page weighs, and fails where its first load is too large. With --quick only the
// page, from the library and the results that are there.
// Usage: npm run site:build [-- --quick] [--base /], the folder that the site will lie in on its server
import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { baseOf } from './site-docs.mjs';
import { checkSizes, sizesText, weighed } from './site-sizes.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'site', 'dist');
/** Where what takes long is made, to be laid into the site at the end: the page's build empties its folder. */
const aside = join(root, '.cache', 'site');

class BuildError extends Error {}

function node(...args) {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    child.on('error', fail);
    child.on('exit', (code) => (code === 0 ? done() : fail(new BuildError(`${args.join(' ')} failed`))));
  });
}

function flags() {
  try {
    const { values } = parseArgs({ options: { quick: { type: 'boolean' }, base: { type: 'string' } } });
    return { quick: values.quick ?? false, base: baseOf(values.base ?? '/') };
  } catch (error) {
    throw new BuildError(error.message);
  }
}

/** The page alone: its addresses are relative, so that it works in any folder. */
async function buildPage(hasDocs) {
  process.env.VITE_DOCS = hasDocs ? '1' : '';
  const { build } = await import('vite');
  const quiet = { checks: { pluginTimings: false } };
  await build({
    configFile: join(root, 'site', 'vite.config.ts'),
    root: join(root, 'site'),
    logLevel: 'warn',
    worker: { rolldownOptions: quiet },
    // Files that come later may be large; what the first load takes is counted by ourselves.
    build: { chunkSizeWarningLimit: 4000, rolldownOptions: quiet },
  });
}

async function main() {
  const { quick, base } = flags();
  const start = performance.now();
  await node('scripts/build.mjs', ...(quick ? [] : ['lab']));
  if (!quick) {
    await Promise.all([
      node('scripts/site-article.mjs'),
      node('scripts/site-docs.mjs', '--base', base, '--out', aside),
      node('scripts/site-api.mjs', '--out', aside),
    ]);
  }
  await buildPage(!quick);
  const sizes = weighed(output);
  if (!quick) cpSync(aside, output, { recursive: true });
  console.log(sizesText(sizes));
  checkSizes(sizes);
  console.log(`site/dist is built (${((performance.now() - start) / 1000).toFixed(0)} s)`);
}

try {
  await main();
} catch (error) {
  console.error(`site: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
